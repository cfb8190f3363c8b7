"""Jobs while a server runs: who may change them, who is told, and how long they are kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from styfie.web.age import RunningClock
from styfie.web.errors import NotFoundError, StaleError
from styfie.web.jobs import BUSY, Job, Jobs
from styfie.web.locking import FolderLock
from styfie.web.messages import message
from styfie.web.options import Options
from styfie.web.watching import ALL, Watchers

LEAP = 1 << 20  # of versions when a server starts: not all of those before were written down


class Keeper:
    """The jobs of a folder, which is this server's alone: their locks, versions and ages."""

    def __init__(self, options: Options) -> None:
        """Raises InputError if another server has the folder."""
        self.options = options
        options.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(options.folder)
        self._lock.take()
        self.jobs = Jobs(options.folder / "jobs")
        self.clock = RunningClock(options.folder / "clock.txt", max((job.used for job in self.jobs), default=0.0))
        for job in self.jobs:
            job.version += LEAP
            job.used = job.used if job.used >= 0 else self.clock.now
        self.watchers = Watchers()
        self._locks: dict[str, asyncio.Lock] = {}
        self._touched: set[str] = set()  # jobs whose use is not yet written down

    def open(self) -> None:
        """Take the folder, if it was let go of."""
        self._lock.take()

    def shut(self) -> None:
        """Write down what is not yet, and let go of the folder."""
        self._write_use()
        self.clock.keep()
        self._lock.release()

    def job(self, name: str) -> Job:
        """The job of that id.

        Raises:
            NotFoundError: there is none.
        """
        if (job := self.jobs.get(name)) is None:
            raise NotFoundError(message("error.no_job"))
        self._use(job)
        return job

    @contextlib.asynccontextmanager
    async def _locked(self, job: Job) -> AsyncIterator[None]:
        """One thing at a time with a job's folder, as long as it is there."""
        async with self._locks.setdefault(job.id, asyncio.Lock()):
            self.job(job.id)
            yield

    def _change_looks(self, job: Job, looks: dict[str, dict[str, Any]]) -> None:
        """Other looks, of a version of their own: who has seen an older one has not seen them."""
        if looks != job.looks:
            job.looks = looks
            self._wake(job)
            job.looks_version = job.version

    def _change_regions(self, job: Job, regions: list[dict[str, Any]]) -> None:
        """Other regions, or others of the same names and sizes, of a version of their own."""
        job.regions = regions
        self._wake(job)
        job.regions_version = job.version

    def _keep(self, job: Job) -> None:
        """Something has changed: it is written down, and who watches is told."""
        if job.version and self.jobs.get(job.id) is not job:
            return  # deleted meanwhile
        self._use(job)
        self._wake(job)
        self.jobs.keep(job)

    @staticmethod
    def _want_seen(job: Job, seen: int | None, changed: int) -> None:
        """Refuse who has `seen` the job in a version before that in which it was `changed`; None: whoever it is.

        Raises:
            StaleError: so it is.
        """
        if seen is not None and not changed <= seen <= job.version:
            raise StaleError(message("error.changed"))

    def _wake(self, job: Job) -> None:
        job.version += 1
        for name in (job.id, ALL):
            self.watchers.wake(name)

    async def watch(self, job: Job) -> AsyncIterator[Job | None]:
        """The job each time that it changes, and None from time to time; ends when it is deleted."""
        seen = -1
        while self.jobs.get(job.id) is job and not self.watchers.closing:
            self._use(job)
            if job.version != seen:
                seen = job.version
                yield job
            elif not await self.watchers.wait(job.id):
                yield None

    async def watch_all(self) -> AsyncIterator[str | None]:
        """The id of each job when it comes, changes or goes, and None from time to time."""
        seen = {job.id: job.version for job in self.jobs}
        while not self.watchers.closing:
            now = {job.id: job.version for job in self.jobs}
            changed = [name for name in seen | now if seen.get(name) != now.get(name)]
            seen = now
            for name in changed:
                yield name
            if not changed and not await self.watchers.wait(ALL):
                yield None

    def is_deleted(self, job: Job) -> bool:
        """Whether it is there no more."""
        return self.jobs.get(job.id) is not job

    def _use(self, job: Job) -> None:
        job.used = self.clock.now
        self._touched.add(job.id)

    def _write_use(self) -> None:
        """Write down which jobs were used."""
        for name in self._touched:
            if (job := self.jobs.get(name)) is not None:
                self.jobs.keep(job)
        self._touched.clear()

    def surplus(self) -> list[Job]:
        """Jobs that nobody uses for too long, and the longest unused of those that take too much."""
        idle = [job for job in self.jobs if job.state not in BUSY]
        return self.jobs.surplus(idle, self.clock.now, self.options.hours, self.options.gigabytes)

    def tick(self) -> float:
        """What the clock shows, from where it goes on; which jobs were used until then is written down."""
        now = self.clock.tick()
        self._write_use()
        return now
