"""What the page blends from, and undoing, by the interface."""

from __future__ import annotations

from styfie.pipeline import PORTRAIT
from styfie.web.jobs import Job
from tests.web.conftest import API, TestClient
from tests.web.stubs import BOTH, StubStudio, region


def test_the_built_in_portrait_is_given_as_it_is(client: TestClient) -> None:
    answer = client.get(f"{API}/portrait.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content == PORTRAIT.read_bytes()


def test_soft_pixels_are_bytes_of_the_worker(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers["soft"] = b"\x01\x00\x00\x00soft"
    answer = client.get(f"{API}/jobs/{job.id}/soft.bin")
    assert (answer.content, answer.headers["content-type"]) == (b"\x01\x00\x00\x00soft", "application/octet-stream")
    assert client.get(f"{API}/jobs/{'0' * len(job.id)}/soft.bin").status_code == 404


def test_a_change_is_taken_back_and_done_again(client: TestClient, studio: StubStudio, job: Job) -> None:
    three = [*BOTH, region("hair")]
    studio.interactive.answers["step"] = lambda _folder, back: BOTH if back else three
    for path, back, count in (("undo", True, 2), ("redo", False, 3)):
        answer = client.post(f"{API}/jobs/{job.id}/{path}")
        assert answer.status_code == 200 and len(answer.json()["regions"]) == count
        assert studio.interactive.calls[-1][1][1] is back
