"""Jobs, the workers, and what happens to a job: read, painted, stopped, kept, gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from styfie.errors import InputError, StyfieError
from styfie.gallery import GALLERY, PAIRS
from styfie.web.asked import Asked, LookAsked, SettingsAsked, StyleAsked, plain
from styfie.web.cameras import Cameras
from styfie.web.intake import Intake
from styfie.web.jobs import BUSY, Job, Jobs, Wanted
from styfie.web.options import Options
from styfie.web.refusals import BusyError, ConflictError, DroppedError, GoneError, WorkerDiedError
from styfie.web.workers import Worker

READING = 3 << 30  # bytes that the process which decodes may take
QUICK = 300.0  # seconds that what is answered at once may take, however busy the computer is
HEARTBEAT = 15.0  # seconds
SWEEP = 60.0  # seconds between looking for what is too old
DIED = "The process that painted it ended in the middle: ask to paint it once more, and it goes on from there."


class Studio:
    """The server's whole state: what it does is done by workers, so that nothing waits for it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.jobs = Jobs(options.folder / "jobs")
        self.drawn = options.folder / "styles"
        self.drawn.mkdir(exist_ok=True)
        self.device = ""
        self.closing = False
        self._coming = 0  # photos that are being received
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed: dict[str, asyncio.Event] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    # ---- life

    async def start(self) -> None:
        """Start the workers, and go on with what was under way."""
        self._hire()
        self.cameras = Cameras(self.quick)
        self.intake = Intake(self.jobs, self.reader, self.options.most_pixels)
        for worker in (self.reader, self.quick, self.painter):
            worker.start()
        self._begin(self._warm())
        self._begin(self._sweep())
        for job in reversed(list(self.jobs)):
            if job.state == "reading":
                self._begin(self._read(job))
            elif job.state in ("queued", "painting"):
                self._queue(job)

    def _hire(self) -> None:
        threads = self.options.threads
        self.reader = Worker("styfie.web.work.reading", 1, memory=READING)
        self.quick = Worker("styfie.web.work.quick", threads)
        self.painter = Worker("styfie.web.work.painter", threads, nice=5, recycle=50)

    def close(self) -> None:
        """Let go of everybody who watches."""
        self.closing = True
        for event in self._changed.values():
            event.set()

    async def stop(self) -> None:
        """End the workers; what is under way is gone on with when the server starts again."""
        self.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in (self.reader, self.quick, self.painter)))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _warm(self) -> None:
        with contextlib.suppress(StyfieError):
            self.device = (await self.quick.call("warm"))["device"]
            await self.quick.call("warm_fast")
        for name in GALLERY:
            with contextlib.suppress(StyfieError):
                await self.style_file(name)

    # ---- jobs

    def job(self, name: str) -> Job:
        """The job of that id.

        Raises:
            GoneError: there is none.
        """
        if (job := self.jobs.get(name)) is None:
            raise GoneError("There is no such job, or it was deleted.")
        return job

    async def post(
        self,
        photo: BinaryIO,
        asked: Asked | None = None,
        styles: Mapping[str, BinaryIO] | None = None,
        recipe: BinaryIO | None = None,
    ) -> Job:
        """A new job from a photo; with looks it goes on to being painted.

        Raises:
            BusyError: too many photos wait already.
            InputError: no photo that can be used, or styles that are not known.
        """
        if self._coming + sum(job.state == "reading" for job in self.jobs) >= self.options.waiting:
            raise BusyError(f"{self.options.waiting} photos are waiting to be looked at: send this one in a while.")
        job = self.jobs.new()
        self._coming += 1
        try:
            await self._receive(job, photo, asked, styles or {}, recipe)
        except BaseException:
            self.jobs.remove(job)
            raise
        finally:
            self._coming -= 1
        self._keep(job)
        self._begin(self._read(job))
        return job

    async def _receive(
        self, job: Job, photo: BinaryIO, asked: Asked | None, styles: Mapping[str, BinaryIO], recipe: BinaryIO | None
    ) -> None:
        await self.intake.take_photo(job, photo)
        for name, style in styles.items():
            await self.intake.take_style(job, name, style)
        if recipe is not None:
            asked = await self.intake.take_recipe(job, recipe)
        asked = asked or Asked()
        self._check_size(asked.settings)
        self._check_styles(job, asked.looks)
        job.settings, job.looks = asked.settings.model_dump(), plain(asked.looks)
        job.then_paint = any(look.styles for look in asked.looks.values())

    async def _read(self, job: Job) -> None:
        """Find the person, then paint if that is asked for already."""
        try:
            given = (str(self.jobs.path(job)), job.upload, self.settings(job), list(job.looks))
            found = await self._quickly("find", *given, owner=job.id)
            job.regions, job.note, job.state = found["regions"], found["note"], "ready"
            job.parts = found["parts"]
            self._without_lost(job)
            if job.then_paint and not job.note:
                self._style(job)
                self._queue(job)
        except DroppedError:
            return
        except StyfieError as error:
            job.state, job.error = "failed", str(error)
        self._keep(job)

    async def _quickly(self, name: str, *given: Any, owner: str) -> Any:
        return await self.quick.call(name, *given, owner=owner, seconds=QUICK, again=True)

    def settings(self, job: Job) -> dict[str, Any]:
        """A job's settings for the library, with the size that it is painted at."""
        settings: dict[str, Any] = asdict(SettingsAsked(**job.settings).settings())
        if settings["size"] == 0:
            settings["size"] = min(self.options.longest, max(job.width, job.height))
        return settings

    def _check_size(self, settings: SettingsAsked) -> None:
        settings.settings()  # says what the library does not take
        if settings.size > self.options.longest:
            raise InputError(f"size is {settings.size}: at most {self.options.longest} pixels are painted here.")

    def _check_styles(self, job: Job, looks: Mapping[str, LookAsked]) -> None:
        for region, look in looks.items():
            for style in look.styles:
                if style.name not in GALLERY and style.name not in job.styles:
                    raise InputError(
                        f"The style {style.name!r} of {region} is not known: send its picture, or name one of "
                        f"{', '.join(GALLERY)}."
                    )

    async def delete(self, job: Job) -> None:
        """Everything of a job goes, also what is under way."""
        self.jobs.forget(job)
        self._wake(job)
        await self.quick.leave(job.id)
        await self.painter.leave(job.id, kill=True)
        async with self._locks.setdefault(job.id, asyncio.Lock()):
            await asyncio.to_thread(self.jobs.remove, job)
        self._locks.pop(job.id, None)

    # ---- styles

    async def style_file(self, name: str) -> Path:
        """A style of the gallery as a picture file, drawn when it is first asked for."""
        if name not in GALLERY:
            raise GoneError("There is no such style in the gallery.")
        file = self.drawn / f"{name}.png"
        if not file.is_file():
            await self.reader.call("gallery", name, str(self.drawn), again=True)
        return file

    async def small(self, file: Path, size: int) -> bytes:
        """A picture file of the server's own as JPEG, at most so many pixels."""
        found: bytes = await self.reader.call("thumbnail", str(file), size, again=True)
        return found

    async def add_style(self, job: Job, name: str, style: BinaryIO) -> str:
        """A style picture of the user's own, for this job; what it is called here."""
        async with self._held(job):
            found = await self.intake.take_style(job, name, style)
            self._keep(job)
        return found

    # ---- regions

    async def change_regions(self, job: Job, name: str, *given: Any, corrects: bool) -> None:
        """Have the quick worker change a job's regions."""
        async with self._held(job):
            self._want_regions(job)
            job.regions = await self._quickly(name, str(self.jobs.path(job)), *given, owner=job.id)
            job.corrected = job.corrected or corrects
            self._without_lost(job)
            self._keep(job)

    async def brush(self, job: Job, name: str, mask: BinaryIO) -> None:
        """A region as it was brushed."""
        async with self._held(job):
            self._want_regions(job)
            async with self.intake.mask(job, mask) as file:
                given = (str(self.jobs.path(job)), name, str(file))
                job.regions = await self._quickly("brush", *given, owner=job.id)
            job.corrected, job.note = True, ""
            self._keep(job)

    def _without_lost(self, job: Job) -> None:
        """No looks for regions that are not there."""
        names = {region["name"] for region in job.regions}
        job.looks = {region: look for region, look in job.looks.items() if region in names}

    def _want_regions(self, job: Job) -> None:
        if job.state in BUSY:
            raise ConflictError(f"The job is {job.state}: wait until it is done, or stop it.")
        if not job.regions:
            raise ConflictError(f"The photo of this job could not be used. {job.error}")

    # ---- painting

    def ask(self, job: Job, looks: Mapping[str, LookAsked]) -> None:
        """What is asked of the regions, from now on."""
        self._check_styles(job, looks)
        known = [region["name"] for region in job.regions]
        if known and (lost := [name for name in looks if name not in known]):
            raise InputError(f"There is no region {lost[0]!r}: known are {', '.join(known)}.")
        job.looks = plain(looks)
        self._keep(job)

    async def preview(self, job: Job) -> list[str]:
        """Paint with the fast engine at once; the names of the painted regions."""
        async with self._held(job):
            if not job.regions:
                self._want_regions(job)
            self._style(job)
            given = (str(self.jobs.path(job)), job.looks, job.styles, self.settings(job), str(self.drawn))
            painted: list[str] = await self._quickly("preview", *given, owner=job.id)
            job.previews += 1
            self._keep(job)
        return painted

    def set_up(self, job: Job, settings: SettingsAsked) -> None:
        """What is asked of its next run; what is not said stays as it is.

        Raises:
            ConflictError: it is under way.
        """
        if job.state in ("queued", "painting"):
            raise ConflictError(f"The job is {job.state}: wait until it is done, or stop it.")
        job.settings = self._joined(job, settings).model_dump()
        self._keep(job)

    def _joined(self, job: Job, settings: SettingsAsked | None) -> SettingsAsked:
        """A job's settings with those that are said now."""
        said = settings.model_dump(exclude_unset=True) if settings else {}
        joined = SettingsAsked(**job.settings | said)
        self._check_size(joined)
        return joined

    async def paint(self, job: Job, settings: SettingsAsked | None = None) -> None:
        """Queue a job to be painted as it is when all that was asked before is done, brushed masks above all.

        One whose photo could not be looked at is looked at once more. Settings that are not said are those it has.

        Raises:
            ConflictError: it is under way already, or has no regions.
            BusyError: too many paintings wait already.
        """
        async with self._held(job):
            asked = self._joined(job, settings).model_dump()
            if job.state == "failed" and not job.regions:  # it was never read: its worker died, or took too long
                job.settings, job.state, job.error, job.then_paint = asked, "reading", "", True
                self._begin(self._read(job))
                self._keep(job)
                return
            self._want_regions(job)
            self._style(job)
            if sum(other.state == "queued" for other in self.jobs) >= self.options.waiting:
                raise BusyError(f"{self.options.waiting} paintings are waiting: ask again in a while.")
            job.settings = asked
            self._queue(job)
            self._keep(job)

    def _style(self, job: Job) -> None:
        """Where nothing at all is asked, the gallery's first pair, as the library does.

        Raises:
            InputError: only what needs no painting is asked.
        """
        if any(look.get("styles") for look in job.looks.values()):
            return
        if any(look.get("blur") for look in job.looks.values()):
            raise InputError("Only blur is asked, which is there without painting: choose a style for a region.")
        names = [region["name"] for region in job.regions]
        for name, style in zip(("subject", "background"), PAIRS[0], strict=True):
            if name in names:
                look = LookAsked(**job.looks.get(name, {}))
                job.looks[name] = look.model_copy(update={"styles": [StyleAsked(name=style)]}).model_dump()

    def _queue(self, job: Job) -> None:
        job.state, job.error, job.progress = "queued", "", {}
        self._begin(self._paint(job))

    async def _paint(self, job: Job) -> None:
        def told(progress: dict[str, Any]) -> None:
            if job.state in ("queued", "painting"):
                job.state, job.progress = "painting", progress
                self._wake(job)

        looks = job.looks
        given = (str(self.jobs.path(job)), job.upload, looks, job.styles, self.settings(job), job.corrected)
        try:
            found = await self.painter.call("run", *given, owner=job.id, seconds=None, told=told)
        except DroppedError:
            return
        except WorkerDiedError:
            job.state, job.error = "failed", DIED
        except StyfieError as error:
            job.state, job.error = "failed", str(error)
        else:
            job.state, job.painted = "done" if found["finished"] else "stopped", found["painted"]
            job.painted_looks, job.regions = looks, found["regions"]
        self._keep(job)

    async def end_painting(self, job: Job) -> None:
        """Stop: what is painted is kept; what only waited is as before."""
        if self.painter.current and self.painter.current.owner == job.id:
            self.painter.tell("stop")
        elif job.state in ("queued", "painting"):
            await self.painter.leave(job.id)
            job.state = "stopped" if job.painted else "ready"
            self._keep(job)
        else:
            raise ConflictError(f"The job is {job.state}: only what is being painted can be stopped.")

    def wanted(self, job: Job) -> Wanted:
        """What is asked of a job, for what shows it."""
        return Wanted(job.looks, job.styles, self.settings(job), str(self.drawn), tuple(job.fresh))

    async def ask_quick(self, job: Job, name: str, *given: Any) -> Any:
        """Ask the quick worker for something of a job's folder."""
        async with self._held(job):
            return await self._quickly(name, str(self.jobs.path(job)), *given, owner=job.id)

    # ---- changes

    def queue_of(self, job: Job) -> int:
        """Its place among the paintings that wait, from 1; 0 if it does not."""
        waiting = [task.owner for task in self.painter.waiting] if job.state == "queued" else []
        return waiting.index(job.id) + 1 if job.id in waiting else 0

    @contextlib.asynccontextmanager
    async def _held(self, job: Job) -> AsyncIterator[None]:
        """One thing at a time with a job's folder, as long as it is there."""
        async with self._locks.setdefault(job.id, asyncio.Lock()):
            self.job(job.id)
            yield

    def _keep(self, job: Job) -> None:
        """Something has changed: it is written down, and who watches is told."""
        if job.version and self.jobs.get(job.id) is not job:
            return  # deleted meanwhile
        job.changed = time.time()
        self._wake(job)
        self.jobs.keep(job)

    def _wake(self, job: Job) -> None:
        job.version += 1
        if event := self._changed.pop(job.id, None):
            event.set()

    async def watch(self, job: Job) -> AsyncIterator[Job | None]:
        """The job each time that it changes, and None from time to time; ends when it is deleted."""
        seen = -1
        while self.jobs.get(job.id) is job and not self.closing:
            if job.version != seen:
                seen = job.version
                yield job
                continue
            event = self._changed.setdefault(job.id, asyncio.Event())
            try:
                await asyncio.wait_for(event.wait(), HEARTBEAT)
            except TimeoutError:
                yield None

    async def _sweep(self) -> None:
        """From time to time, let go of what is too old or too much."""
        while True:
            await self.sweep()
            await asyncio.sleep(SWEEP)

    async def sweep(self) -> None:
        """Let go of jobs that are too old, of the oldest that are too much, and of idle cameras."""
        idle = [job for job in self.jobs if job.state not in BUSY]
        for job in await asyncio.to_thread(self.jobs.surplus, idle, self.options.hours, self.options.gigabytes):
            await self.delete(job)
        await self.cameras.sweep()
