from __future__ import annotations

import json

import pytest

from styfie.web.problems import PROBLEMS
from styfie.web.studio import Studio
from tests.web import hostile
from tests.web.conftest import API, FAST, TestClient, ended, folder_of, post

CODES = {problem.code for problem in PROBLEMS}
pytestmark = pytest.mark.slow


def refused(status: int, text: str, what: object) -> None:
    """A clear refusal: no fault of the server's, one sentence, nothing of the inside."""
    assert 400 <= status < 500, f"{what}: {status} {text}"
    assert json.loads(text)["code"] in CODES and len(json.loads(text)["detail"]) > 10, f"{what}: {text}"
    for secret in ("Traceback", ".py", "/tmp", "site-packages", "jobs/"):
        assert secret not in text, f"{what}: {text}"


def test_files_that_mean_harm(client: TestClient, studio: Studio, small: bytes) -> None:
    before = sorted(studio.jobs.folder.iterdir())
    job = ended(client, post(client, small, settings=FAST))
    for number, (name, data) in enumerate(hostile.files(small, 44)):
        urls = (
            ["/jobs"] if number >= hostile.FIXED else ["/jobs", f"/jobs/{job['id']}/styles", f"/jobs/{job['id']}/again"]
        )
        for url in urls:
            field = "style" if url.endswith("styles") else "photo"
            answer = client.post(f"{API}{url}", files={field: (name, data)})
            refused(answer.status_code, answer.text, (url, name, len(data)))
    left = sorted(studio.jobs.folder.iterdir())
    assert left == sorted([*before, folder_of(studio, job)]), "nothing is kept of them"
    assert not list(folder_of(studio, job).glob("s*-*")), "nor of styles"


def test_requests_that_mean_harm(client: TestClient, studio: Studio, small: bytes) -> None:
    job = ended(client, post(client, small, settings=FAST))
    for method, path, given in hostile.requests(job["id"]):
        answer = client.request(method, f"{API}{path}", **given)  # type: ignore[arg-type]
        refused(answer.status_code, answer.text, (method, path))
    assert ended(client, post(client, small, settings=FAST))["state"] == "ready", "and it lives"
    assert client.get(f"{API}/jobs/{job['id']}").json()["regions"] == job["regions"]
