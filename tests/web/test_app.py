"""What the application says of faults, and how it tags jobs; its studio paints nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from styfie.web.app import make_app
from styfie.web.options import Options
from tests.web.stubs import StubStudio, photo

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that a successor of httpx is wanted
    from starlette.testclient import TestClient

API = "/api/v1"
INK = {"subject": {"styles": [{"name": "ink"}]}}


@pytest.fixture
def studio(tmp_path: Path) -> StubStudio:
    return StubStudio(Options(tmp_path))


@pytest.fixture
def client(studio: StubStudio) -> Iterator[TestClient]:
    with TestClient(make_app(studio), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


def post(client: TestClient) -> str:
    """The id of a job that is ready."""
    job = client.post(f"{API}/jobs", files={"photo": ("me.png", photo())}).json()
    while job["state"] == "reading":
        job = client.get(f"{API}/jobs/{job['id']}").json()
    found: str = job["id"]
    return found


def test_a_full_disk_is_said_to_be_full(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for where in ("styfie.web.uploads.shutil.copyfileobj", "starlette.formparsers.MultiPartParser.parse"):
        with monkeypatch.context() as patch:
            patch.setattr(where, full)
            answer = client.post(f"{API}/jobs", files={"photo": ("me.png", photo())})
        assert answer.status_code == 507 and "full" in answer.json()["detail"], where


def test_a_fault_is_in_the_log_and_not_in_the_answer(
    client: TestClient, studio: StubStudio, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    name = post(client)
    studio.interactive.answers["preview"] = fault
    answer = client.post(f"{API}/jobs/{name}/preview")
    assert answer.status_code == 500 and "own fault" in answer.json()["detail"] and "secret" not in answer.text
    assert "ZeroDivisionError: a secret" in caplog.text and "Traceback" in caplog.text


def test_looks_with_the_version_that_was_seen(client: TestClient) -> None:
    base = f"{API}/jobs/{post(client)}"
    seen = client.get(base)
    assert seen.headers["etag"] == f'"{seen.json()["version"]}.0"'
    mine, other = INK, {"subject": {"styles": [{"name": "waves"}]}}
    assert client.put(f"{base}/looks", json=mine, headers={"if-match": seen.headers["etag"]}).status_code == 200
    stale = {"if-match": str(seen.json()["version"])}
    refused = client.put(f"{base}/looks", json=other, headers=stale)
    assert refused.status_code == 412 and refused.json()["code"] == "stale"
    assert client.get(base).json()["looks"]["subject"]["styles"][0]["name"] == "ink"
    assert client.put(f"{base}/looks", json=other, headers={"if-match": "soon"}).status_code == 422
    for any_version in ({"if-match": "*"}, {}):
        assert client.put(f"{base}/looks", json=other, headers=any_version).status_code == 200


def test_what_is_made_says_where_it_is(client: TestClient, studio: StubStudio) -> None:
    def made(path: str, **given: Any) -> str:
        answer = client.post(path, **given)
        assert answer.status_code == 201, answer.text
        return urljoin(path, str(answer.headers["location"]))

    name = post(client)
    job = made(f"{API}/jobs", files={"photo": ("me.png", photo())})
    again = made(f"{API}/jobs/{name}/again", files={"photo": ("me.png", photo())})
    assert job != again and {client.get(one).json()["id"] for one in (job, again)} == {
        one.rpartition("/")[2] for one in (job, again)
    }
    studio.reader.answers["thumbnail"] = b"a picture"
    style = made(f"{API}/jobs/{name}/styles", files={"style": ("a wall/50%.png", photo())})
    assert client.get(style).content == b"a picture"
    client.put(f"{API}/jobs/{name}/looks", json=INK)
    preset = made(f"{API}/presets", json={"job": name, "name": "Evening"})
    look = client.get(preset)
    assert look.json()["name"] == "Evening"
    assert client.get(preset, headers={"if-none-match": look.headers["etag"]}).status_code == 304
    base = preset.removesuffix("/look.json")
    assert client.delete(base, headers={"if-match": '"other"'}).json()["code"] == "stale"
    assert client.delete(base, headers={"if-match": look.headers["etag"]}).status_code == 200


def test_what_cannot_be_asked_so_says_how_it_can(client: TestClient) -> None:
    ways = {
        f"TRACE {API}/about": "GET",
        f"PUT {API}/jobs": "GET, POST",
        f"OPTIONS {API}/jobs/x": "DELETE, GET",
        f"POST {API}/jobs/x/mattes/hair.png": "GET, PUT",
        f"PUT {API}/jobs/x/versions/1.png": "GET",
        "POST /health": "GET",
    }
    for way, allowed in ways.items():
        refused = client.request(*way.split())
        assert (refused.status_code, refused.json()["code"]) == (405, "method"), way
        assert refused.headers["allow"] == allowed, way
    assert client.get(f"{API}/nothing").json()["code"] == client.get(f"{API}/jobs/").json()["code"] == "not-found"
    assert client.post("/page.css").status_code == 405 and client.get("/page.css").status_code == 200


def test_nothing_is_sent_twice(client: TestClient) -> None:
    base = f"{API}/jobs/{post(client)}"
    tag = client.get(base).headers["etag"]
    same = client.get(base, headers={"if-none-match": tag})
    assert same.status_code == 304 and not same.content
    client.put(f"{base}/looks", json=INK)
    assert client.get(base, headers={"if-none-match": tag}).status_code == 200


def test_the_styles_of_a_job_can_be_seen(client: TestClient, studio: StubStudio) -> None:
    base = f"{API}/jobs/{post(client)}"
    studio.reader.answers["thumbnail"] = b"a picture"
    name = client.post(f"{base}/styles", files={"style": ("wall 50%.png", photo())}).json()["name"]
    assert client.get(base).json()["styles"] == [name]
    assert client.get(f"{base}/styles/{name.replace('%', '%25')}.jpg").content == b"a picture"
    assert client.get(f"{base}/styles/other.jpg").status_code == 404


def test_settings_can_be_set_before_painting(client: TestClient) -> None:
    base = f"{API}/jobs/{post(client)}"
    assert client.patch(f"{base}/settings", json={"size": 5}).status_code == 422
    assert client.patch(f"{base}/settings", json={"size": 2048}).json()["settings"]["size"] == 2048
    client.put(f"{base}/looks", json=INK)
    painted = client.post(f"{base}/paint", json={"steps": 12}).json()["settings"]
    assert (painted["size"], painted["steps"]) == (2048, 12)
