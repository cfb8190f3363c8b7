from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest

from styfie.errors import InputError
from styfie.web.jobs import Job
from styfie.web.routes.jobs import _check_names
from tests.web.conftest import API, TestClient
from tests.web.stubs import BOTH, StubStudio, photo

INK = {"subject": {"styles": [{"name": "ink"}]}}


def posted(client: TestClient, styles: int = 0, **data: str) -> Any:
    files: list[Any] = [("photo", ("me.png", photo()))]
    files += [("style", (f"{number}.png", photo())) for number in range(styles)]
    return client.post(f"{API}/jobs", files=files, data=data)


def test_a_job_is_made_with_as_many_styles_as_a_look_may_have(client: TestClient) -> None:
    answer = posted(client, 8)
    assert answer.status_code == 201 and answer.json()["styles"] == [f"{number}.png" for number in range(8)]
    refused = posted(client, 9)
    assert refused.status_code == 422 and refused.json()["detail"] == "9 styles were sent: at most 8 are taken."


def test_what_is_asked_comes_once(client: TestClient) -> None:
    asked = json.dumps({"looks": INK})
    files = {"photo": ("me.png", photo()), "recipe": ("recipe.json", io.BytesIO(asked.encode()))}
    assert client.post(f"{API}/jobs", files=files, data={"request": asked}).status_code == 422
    files = {"photo": ("me.png", photo()), "recipe": ("recipe.json", io.BytesIO(asked.encode()))}
    assert client.post(f"{API}/jobs", files=files).json()["looks"]["subject"]["styles"][0]["name"] == "ink"


def test_the_first_sketch_is_of_two_styles_that_there_are(client: TestClient, studio: StubStudio) -> None:
    def sketch(folder: str, styles: dict[str, str], *_: Any) -> bool:
        Path(folder, "first.jpg").write_bytes(" before ".join(styles.values()).encode())
        return True

    studio.interactive.answers["first_sketch"] = sketch
    name = posted(client, first="ink,night").json()["id"]
    assert client.get(f"{API}/jobs/{name}/first.jpg").content == b"ink before night"
    plain = posted(client).json()["id"]
    assert client.get(f"{API}/jobs/{plain}/first.jpg").status_code == 204, "of none that nobody asked for"
    for wrong in ("ink", "ink,nowhere", "ink,night,glass", "../ink,night"):
        assert posted(client, first=wrong).status_code == 422


def test_the_first_sketch_is_waited_for_as_long_as_the_photo_is_read(client: TestClient, studio: StubStudio) -> None:
    goes_on = asyncio.Event()

    async def find(*_: Any) -> dict[str, Any]:
        await goes_on.wait()
        return {"regions": BOTH, "note": "", "parts": [], "heads": {}}

    def fail(*_: Any) -> bool:
        raise InputError("It failed.")

    async def sketch(folder: str, *_: Any) -> bool:
        await asyncio.sleep(0.1)
        Path(folder, "first.jpg").write_bytes(b"small")
        return True

    studio.interactive.answers |= {"find": find, "first_sketch": sketch}
    seen = posted(client, first="ink,night").json()
    assert client.get(f"{API}/jobs/{seen['id']}/first.jpg").content == b"small"
    assert client.get(f"{API}/jobs/{seen['id']}").json()["state"] == "reading"
    studio.interactive.answers["first_sketch"] = fail
    assert client.portal
    client.portal.call(goes_on.set)
    broken = posted(client, first="ink,night").json()["id"]
    assert client.get(f"{API}/jobs/{broken}/first.jpg").status_code == 204
    assert client.get(f"{API}/jobs/{broken}").json()["state"] == "ready", "it is no part of the reading"


def test_a_style_that_is_sent_twice_and_named_by_nobody_is_taken() -> None:
    _check_names(["a.png", "a.png"], None)


def test_the_newest_jobs_come_first(client: TestClient, studio: StubStudio) -> None:
    names = [posted(client).json()["id"] for _ in range(3)]
    for age, name in enumerate(reversed(names)):
        studio.job(name).created -= 10 * age
    assert [job["id"] for job in client.get(f"{API}/jobs").json()] == names[::-1]
    assert [job["id"] for job in client.get(f"{API}/jobs?most=2").json()] == names[:0:-1]
    older = [client.get(f"{API}/jobs?most=2&skip={skip}").json() for skip in range(0, len(names) + 2, 2)]
    assert [job["id"] for some in older for job in some] == names[::-1] and older[-1] == []
    assert client.get(f"{API}/jobs?most=0").status_code == client.get(f"{API}/jobs?most=1001").status_code == 422


def test_a_hundred_of_them_if_no_number_is_said(client: TestClient, studio: StubStudio) -> None:
    for _ in range(103):
        job = studio.jobs.new()
        job.state = "ready"
        studio.jobs.keep(job)
    assert len(client.get(f"{API}/jobs").json()) == 100
    assert len(client.get(f"{API}/jobs?most=1000").json()) == 103


def test_each_answer_has_the_status_that_is_described(client: TestClient, studio: StubStudio, job: Job) -> None:
    base = f"{API}/jobs/{job.id}"
    studio.reader.answers["style"] = lambda _file, into, _most: Path(into).write_bytes(photo().getvalue())
    assert client.post(f"{base}/styles", files={"style": ("wall.png", photo())}).status_code == 201
    client.put(f"{base}/looks", json={"subject": {"styles": [{"name": "wall.png", "weight": 2}], "strength": 0.5}})
    again = client.post(f"{base}/again", files={"photo": photo()})
    assert again.status_code == 201 and again.json()["id"] != job.id
    assert again.json()["styles"] == ["wall.png"] and again.json()["looks"]["subject"]["strength"] == 0.5
    assert client.post(f"{base}/paint").status_code == 202
    assert client.delete(base).status_code == 200 and client.get(base).status_code == 404


def test_who_has_seen_a_job_as_it_is_gets_nothing(client: TestClient, job: Job) -> None:
    base = f"{API}/jobs/{job.id}"
    on_event = client.get(base)
    same = client.get(base, headers={"if-none-match": on_event.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", on_event.headers["etag"])
    assert client.get(base, headers={"if-none-match": '"0.0"'}).status_code == 200
    described = client.get(f"{API}/openapi.json").json()["paths"][f"{API}/jobs/{{id}}"]["get"]["responses"]
    assert "304" in described and described.keys() <= {"200", "304"} | {str(code) for code in range(400, 501)} | {"507"}


def test_photo_and_styles_are_shown_at_the_size_that_is_asked(client: TestClient, studio: StubStudio, job: Job) -> None:
    base, folder = f"{API}/jobs/{job.id}", studio.jobs.path(job)
    (folder / "photo.jpg").write_bytes(b"the photo")
    assert client.get(f"{base}/photo.jpg").content == client.get(f"{base}/photo.jpg?size=1024").content == b"the photo"
    assert client.get(f"{base}/photo.jpg?size=1023").content == b"photo.jpg at 1023"
    assert client.get(f"{base}/photo.jpg?size=1025").status_code == 422
    client.post(f"{base}/styles", files={"style": ("wall.png", photo())})
    assert client.get(f"{base}/styles/wall.png.jpg").content == b"style-1.png at 160"
    assert client.get(f"{base}/styles/wall.png.jpg?size=32").content == b"style-1.png at 32"
    assert client.get(f"{base}/styles/other.jpg").status_code == 404


@pytest.mark.parametrize("path", ["preview", "stop", "paint"])
def test_there_is_nothing_of_a_job_that_is_not_there(client: TestClient, path: str) -> None:
    assert client.post(f"{API}/jobs/{'x' * 22}/{path}").status_code == 404
