"""Jobs and the workers that serve them: who is asked for what, in the background or at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from styfie.errors import StyfieError
from styfie.gallery import BUILT_IN, PAIRS
from styfie.web.access import Access
from styfie.web.cameras import Cameras
from styfie.web.errors import DISK_FULL, FAULT, ConflictError, DroppedError, FaultError, NotFoundError, is_full
from styfie.web.jobs import BUSY, READ, Job
from styfie.web.keeper import Keeper
from styfie.web.messages import message
from styfie.web.options import Options
from styfie.web.schemas import SettingsSchema
from styfie.web.supervised import Supervisor
from styfie.web.uploads import Uploads
from styfie.web.workers import Worker

READING_NOTE = 3 << 30  # bytes that the process which decodes may take
FACE = 256  # pixels of a face that looks are shown on
ROOM = 500_000_000  # bytes: a photo and a painting of the largest size
INTERACTIVE_SECONDS = 300.0  # seconds that what is answered at once may take, however busy the computer is
_log = logging.getLogger(__name__)


class Service(Keeper):
    """Three workers and what is asked of them for jobs: one decodes, one answers at once, one paints."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.drawn = options.folder / "styles"
        self.drawn.mkdir(exist_ok=True)
        self.device = ""
        self.access = Access(options)
        self.supervisor = Supervisor()

    # ---- life

    def _start_workers(self) -> None:
        self._hire()
        self.uploads = Uploads(self.jobs, self.reader, self.options.most_pixels, self.options.longest)
        self.cameras = Cameras(self.interactive, self.uploads.read_frame)
        for worker in (self.reader, self.interactive, self.painter):
            worker.start()
        self.supervisor.begin(self._warm)

    def _hire(self) -> None:
        threads = self.options.threads
        self.reader = Worker("styfie.web.work.reading", 1, memory=READING_NOTE)
        self.interactive = Worker("styfie.web.work.interactive", threads)
        budget = 60 * self.options.most_minutes
        self.painter = Worker("styfie.web.work.painter", threads, nice=5, recycle=50, budget=budget)

    async def _stop_workers(self) -> None:
        await self.supervisor.stop()
        await asyncio.gather(*(worker.stop() for worker in (self.reader, self.interactive, self.painter)))

    async def _warm(self) -> None:
        with contextlib.suppress(StyfieError):
            self.device = (await self.interactive.call("warm"))["device"]
            await self.interactive.call("warm_fast")
        await self._draw(PAIRS[0])
        with contextlib.suppress(StyfieError):
            await self.interactive.call("warm_styles", str(self.drawn), PAIRS[0])
        await self._draw(BUILT_IN)
        for pair in PAIRS:  # one after the other: a photo that comes meanwhile waits for one of them
            with contextlib.suppress(StyfieError):
                await self.interactive.call("warm_styles", str(self.drawn), pair, FACE)

    async def _draw(self, names: Iterable[str]) -> None:
        """Styles of the gallery as files, before anybody asks for them."""
        for name in names:
            with contextlib.suppress(StyfieError):
                await self.style_file(name)

    async def not_ready(self) -> list[str]:
        """Why nothing can be painted now, as sentences without names or numbers; none if it can."""
        started = [worker.is_ready() for worker in (self.reader, self.interactive, self.painter)]
        reasons = [] if all(started) else [message("ready.workers")]
        return reasons + await asyncio.to_thread(_lacking, self.options.folder)

    # ---- work

    def _carry_out(self, job: Job, work: Callable[[Job], Coroutine[Any, Any, None]]) -> None:
        """Do in the background what a job waits for: whatever happens, it does not wait for ever."""

        async def carried_out() -> None:
            try:
                await work(job)
            except StyfieError as error:
                if isinstance(error, DroppedError) and (self.is_deleted(job) or job.state not in BUSY):
                    return
                job.fail(error)
            except Exception:
                _log.exception("job %s failed", job.id)
                job.fail(FaultError(FAULT))
            self._keep(job)

        self.supervisor.begin(carried_out)

    async def _decoded(self, job: Job) -> str:
        """The photo as the other workers may read it; one that just came, or is of an older version, is written now."""
        if not (self.jobs.path(job) / READ).is_file():
            await self.uploads.write_whole(job)
        return READ

    async def _quickly(self, name: str, *given: Any, owner: str) -> Any:
        return await self.interactive.call(name, *given, owner=owner, seconds=INTERACTIVE_SECONDS, again=True)

    def settings(self, job: Job) -> dict[str, Any]:
        """A job's settings for the library, with the size that it is painted at and the memory that it may have."""
        settings: dict[str, Any] = asdict(SettingsSchema(**job.settings).settings())
        if settings["size"] == 0:
            settings["size"] = min(self.options.longest, max(job.width, job.height))
        settings["max_memory"] = min(self.options.most_memory, settings["max_memory"])
        return settings

    def _want_regions(self, job: Job) -> None:
        if job.state in BUSY:
            raise ConflictError(message(f"error.is_{job.state}"))
        if not job.regions:
            raise ConflictError(message("error.photo_unusable", error=job.error).strip())

    async def ask_interactive(self, job: Job, name: str, *given: Any) -> Any:
        """Ask the quick worker for something of a job's folder."""
        async with self._locked(job):
            return await self._quickly(name, str(self.jobs.path(job)), *given, owner=job.id)

    async def look_interactive(self, job: Job, name: str, *given: Any) -> Any:
        """The same for what only looks at the folder and takes its time: changes of the job do not wait for it."""
        return await self._quickly(name, str(self.jobs.path(job)), *given, owner=job.id)

    async def contact_sheet(self, cells: list[tuple[str, str]]) -> bytes:
        """Paintings on one sheet as JPEG: what each is called, and the folder of its job."""
        found: bytes = await self.reader.call("contact_sheet", cells, again=True)
        return found

    # ---- styles

    async def style_file(self, name: str) -> Path:
        """A style of the gallery as a picture file, drawn when it is first asked for."""
        if name not in BUILT_IN:
            raise NotFoundError(message("error.no_gallery_style"))
        file = self.drawn / f"{name}.png"
        if not file.is_file():
            await self.reader.call("gallery", name, str(self.drawn), again=True)
        return file

    async def small(self, file: Path, size: int) -> bytes:
        """A picture file of the server's own as JPEG, at most so many pixels."""
        found: bytes = await self.reader.call("thumbnail", str(file), size, again=True)
        return found


def _lacking(folder: Path) -> list[str]:
    """Why nothing can be kept in a folder."""
    try:
        free = shutil.disk_usage(folder).free
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"ready")
    except OSError as error:
        return [DISK_FULL if is_full(error) else message("ready.folder")]
    return [] if free >= ROOM else [message("ready.room")]
