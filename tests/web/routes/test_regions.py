"""Regions by the interface: what each route asks of the worker, and what it answers with."""

from __future__ import annotations

from typing import Any

import pytest

from styfie.web.jobs import Job
from tests.web.conftest import API, TestClient
from tests.web.stubs import BOTH, StubStudio, photo, region

THREE = [region("subject", 0.3), region("hair", 0.2), region("background")]


def asked(studio: StubStudio) -> tuple[str, tuple[Any, ...]]:
    """What the interactive worker was asked for last, without the job's folder."""
    name, (_folder, *given) = studio.interactive.calls[-1]
    return name, tuple(given)


def test_a_region_is_split_off_with_the_jobs_settings(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers["split"] = THREE
    answer = client.post(f"{API}/jobs/{job.id}/regions", json={"name": "hair"})
    assert [one["name"] for one in answer.json()["regions"]] == ["subject", "hair", "background"]
    name, given = asked(studio)
    assert (name, given[0]) == ("split", "hair") and given[1] == studio.settings(studio.job(job.id))
    assert not studio.job(job.id).corrected, "the mask of the person is as it was found"


def test_points_correct_a_region_and_none_are_refused(client: TestClient, studio: StubStudio, job: Job) -> None:
    url = f"{API}/jobs/{job.id}/regions/subject/points"
    studio.interactive.answers["points"] = BOTH
    assert client.post(url, json={"add": [[0.5, 0.25]], "remove": [[1, 0]]}).status_code == 200
    assert asked(studio) == ("points", ("subject", [(0.5, 0.25)], [(1, 0)]))
    assert studio.job(job.id).corrected
    refused = client.post(url, json={})
    assert refused.status_code == 422 and refused.json()["detail"].startswith("No points came: at least one")
    assert client.post(url, json={"add": [[0.5, 1.5]]}).status_code == 422, "beside the photo"


def test_a_brushed_region_is_laid_over_the_others(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers["brush"] = THREE
    answer = client.put(f"{API}/jobs/{job.id}/mattes/hair.png", content=photo().read())
    assert answer.status_code == 200 and len(answer.json()["regions"]) == 3
    name, (region_name, _file) = asked(studio)
    assert (name, region_name) == ("brush", "hair") and studio.job(job.id).corrected


def test_a_region_that_is_merged_loses_its_look(client: TestClient, studio: StubStudio, job: Job) -> None:
    studio.interactive.answers |= {"split": THREE, "merge": BOTH}
    client.post(f"{API}/jobs/{job.id}/regions", json={"name": "hair"})
    looks = {name: {"styles": [{"name": "ink"}]} for name in ("hair", "background")}
    assert client.put(f"{API}/jobs/{job.id}/looks", json=looks).status_code == 200
    answer = client.delete(f"{API}/jobs/{job.id}/regions/hair").json()
    assert asked(studio) == ("merge", ("hair",))
    assert list(answer["looks"]) == ["background"] and len(answer["regions"]) == 2


@pytest.mark.parametrize(("method", "path"), [("POST", "regions"), ("DELETE", "regions/hair"), ("PUT", "mattes/a.png")])
def test_no_region_changes_while_it_is_painted(
    method: str, path: str, client: TestClient, studio: StubStudio, job: Job
) -> None:
    studio.job(job.id).state = "painting"
    more: dict[str, Any] = {"json": {"name": "hair"}} if method == "POST" else {}
    answer = client.request(method, f"{API}/jobs/{job.id}/{path}", **more)
    assert answer.status_code == 409 and "wait until it is done" in answer.json()["detail"]


def test_who_has_not_seen_the_regions_as_they_are_does_not_change_them(
    client: TestClient, studio: StubStudio, job: Job
) -> None:
    studio.interactive.answers |= {"split": THREE, "merge": BOTH}
    base = f"{API}/jobs/{job.id}"
    seen = {"if-match": client.get(base).headers["etag"]}
    assert client.put(f"{base}/looks", json={}, headers=seen).status_code == 200  # changes no region
    split = client.post(f"{base}/regions", json={"name": "hair"}, headers=seen)
    assert split.status_code == 200 and split.headers["etag"] == client.get(base).headers["etag"]
    calls = len(studio.interactive.calls)
    for method, path in (("DELETE", "regions/hair"), ("PUT", "mattes/hair.png"), ("POST", "undo"), ("POST", "redo")):
        refused = client.request(method, f"{base}/{path}", headers=seen, content=photo().read())
        assert (refused.status_code, refused.json()["code"]) == (412, "stale"), path
    assert len(studio.interactive.calls) == calls
    merged = client.delete(f"{base}/regions/hair", headers={"if-match": split.headers["etag"]})
    assert merged.status_code == 200 and len(merged.json()["regions"]) == 2
