from __future__ import annotations

from styfie.web.jobs import Job
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio


def test_a_face_is_asked_for_in_the_styles_that_are_said(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers["face_preview"] = b"a face"
    url, version = f"{API}/jobs/{job.id}/face.jpg", studio.job(job.id).version
    answer = client.get(f"{url}?subject=ink&background=waves&size=256")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"a face", "image/jpeg")
    name, (_folder, styles, own, _drawn, size, _device) = studio.interactive.calls[-1]
    assert (name, styles, own, size) == ("face_preview", {"subject": "ink", "background": "waves"}, {}, 256)
    assert client.get(f"{url}?background=waves").status_code == 200
    assert studio.interactive.calls[-1][1][1] == {"background": "waves"}
    assert studio.job(job.id).looks == {} and studio.job(job.id).version == version, "it changes nothing"


def test_a_face_in_no_style_or_one_that_there_is_not_is_refused(client: TestClient, job: Job) -> None:
    url = f"{API}/jobs/{job.id}/face.jpg"
    assert client.get(url).status_code == client.get(f"{url}?subject=nothing").status_code == 422
    assert client.get(f"{url}?subject=ink&size=9999").status_code == 422
