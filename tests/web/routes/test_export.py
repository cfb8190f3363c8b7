from __future__ import annotations

from urllib.parse import unquote

import pytest

from styfie.web.jobs import Job
from styfie.web.messages import message
from styfie.web.routes.common import attached, stem_of
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio


def test_files_are_called_after_the_photo(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers["export"] = ("jpg", b"a picture")
    answer = client.get(f"{API}/jobs/{job.id}/export?names=mask&kind=jpeg&quality=80")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"a picture", "image/jpeg")
    assert 'filename="me - mask.jpg"' in answer.headers["content-disposition"]
    name, (_folder, _wanted, files, kind, quality) = studio.interactive.calls[-1]
    assert (name, files, kind, quality) == ("export", {"mask": "me - mask"}, "jpeg", 80)
    studio.interactive.answers["export"] = ("zip", b"several")
    several = client.get(f"{API}/jobs/{job.id}/export?names=mask&names=cutout")
    assert several.headers["content-type"] == "application/zip"
    assert 'filename="me.zip"' in several.headers["content-disposition"]


def test_what_there_is_not_is_not_exported(client: TestClient, job: Job) -> None:
    url = f"{API}/jobs/{job.id}/export"
    for query in ("", "?names=nothing", "?names=both", "?names=mask&kind=gif", "?names=mask&quality=0"):
        assert client.get(url + query).status_code == 422, query


@pytest.mark.parametrize(
    ("name", "stem"),
    [("IMG_1.JPG", "IMG_1"), ("", "styfie"), ("...jpg", "styfie"), ("a.b.heic", "a.b"), ("Zoë & Max.png", "Zoë & Max")],
)
def test_the_stem_of_a_name(name: str, stem: str) -> None:
    assert stem_of(Job("x", name=name)) == stem


@pytest.mark.parametrize("name", ["Zoë.jpg", 'a"b\\c.jpg', "a\r\nb: c.jpg", "写真.jpg"])
def test_any_name_can_be_said_in_a_header(name: str) -> None:
    (text,) = attached(name).values()
    assert text.isascii() and "\r" not in text and "\n" not in text
    assert unquote(text.rpartition("''")[2]) == name
    assert text.count('"') == 2


def test_what_sizes_cost_is_asked_with_the_settings_that_are_said(
    client: TestClient, studio: StubStudio, job: Job
) -> None:
    studio.interactive.answers["costs"] = [{"size": 2048, "seconds": 61.5, "gigabytes": 2.2, "error": ""}]
    asked = {"sizes": [2048], "settings": {"quality": "fine"}}
    answer = client.post(f"{API}/jobs/{job.id}/costs", json=asked)
    assert answer.json() == studio.interactive.answers["costs"]
    name, (*_, settings, sizes) = studio.interactive.calls[-1]
    assert (name, settings["quality"], settings["size"], sizes) == ("costs", "fine", job.settings["size"], [2048])
    studio.interactive.answers["costs"][0]["error"] = (
        "64x64 pixels need 9.0 GB and 8.0 GB are allowed: raise --max-memory or lower --size."
    )
    said = client.post(f"{API}/jobs/{job.id}/costs", json=asked).json()[0]["error"]
    assert said == message("library.memory", width=64, height=64, need="9.0", most="8.0"), "in the page's words"
    assert client.post(f"{API}/jobs/{job.id}/costs", json={"sizes": []}).status_code == 422
