from __future__ import annotations

import time

import pytest

from styfie.errors import InputError
from styfie.web.jobs import Job
from styfie.web.routes.common import _seen, job_response
from tests.web.conftest import API, TestClient
from tests.web.stubs import BOTH, StubStudio, region


def test_the_version_that_was_seen_is_read_from_a_tag_or_a_number() -> None:
    assert _seen(None) is None and _seen("*") is None and _seen(" * ") is None
    for text in ("12", ' "12" ', '"12.3"', 'W/"12.0"', "12.9"):
        assert _seen(text) == 12, text
    for text in ("", "soon", "-1", '"x.12"', "١٢", "1e3"):
        with pytest.raises(InputError, match="a version of the job"):
            _seen(text)


def test_a_job_is_answered_by_its_age(studio: StubStudio, client: TestClient, job: Job) -> None:
    """In seconds: the clocks of two computers may differ."""
    job.created = time.time() - 90
    assert 90 <= job_response(studio, job).created < 120
    job.created = time.time() + 1000  # the clock was put back
    assert job_response(studio, job).created == 0


def test_the_mattes_of_more_than_two_regions_are_pictures_of_their_own(
    studio: StubStudio, client: TestClient, job: Job
) -> None:
    job.regions = BOTH
    assert job_response(studio, job).pictures == ["photo", "mask", "cutout", "blur"]
    job.regions = [*BOTH, region("hair")]
    assert job_response(studio, job).pictures[4:] == ["mask-subject", "mask-background", "mask-hair"]
    job.previews = 1
    assert job_response(studio, job).pictures[7:] == ["subject", "background", "both", "sheet"]
    job.regions = []
    assert job_response(studio, job).pictures == ["subject", "background", "both", "sheet"]


def test_how_often_it_can_be_undone_is_counted(studio: StubStudio, client: TestClient, job: Job) -> None:
    folder = studio.jobs.path(job)
    for name in ("before-1", "before-2", "after-1", "after-2", "after-10"):
        (folder / f"{name}.ora").touch()
    found = client.get(f"{API}/jobs/{job.id}").json()
    assert (found["undo"], found["redo"], found["queue"], found["progress"]) == (2, 3, 0, None)


def test_pictures_are_described_as_such(client: TestClient) -> None:
    paths = client.get(f"{API}/openapi.json").json()["paths"]
    described = paths[f"{API}/jobs/{{id}}/pictures/{{name}}.png"]["get"]["responses"]
    assert "image/png" in described["200"]["content"]
