"""Jobs in their folder, without a server."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from styfie.web.jobs import BEFORE, COMING, FILE, Job, Jobs, region_states


def stored(jobs: Jobs, used: float = 0.0, size: int = 0) -> Job:
    """A job that is kept, and takes so many bytes."""
    job = jobs.new()
    job.state, job.used = "done", used
    (jobs.path(job) / "photo.jpg").write_bytes(bytes(size))
    jobs.keep(job)
    return job


def test_a_new_job_is_private_and_none_until_it_is_kept(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "a" / "jobs")
    job = jobs.new()
    assert jobs.path(job) == tmp_path / "a" / "jobs" / job.id
    for folder in (jobs.folder, jobs.path(job)):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (jobs.path(job) / COMING).exists() and jobs.get(job.id) is None and list(jobs) == []
    assert job.used == -1 and abs(job.created - time.time()) < 60
    jobs.keep(job)
    assert jobs.get(job.id) is job and sorted(file.name for file in jobs.path(job).iterdir()) == [FILE]
    assert (job.state, job.version, job.looks_version, job.previews, job.width, job.height) == (
        "reading",
        0,
        0,
        0,
        0,
        0,
    )


def test_the_newest_comes_first(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    found = [stored(jobs) for _ in range(4)]
    for job, created in zip(found, (30.0, 10.0, 40.0, 20.0), strict=True):
        job.created = created
    assert [job.created for job in jobs] == [40, 30, 20, 10]


def test_a_job_is_as_large_as_its_files(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    job = stored(jobs, size=1000)
    (jobs.path(job) / "deep").mkdir()
    (jobs.path(job) / "deep" / "more").write_bytes(bytes(500))
    assert jobs.size(job) == 1500 + (jobs.path(job) / FILE).stat().st_size
    jobs.remove(job)
    assert jobs.size(job) == 0 and jobs.get(job.id) is None and not jobs.path(job).exists()


def test_what_was_not_used_for_so_many_hours_goes(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    old, other, fresh = (stored(jobs, used) for used in (0.0, 100.0, 101.0))
    assert jobs.surplus([fresh, old, other], 7300.0, 2.0, 1.0) == [old], "more than two hours, not just two"
    assert jobs.surplus([fresh, old, other], 7300.5, 2.0, 1.0) == [old, other]
    assert jobs.surplus([fresh, old, other], 7199.0, 2.0, 1.0) == []
    assert jobs.surplus([fresh, other], 10_000.0, 2.0, 1.0) == [other, fresh], "only those that are asked about"


def test_of_too_much_the_longest_unused_go_first(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    found = [stored(jobs, used, 10_000) for used in (30.0, 10.0, 20.0)]
    thirty, ten, twenty = found
    sizes = {job.id: jobs.size(job) for job in found}
    all_ = sum(sizes.values())

    def surplus(size: float, now: float = 40.0, hours: float = 1.0) -> list[Job]:
        return jobs.surplus(found, now, hours, (size + 0.5) / 1e9)  # whatever the quotient is rounded to

    assert surplus(all_) == [] and surplus(all_ - 1) == [ten]
    assert surplus(all_ - sizes[ten.id]) == [ten] and surplus(all_ - sizes[ten.id] - 1) == [ten, twenty]
    assert surplus(0) == [ten, twenty, thirty]
    assert surplus(all_ - sizes[ten.id], now=3615.0) == [ten], "what has gone by its age is not counted"
    assert surplus(all_ - sizes[ten.id] - 1, now=3615.0) == [ten, twenty]


def test_states_of_regions_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("before-10.ora", "before-9.ora", "before-1.ora", "after-2.ora", "before-2.png"):
        (tmp_path / name).touch()
    assert [file.name for file in region_states(tmp_path, BEFORE)] == ["before-1.ora", "before-9.ora", "before-10.ora"]


@pytest.mark.parametrize(
    ("change", "fresh"),
    [
        ({}, True),
        ({"strength": 0.2, "color": "keep", "blur": 3.0, "bokeh": "disc"}, True),
        ({"styles": [{"name": "waves", "weight": 1.0}]}, False),
        ({"stroke": 2.0}, False),
        ({"content": 0.1}, False),
        ({"likeness": 0.1}, False),
        ({"brush": "oil"}, False),
    ],
)
def test_a_layer_is_still_of_what_is_asked_if_only_its_blending_changes(change: dict[str, object], fresh: bool) -> None:
    look = {"styles": [{"name": "ink", "weight": 1.0}], "strength": 1.0}
    job = Job("x", painted=["subject"], painted_looks={"subject": look}, looks={"subject": look | change})
    job.sketched_looks = {"subject": look, "background": look}
    assert job.fresh == (["subject"] if fresh else []) and job.sketched == (["subject"] if fresh else [])
    job.looks = {}
    assert job.fresh == job.sketched == []


def test_a_folder_that_is_still_coming_goes_when_a_server_starts_and_no_other(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    coming, known, odd = jobs.new(), stored(jobs), jobs.new()
    (jobs.path(known) / COMING).touch()
    (jobs.path(odd) / COMING).unlink()
    (jobs.path(odd) / FILE).write_bytes(b"\xff\xfe")
    again = Jobs(tmp_path)
    assert [job.id for job in again] == [known.id]
    assert not jobs.path(coming).exists() and jobs.path(odd).exists()
    (note,) = again.notes
    assert odd.id in note and "is no text" in note
    (jobs.path(odd) / FILE).write_text((jobs.path(known) / FILE).read_text())
    (note,) = Jobs(tmp_path).notes
    assert "is of another job" in note
    (jobs.path(odd) / FILE).unlink()
    (note,) = Jobs(tmp_path).notes
    assert "cannot be read" in note
    (jobs.path(odd) / FILE).write_text('{"id": "' + odd.id + '", "width": "wide"}')
    (note,) = Jobs(tmp_path).notes
    assert "its width cannot be understood" in note
