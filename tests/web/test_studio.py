from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from styfie.web.errors import BusyError
from styfie.web.jobs import FILE, Job, Jobs
from styfie.web.options import Options
from styfie.web.schemas import PaintRequest
from styfie.web.studio import Studio
from tests.web.conftest import FAST, LOOKS


class Cold(Studio):
    """One that loads nothing before it is asked for."""

    async def _warm(self) -> None:
        pass


def running(folder: Path, use: Callable[[Studio], Awaitable[Any]], **options: Any) -> Any:
    """What is done with a studio of this folder, which is stopped then."""

    async def run() -> Any:
        studio = Cold(Options(folder, threads=1, **options))
        await studio.start()
        try:
            return await use(studio)
        finally:
            await studio.stop()

    return asyncio.run(run())


async def until(job: Job, *states: str) -> None:
    for _ in range(6000):
        if job.state in states:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the job is still {job.state}")


@pytest.mark.slow
def test_what_was_under_way_goes_on_after_a_restart(tmp_path: Path, small: bytes) -> None:
    """One is stopped while it is painted, and one while it waits; both end, from what is on disk alone."""
    asked = PaintRequest.model_validate(
        {"looks": LOOKS, "settings": {**FAST, "engine": "optimise", "size": 64, "steps": 12}}
    )

    async def begin(studio: Studio) -> list[str]:
        jobs = [await studio.post(io.BytesIO(small), asked) for _ in range(2)]
        await until(jobs[0], "painting")
        await until(jobs[1], "queued")
        return [job.id for job in jobs]

    async def go_on(studio: Studio) -> None:
        for name in names:
            await until(studio.job(name), "done", "failed")
            assert studio.job(name).state == "done", studio.job(name).error
            assert (studio.jobs.folder / name / "both.png").is_file()

    names = running(tmp_path, begin)
    running(tmp_path, go_on)


def test_no_more_wait_than_may(tmp_path: Path, small: bytes) -> None:
    async def post(studio: Studio) -> None:
        found = await asyncio.gather(*(studio.post(io.BytesIO(small)) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(one, Job) for one in found) == 2
        assert all(isinstance(one, Job | BusyError) for one in found)
        assert len(list(studio.jobs.folder.iterdir())) == 2, "nothing is left of the others"

    running(tmp_path, post, waiting=2)


def kept(jobs: Jobs) -> Job:
    job = jobs.new()
    job.state = "done"
    jobs.keep(job)
    return job


def test_jobs_are_read_back_and_what_is_none_is_left_alone(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    job = kept(jobs)
    job.looks, job.note = {"subject": {"strength": 0.5}}, "é"
    jobs.keep(job)
    begun = jobs.new()
    (tmp_path / "jobs" / "holiday").mkdir()
    (tmp_path / "else").mkdir()
    (tmp_path / "jobs" / ("x" * 22)).symlink_to(tmp_path / "else")
    again = Jobs(tmp_path / "jobs")
    assert list(again) == [job]
    assert not again.path(begun).exists(), "nobody was told of it"
    assert (tmp_path / "jobs" / "holiday").is_dir() and (tmp_path / "else").is_dir()
    (again.path(job) / FILE).write_text('{"id": "../../else"}')
    assert list(Jobs(tmp_path / "jobs")) == []
    assert (tmp_path / "else").is_dir()


def test_ids_cannot_be_guessed_and_folders_are_private(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    found = [jobs.new() for _ in range(100)]
    assert len({job.id for job in found}) == 100 and {len(job.id) for job in found} == {22}
    for folder in (jobs.folder, jobs.path(found[0])):
        assert folder.stat().st_mode & 0o077 == 0


def test_a_full_disk_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(tmp_path / "jobs")
    job = kept(jobs)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    job.note = "later"
    jobs.keep(job)
    assert jobs.get(job.id) is job
