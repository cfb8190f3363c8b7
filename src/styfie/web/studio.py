"""Jobs, the workers, and what happens to a job: read, painted, stopped, kept, gone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from styfie.errors import InputError, MissingError, StyfieError
from styfie.gallery import GALLERY
from styfie.web.asked import Asked, LookAsked, SettingsAsked, plain
from styfie.web.jobs import BUSY, Job, Jobs
from styfie.web.kinds import suffix_of
from styfie.web.options import Options
from styfie.web.workers import TooLateError, Worker, WorkerDiedError

READING = 3 << 30  # bytes that the process which decodes may take
LATE = 40.0  # seconds that decoding may take
HEARTBEAT = 15.0  # seconds
SWEEP = 60.0  # seconds between looking for what is too old
KEPT_STYLES = 12  # that one job may have of its own


class BusyError(StyfieError):
    """Too much waits already."""


class GoneError(MissingError):
    """There is no such job, camera or picture, or no more."""


class ConflictError(StyfieError):
    """Not in this state."""


class Studio:
    """The server's whole state: what it does is done by workers, so that nothing waits for it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.jobs = Jobs(options.folder / "jobs")
        self.drawn = options.folder / "styles"
        self.drawn.mkdir(exist_ok=True)
        self.device = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed: dict[str, asyncio.Event] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    # ---- life

    async def start(self) -> None:
        """Start the workers, and go on with what was under way."""
        threads = self.options.threads
        self.reader = Worker("styfie.web.work.reading", 1, memory=READING)
        self.quick = Worker("styfie.web.work.quick", threads)
        self.painter = Worker("styfie.web.work.painter", threads, nice=5, recycle=50)
        for worker in (self.reader, self.quick, self.painter):
            worker.start()
        self._begin(self._warm())
        self._begin(self._sweep())
        for job in reversed(list(self.jobs)):
            if job.state == "reading":
                self._begin(self._read(job))
            elif job.state in ("queued", "painting"):
                self._queue(job)

    async def stop(self) -> None:
        """End the workers; what is under way is gone on with when the server starts again."""
        for task in self._tasks:
            task.cancel()
        for worker in (self.reader, self.quick, self.painter):
            await worker.stop()

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _warm(self) -> None:
        with contextlib.suppress(StyfieError):
            self.device = (await self.quick.call("warm"))["device"]
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

    async def post(self, photo: bytes, asked: Asked | None = None, styles: dict[str, bytes] | None = None) -> Job:
        """A new job from a photo; with looks it goes on to being painted.

        Raises:
            BusyError: too many photos wait already.
            InputError: no photo that can be used, or styles that are not known.
        """
        if sum(job.state == "reading" for job in self.jobs) >= self.options.waiting:
            raise BusyError(f"{self.options.waiting} photos are waiting to be looked at: send this one in a while.")
        job = self.jobs.new()
        try:
            await self._receive(job, photo, asked or Asked(), styles or {})
        except BaseException:
            self.jobs.remove(job)
            raise
        job.then_paint = asked is not None and any(look.styles for look in asked.looks.values())
        self._changed_now(job)
        self._begin(self._read(job))
        return job

    async def _receive(self, job: Job, photo: bytes, asked: Asked, styles: dict[str, bytes]) -> None:
        folder = self.jobs.path(job)
        job.upload = f"upload{suffix_of(photo)}"
        (folder / job.upload).write_bytes(photo)
        found = await self._decode("photo", str(folder / job.upload), self.options.most_pixels)
        job.width, job.height = found["width"], found["height"]
        self._check_size(asked.settings)
        job.settings = asked.settings.model_dump()
        for name, data in styles.items():
            await self._take_style(job, name, data)
        self._check_styles(job, asked.looks)
        job.looks = plain(asked.looks)

    async def _decode(self, name: str, *given: Any) -> Any:
        """Have a file from outside decoded.

        Raises:
            InputError: it cannot be, for whatever reason.
        """
        try:
            return await self.reader.call(name, *given, seconds=LATE)
        except TooLateError:
            raise InputError(
                f"The picture could not be read within {LATE:g} seconds: a smaller one is wanted."
            ) from None
        except WorkerDiedError:
            raise InputError("The picture could not be read: it is damaged, or needs too much memory.") from None

    async def _read(self, job: Job) -> None:
        """Find the person, then paint if that is asked for already."""
        folder = str(self.jobs.path(job))
        try:
            found = await self._quickly("find", folder, job.upload, self.settings(job), owner=job.id)
        except StyfieError as error:
            job.state, job.error = "failed", str(error)
        else:
            job.regions, job.note, job.state = found["regions"], found["note"], "ready"
            if job.then_paint:
                self._queue(job)
        self._changed_now(job)

    async def _quickly(self, name: str, *given: Any, owner: str = "", seconds: float = 60.0) -> Any:
        """Ask the quick worker; once more if it dies, which may have been another's fault."""
        try:
            return await self.quick.call(name, *given, owner=owner, seconds=seconds)
        except TooLateError:
            raise
        except WorkerDiedError:
            return await self.quick.call(name, *given, owner=owner, seconds=seconds)

    def settings(self, job: Job) -> dict[str, Any]:
        """A job's settings for the library, with the size that it is painted at."""
        settings: dict[str, Any] = asdict(SettingsAsked(**job.settings).settings())
        if settings["size"] == 0 or settings["size"] > self.options.longest:
            settings["size"] = min(self.options.longest, max(job.width, job.height))
        return settings

    def _check_size(self, settings: SettingsAsked) -> None:
        settings.settings()  # says what the library does not take
        if settings.size > self.options.longest:
            raise InputError(f"size is {settings.size}: at most {self.options.longest} pixels are painted here.")

    def _check_styles(self, job: Job, looks: dict[str, LookAsked]) -> None:
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
        async with self._lock(job):
            await asyncio.to_thread(self.jobs.remove, job)
        self._changed.pop(job.id, None)
        self._locks.pop(job.id, None)

    # ---- styles

    async def style_file(self, name: str) -> Path:
        """A style of the gallery as a picture file, drawn when it is first asked for."""
        if name not in GALLERY:
            raise GoneError(f"There is no style {name!r} in the gallery.")
        file = self.drawn / f"{name}.png"
        if not file.is_file():
            await self.reader.call("gallery", name, str(self.drawn))
        return file

    async def add_style(self, job: Job, name: str, data: bytes) -> str:
        """A style picture of the user's own, for this job; what it is called here."""
        found = await self._take_style(job, name, data)
        self._changed_now(job)
        return found

    async def _take_style(self, job: Job, name: str, data: bytes) -> str:
        if len(job.styles) >= KEPT_STYLES:
            raise InputError(f"A job may have {KEPT_STYLES} styles of its own: it has them.")
        label = (
            "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[-60:].strip() or "style"
        )
        if label in GALLERY:
            label = f"my {label}"
        folder, number = self.jobs.path(job), len(job.styles) + 1
        file, into = folder / f"sent-{number}{suffix_of(data)}", folder / f"style-{number}.png"
        file.write_bytes(data)
        try:
            await self._decode("style", str(file), str(into), self.options.most_pixels)
        finally:
            file.unlink(missing_ok=True)
        job.styles[label] = into.name
        return label

    # ---- regions

    async def change_regions(self, job: Job, name: str, *given: Any, corrects: bool) -> None:
        """Have the quick worker change a job's regions."""
        self._want_regions(job)
        async with self._lock(job):
            job.regions = await self._quickly(name, str(self.jobs.path(job)), *given, owner=job.id)
        job.corrected = job.corrected or corrects
        names = {region["name"] for region in job.regions}
        job.looks = {region: look for region, look in job.looks.items() if region in names}
        self._changed_now(job)

    async def brush(self, job: Job, name: str, mask: bytes) -> None:
        """A region as it was brushed."""
        self._want_regions(job)
        file = self.jobs.path(job) / f"brushed{suffix_of(mask)}"
        async with self._lock(job):
            file.write_bytes(mask)
        size = self._working_size(job)
        try:
            await self._decode("mask", str(file), *size, self.options.most_pixels)
            await self.change_regions(job, "brush", name, str(file), corrects=True)
        finally:
            file.unlink(missing_ok=True)

    def _working_size(self, job: Job) -> tuple[int, int]:
        longest = self.settings(job)["size"]
        scale = longest / max(job.width, job.height)
        return max(1, round(job.height * scale)), max(1, round(job.width * scale))

    def _want_regions(self, job: Job) -> None:
        if job.state in BUSY:
            raise ConflictError(f"The job is {job.state}: wait until it is done, or stop it.")
        if not job.regions:
            raise ConflictError(f"The photo of this job could not be used: {job.error}")

    # ---- painting

    def ask(self, job: Job, looks: dict[str, LookAsked]) -> None:
        """What is asked of the regions, from now on."""
        self._check_styles(job, looks)
        job.looks = plain(looks)
        self._changed_now(job)

    async def preview(self, job: Job) -> list[str]:
        """Paint with the fast engine at once; the names of the painted regions."""
        if not job.regions:
            self._want_regions(job)
        own = dict(job.styles)
        async with self._lock(job):
            given = (str(self.jobs.path(job)), job.looks, own, self.settings(job), str(self.drawn))
            painted: list[str] = await self._quickly("preview", *given, owner=job.id)
        job.previews += 1
        self._changed_now(job)
        return painted

    def paint(self, job: Job, settings: SettingsAsked) -> None:
        """Queue a job to be painted.

        Raises:
            ConflictError: it is under way already, or has no regions.
            BusyError: too many paintings wait already.
        """
        self._want_regions(job)
        self._check_size(settings)
        if sum(other.state == "queued" for other in self.jobs) >= self.options.waiting:
            raise BusyError(f"{self.options.waiting} paintings are waiting: ask again in a while.")
        job.settings = settings.model_dump()
        self._queue(job)
        self._changed_now(job)

    def _queue(self, job: Job) -> None:
        job.state, job.error, job.progress = "queued", "", {}
        self._begin(self._paint(job))

    async def _paint(self, job: Job) -> None:
        def told(progress: dict[str, Any]) -> None:
            if self.jobs.get(job.id) is job and job.state in ("queued", "painting"):
                job.state, job.progress = "painting", progress
                self._wake(job)

        given = (str(self.jobs.path(job)), job.upload, job.looks, job.styles, self.settings(job), job.corrected)
        try:
            found = await self.painter.call("run", *given, owner=job.id, seconds=None, told=told)
        except WorkerDiedError:
            job.state, job.error = "failed", "The process that painted it ended: ask to paint it again, it goes on."
        except StyfieError as error:
            job.state, job.error = "failed", str(error)
        else:
            job.state = "done" if found["finished"] else "stopped"
            job.painted = found["painted"]
        self._changed_now(job)

    async def end_painting(self, job: Job) -> None:
        """Stop: what is painted is kept; what only waited is as before."""
        if job.state == "painting" or (self.painter.current and self.painter.current.owner == job.id):
            self.painter.tell("stop")
        elif job.state == "queued":
            await self.painter.leave(job.id)
            job.state = "stopped" if job.painted else "ready"
            self._changed_now(job)
        else:
            raise ConflictError(f"The job is {job.state}: only what is being painted can be stopped.")

    async def picture(self, job: Job, name: str, *given: Any) -> Any:
        """Ask the quick worker for something of a job's folder."""
        async with self._lock(job):
            return await self._quickly(name, str(self.jobs.path(job)), *given, owner=job.id)

    # ---- changes

    def queue_of(self, job: Job) -> int:
        """How many paintings are before this one."""
        if job.state != "queued":
            return 0
        waiting = [task.owner for task in self.painter.waiting]
        return waiting.index(job.id) + 1 if job.id in waiting else 0

    def _lock(self, job: Job) -> asyncio.Lock:
        return self._locks.setdefault(job.id, asyncio.Lock())

    def _changed_now(self, job: Job) -> None:
        if self.jobs.get(job.id) is None and job.version:
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
        while self.jobs.get(job.id) is job:
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
            for job in self._surplus():
                await self.delete(job)
            await asyncio.sleep(SWEEP)

    def _surplus(self) -> list[Job]:
        oldest = sorted((job for job in self.jobs if job.state not in BUSY), key=lambda job: job.changed)
        late = time.time() - 3600 * self.options.hours
        gone = [job for job in oldest if job.changed < late]
        total = sum(self.jobs.size(job) for job in self.jobs) - sum(self.jobs.size(job) for job in gone)
        for job in oldest[len(gone) :]:
            if total <= 1e9 * self.options.gigabytes:
                break
            total -= self.jobs.size(job)
            gone.append(job)
        return gone
