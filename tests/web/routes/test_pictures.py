from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from styfie.regions import Regions
from styfie.web.jobs import Job, ResultRequest
from styfie.web.work.paintings import REGIONS, save, unpainted
from styfie.web.work.results import show_picture
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio

NOBODY: Any = None  # listens to what the worker tells


def test_what_grows_is_the_photo_until_something_is_painted(client: TestClient, studio: StubStudio, job: Job) -> None:
    folder, url = studio.jobs.path(job), f"{API}/jobs/{job.id}/growing.jpg"
    assert client.get(url).status_code == 404, "there is no photo yet, either"
    (folder / "photo.jpg").write_bytes(b"the photo")
    assert client.get(url).content == b"the photo"
    assert client.get(f"{url}?size=40").content == b"photo.jpg at 40"
    (folder / "growing.jpg").write_bytes(b"the painting so far")
    whole = client.get(url)
    assert (whole.content, whole.headers["content-type"]) == (b"the painting so far", "image/jpeg")
    assert client.get(f"{url}?size=768").content == b"the painting so far", "as large as it is kept"
    assert client.get(f"{url}?size=767").content == b"growing.jpg at 767"
    assert client.get(f"{url}?size=769").status_code == client.get(f"{url}?size=31").status_code == 422


def test_a_layer_is_shown_with_the_values_that_are_said_and_no_others(
    client: TestClient, studio: StubStudio, job: Job
) -> None:
    studio.interactive.answers["show_layer"] = b"a layer"
    url = f"{API}/jobs/{job.id}/layers/subject.png"
    queries: dict[str, dict[str, Any]] = {
        "": {},
        "?blur=0": {"blur": 0.0},
        "?color=keep&bokeh=disc": {"color": "keep", "bokeh": "disc"},
    }
    for query, values in queries.items():
        answer = client.get(url + query)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"a layer", "image/png")
        name, (folder, wanted, region, given) = studio.interactive.calls[-1]
        assert (name, folder, region, given) == ("show_layer", str(studio.jobs.path(job)), "subject", values)
        assert wanted == studio.result_request(job)
    assert client.get(f"{url}?blur=100").status_code == 200
    assert client.get(f"{url}?blur=100.5").status_code == client.get(f"{url}?blur=-1").status_code == 422


@pytest.mark.parametrize(("path", "asked"), [("mattes/hair", "matte"), ("pictures/both", "show_picture")])
def test_pictures_are_asked_of_the_quick_worker(
    client: TestClient, studio: StubStudio, job: Job, path: str, asked: str
) -> None:
    studio.interactive.answers[asked] = b"a picture"
    answer = client.get(f"{API}/jobs/{job.id}/{path}.png")
    assert (answer.content, answer.headers["content-type"]) == (b"a picture", "image/png")
    name, given = studio.interactive.calls[-1]
    assert name == asked and given[-1] == path.partition("/")[2]


def test_the_photo_comes_as_it_stands_beside_its_regions(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers["show_picture"] = b"by the worker"
    folder, url = studio.jobs.path(job), f"{API}/jobs/{job.id}/pictures/photo.png"
    assert client.get(url).content == b"by the worker", "there are no regions yet"
    photo = torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    save(unpainted(photo, Regions.of_subject(torch.ones(1, 1, 24, 32))), folder / REGIONS)
    wanted = ResultRequest({}, {}, {"radius": 0.0, "lens": "disc"}, "")
    answer = client.get(url)
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == show_picture(NOBODY, str(folder), wanted, "photo") != b"by the worker"
    (folder / REGIONS).write_bytes(b"damaged")
    assert client.get(url).content == b"by the worker", "which says what is wrong with it"


def test_files_are_named(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers |= {"show_all": b"all", "show_ora": b"a painting"}
    base = f"{API}/jobs/{job.id}"
    pack = client.get(f"{base}/all.zip")
    assert (pack.content, pack.headers["content-type"]) == (b"all", "application/zip")
    assert pack.headers["content-disposition"] == 'attachment; filename="styfie.zip"'
    assert client.get(f"{base}/painting.ora").status_code == 404, "nothing is painted"
    job.painted = ["subject"]
    painting = client.get(f"{base}/painting.ora")
    assert (painting.content, painting.headers["content-type"]) == (b"a painting", "image/openraster")
    assert 'filename="painting.ora"' in painting.headers["content-disposition"]
    recipe = client.get(f"{base}/recipe.json")
    assert json.loads(recipe.content) == {"looks": job.looks, "settings": job.settings}
    assert 'filename="recipe.json"' in recipe.headers["content-disposition"]
