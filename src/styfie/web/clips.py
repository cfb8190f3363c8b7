"""Short clips that are painted: each a folder like a job's, with the clip as it was sent and the film made of it."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from styfie.engines import ENGINES
from styfie.errors import InputError, StyfieError
from styfie.storage.atomic import sync
from styfie.web.checks import check_styles, is_styled
from styfie.web.errors import FAULT, BusyError, ConflictError, FaultError, NotFoundError, WorkerDiedError
from styfie.web.filetypes import SIGNATURE_BYTES, video_suffix_of
from styfie.web.jobs import BUSY, Job, Jobs
from styfie.web.messages import message
from styfie.web.options import Options
from styfie.web.schemas import SettingsSchema, plain
from styfie.web.supervised import Supervisor
from styfie.web.uploads import Uploads, photo_name
from styfie.web.workers import Worker

MAX_CLIPS = 50  # that are kept
MAX_WAITING = 4  # that may wait to be painted
MAX_SECONDS = 60.0  # that one may last
FILM = "film/clip.mp4"
FRAME, FIRST = "growing.jpg", "photo.jpg"
_log = logging.getLogger(__name__)


class Clips:
    """The clips of a folder: `reader` looks at what was sent, `painter` paints one after the other."""

    def __init__(self, options: Options, reader: Worker, painter: Worker, supervisor: Supervisor) -> None:
        self.jobs = Jobs(options.folder / "clips")
        self.uploads = Uploads(self.jobs, reader, options.most_pixels, options.longest)
        self.reader, self.painter, self.supervisor = reader, painter, supervisor
        self.most_memory = options.most_memory
        for clip in reversed(list(self.jobs)):
            if clip.state in BUSY:
                self._queue(clip)

    def __iter__(self) -> Iterator[Job]:
        return iter(self.jobs)

    def get(self, name: str) -> Job:
        """The clip of that id.

        Raises:
            NotFoundError: there is none.
        """
        if (clip := self.jobs.get(name)) is None:
            raise NotFoundError(message("error.no_clip"))
        return clip

    def file(self, clip: Job, *names: str) -> Path:
        """The first of these files of a clip that is there.

        Raises:
            NotFoundError: none is.
        """
        for name in names:
            if (path := self.jobs.path(clip) / name).is_file():
                return path
        raise NotFoundError(message("error.film_absent"))

    async def post(self, sent: BinaryIO, look: BinaryIO, size: int, name: str = "") -> Job:
        """A new clip, which waits to be painted in the look of a file.

        Raises:
            BusyError: too many wait, or are kept.
            InputError: no clip that can be painted, or a look that cannot be.
        """
        clips = list(self.jobs)
        if sum(clip.state in BUSY for clip in clips) >= MAX_WAITING or len(clips) >= MAX_CLIPS:
            raise BusyError(message("error.clips"))
        clip = self.jobs.new()
        clip.name = photo_name(name)
        try:
            await self._receive(clip, sent, look, size)
            clip.state = "queued"
            self.jobs.keep(clip, new=True)
        except BaseException:
            self.jobs.remove(clip)
            raise
        self._queue(clip)
        return clip

    async def _receive(self, clip: Job, sent: BinaryIO, look: BinaryIO, size: int) -> None:
        file = (self.jobs.path(clip) / "clip").with_suffix(video_suffix_of(sent.read(SIGNATURE_BYTES)))
        sent.seek(0)
        with file.open("wb") as written:
            await asyncio.to_thread(shutil.copyfileobj, sent, written, 1 << 20)
        await asyncio.to_thread(sync, file)
        clip.upload = file.name
        found = await self.uploads.read_clip(clip, MAX_SECONDS)
        clip.width, clip.height, clip.progress = found["width"], found["height"], {"step": 0, "steps": found["frames"]}
        request = await self.uploads.take_recipe(clip, look)
        check_styles(request.looks, clip.styles)
        if not is_styled(request):
            raise InputError(message("error.clip_look"))
        engine = request.settings.engine
        paints = engine in ENGINES and bool(ENGINES[engine].frames) and not ENGINES[engine].needs
        settings = {"engine": engine if paints else "fast", "size": size, "mark": request.settings.mark}
        clip.looks, clip.settings = plain(request.looks), SettingsSchema(**settings).model_dump()

    def _queue(self, clip: Job) -> None:
        clip.wait("queued")

        async def painted() -> None:
            try:
                await self._paint(clip)
            except StyfieError as error:
                if self.jobs.get(clip.id) is not clip or clip.state not in BUSY:
                    return  # deleted or stopped
                clip.fail(error)
            except Exception:
                _log.exception("clip %s failed", clip.id)
                clip.fail(FaultError(FAULT))
            if self.jobs.get(clip.id) is clip:
                self.jobs.keep(clip)

        self.supervisor.begin(painted)

    async def _paint(self, clip: Job) -> None:
        def on_event(progress: dict[str, Any]) -> None:
            if clip.state in BUSY:
                clip.state, clip.progress = "painting", progress

        settings = SettingsSchema(**clip.settings).model_dump()
        settings["max_memory"] = min(self.most_memory, settings["max_memory"])
        given = (str(self.jobs.path(clip)), clip.upload, clip.looks, clip.styles, settings)
        try:
            finished = await self.painter.call("film", *given, owner=clip.id, seconds=None, on_event=on_event)
        except WorkerDiedError:
            raise WorkerDiedError(message("error.painter_died")) from None
        clip.state = "done" if finished else "stopped"

    def paint(self, clip: Job) -> None:
        """Go on with one that was stopped or failed, from where it was.

        Raises:
            ConflictError: it is under way, or done.
        """
        if clip.state in (*BUSY, "done"):
            raise ConflictError(message("error.clip_done" if clip.state == "done" else "error.clip_busy"))
        self._queue(clip)
        self.jobs.keep(clip)

    async def stop(self, clip: Job) -> None:
        """What is painted so far is kept, as a film that plays.

        Raises:
            ConflictError: it is not under way.
        """
        if self.painter.current and self.painter.current.owner == clip.id:
            self.painter.send("stop")
        elif clip.state in BUSY:
            clip.state = "stopped"
            await self.painter.cancel(clip.id)
            self.jobs.keep(clip)
        else:
            raise ConflictError(message("error.not_painting"))

    async def forget(self, clip: Job) -> Path:
        """A clip is there no more, and what is under way of it ends; its folder, which stays."""
        self.jobs.forget(clip)
        await self.painter.cancel(clip.id, kill=True)
        return self.jobs.path(clip)

    def take_back(self, name: str) -> None:
        """The clip whose folder has come back; what was under way of it is stopped."""
        clip = self.jobs.add(name)
        clip.state = "stopped" if clip.state in BUSY else clip.state
        self.jobs.keep(clip)
