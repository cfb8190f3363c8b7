"""How long jobs are kept: by their use, whatever the time of day is."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from styfie.web.age import LONGEST, RunningClock
from styfie.web.jobs import Job, Jobs
from tests.web.stubs import StubStudio, posted, using


class Monotonic:
    """A clock that is set."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_the_clock_stands_still_while_nothing_runs_and_while_the_computer_sleeps(tmp_path: Path) -> None:
    monotonic = Monotonic()
    clock = RunningClock(tmp_path / "clock.txt", monotonic=monotonic)
    for _ in range(60):
        monotonic.seconds += 60
        clock.tick()
    assert clock.now == 3600
    monotonic.seconds += 4 * 86_400
    assert clock.tick() == 3600 + LONGEST
    clock.keep()
    monotonic.seconds = 5.0  # the computer was started anew
    later = RunningClock(tmp_path / "clock.txt", monotonic=monotonic)
    assert later.now == 3600 + LONGEST
    for damaged in ("", "nan", "-inf", "soon"):
        (tmp_path / "clock.txt").write_text(damaged)
        assert RunningClock(tmp_path / "clock.txt", 50.0, monotonic).now == 50.0, "never before a job's last use"


def kept(jobs: Jobs, used: float, size: int = 0) -> Job:
    job = jobs.new()
    job.state, job.used = "done", used
    (jobs.path(job) / "both.png").write_bytes(bytes(size))
    jobs.keep(job)
    return job


def test_the_long_unused_and_the_surplus_go(tmp_path: Path) -> None:
    jobs, now = Jobs(tmp_path / "jobs"), 10_000.0
    old, first, second, last = (kept(jobs, now - age, 400_000) for age in (7300, 300, 200, 100))
    everything = list(jobs)
    assert jobs.surplus(everything, now, 2.0, 1.0) == [old]
    assert jobs.surplus(everything, now, 3.0, 1.0) == []
    assert jobs.surplus(everything, now, 2.0, 0.001) == [old, first]
    assert jobs.surplus([second, last], now, 2.0, 0.001) == [second, last], "what is busy counts, but stays"
    jobs.remove(old)
    assert not jobs.path(old).exists() and jobs.get(old.id) is None


def test_the_time_of_day_may_leap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(studio: StubStudio) -> None:
        job = await posted(studio)
        for leap in (400, -400):
            moved = time.time() + leap * 86_400
            with monkeypatch.context() as patch:
                patch.setattr(time, "time", lambda moved=moved: moved)
                await studio.sweep()
                assert studio.jobs.get(job.id) is job

    using(tmp_path, use)


def test_what_is_open_stays_and_what_nobody_uses_goes(tmp_path: Path) -> None:
    async def use(studio: StubStudio) -> None:
        monotonic = Monotonic()
        studio.clock = RunningClock(tmp_path / "clock.txt", monotonic=monotonic)
        opened, watched, unused = [await posted(studio) for _ in range(3)]
        watching = studio.watch(watched)
        for _ in range(70):
            for _ in range(3):
                monotonic.seconds += 60
                studio.clock.tick()
            studio.job(opened.id)
            await anext(watching)
            studio._wake(watched)
            await studio.sweep()
        assert [studio.jobs.get(job.id) for job in (opened, watched, unused)] == [opened, watched, None]

    using(tmp_path, use, hours=2.0)
    jobs = Jobs(tmp_path / "jobs")
    assert all(job.used > 7200 for job in jobs) and len(list(jobs)) == 2, "their use is written down"


def test_a_jobs_size_may_be_taken_while_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(tmp_path / "jobs")
    job = kept(jobs, 0.0, 1000)
    (jobs.path(job) / "deep").mkdir()
    (jobs.path(job) / "deep" / "both.png").write_bytes(bytes(500))
    assert 1500 <= jobs.size(job) < 5000
    lstat = Path.lstat

    def going(path: Path) -> object:
        if path.name == "both.png":
            jobs.remove(job)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", going)
    jobs.size(job)
    jobs.size(job)


def test_a_sweep_that_fails_is_not_the_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def use(studio: StubStudio) -> None:
        swept = 0

        async def sweep() -> None:
            nonlocal swept
            swept += 1
            raise FileNotFoundError("went meanwhile")

        studio.supervisor.pause = 0.0
        studio.sweep = sweep  # type: ignore[method-assign]
        studio.supervisor.keep_up(studio._sweep)
        while swept < 3:
            await asyncio.sleep(0.001)
        assert "FileNotFoundError" in caplog.text

    using(tmp_path, use)
