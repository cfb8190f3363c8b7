from __future__ import annotations

import asyncio
import time

from styfie.web.jobs import Job
from tests.web.conftest import API, TestClient
from tests.web.stubs import BOTH, StubStudio


def paint(client: TestClient, studio: StubStudio, job: Job, style: str) -> list[int]:
    """Paint it in a style; its versions then."""
    folder = studio.jobs.path(job)
    for name in ("painting.ora", "both.png"):
        (folder / f".{name}").write_text(f"{name} in {style}")
        (folder / f".{name}").replace(folder / name)
    client.put(f"{API}/jobs/{job.id}/looks", json={"subject": {"styles": [{"name": style}]}})
    assert client.post(f"{API}/jobs/{job.id}/paint").status_code == 202
    for _ in range(400):
        found = client.get(f"{API}/jobs/{job.id}").json()
        if found["state"] == "done":
            versions: list[int] = found["versions"]
            return versions
        time.sleep(0.01)
    raise AssertionError(found)


def test_each_painting_is_a_version_and_can_be_had_back(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers["regions_of_painting"] = BOTH
    url = f"{API}/jobs/{job.id}/versions"
    assert paint(client, studio, job, "ink") == [1]
    assert paint(client, studio, job, "waves") == [1, 2]
    assert client.get(f"{url}/1.png").content == b"both.png in ink"
    assert client.get(f"{url}/2.png?size=64").content == b"both.png at 64"
    back = client.post(f"{url}/1").json()
    assert back["looks"]["subject"]["styles"][0]["name"] == "ink" and back["painted"] == ["subject"]
    assert back["versions"] == [1, 2] and back["state"] == "done"
    assert (studio.jobs.path(job) / "painting.ora").read_text() == "painting.ora in ink"


def test_a_version_that_there_is_not(client: TestClient, job: Job) -> None:
    url = f"{API}/jobs/{job.id}/versions"
    assert client.get(f"{url}/3.png").status_code == client.post(f"{url}/3").status_code == 404
    assert client.post(f"{url}/0").status_code == 422


def test_nothing_is_put_back_while_it_is_painted(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.painter.answers["run"] = lambda *_: asyncio.sleep(60)
    assert client.post(f"{API}/jobs/{job.id}/paint").status_code == 202
    assert client.post(f"{API}/jobs/{job.id}/versions/1").status_code == 409
