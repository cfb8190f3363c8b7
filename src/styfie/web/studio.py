"""Jobs, the workers, and what happens to a job: read, painted, stopped, kept, gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, BinaryIO

from styfie.errors import InputError, StyfieError
from styfie.looks import BACKGROUND, SUBJECT
from styfie.web import versions
from styfie.web.checks import check_budget, check_styles, is_styled, with_styles
from styfie.web.clips import Clips
from styfie.web.deleting import Deleting
from styfie.web.errors import BusyError, ConflictError, DroppedError, NotFoundError, WorkerDiedError
from styfie.web.jobs import BUSY, Job, ResultRequest
from styfie.web.lookfiles import CARRIED, fitted
from styfie.web.messages import message
from styfie.web.options import Options
from styfie.web.presets import Presets
from styfie.web.schemas import LookSchema, PaintRequest, SettingsSchema, plain
from styfie.web.uploads import Source, photo_name
from styfie.web.workers import CANCELLED

SWEEP = 60.0  # seconds between looking for what is too old
DIED = message("error.painter_died")
NOWHERE = Source()
_log = logging.getLogger(__name__)


class Studio(Deleting):
    """The server's whole state: what it does is done by workers, so that nothing waits for it."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.presets = Presets(options.folder / "looks")
        self._coming = self._coming_painted = 0  # photos that are being received, and those that are to be painted

    # ---- life

    async def start(self) -> None:
        """Start the workers, and go on with what was under way."""
        self.open()
        self._start_workers()
        self.clips = Clips(self.options, self.reader, self.painter, self.supervisor)
        self.supervisor.keep_up(self._sweep)
        for job in reversed(list(self.jobs)):
            if job.state == "reading":
                self._carry_out(job, self._read)
            elif job.state in ("queued", "painting"):
                self._queue(job)

    def close(self) -> None:
        """Let go of everybody who watches."""
        self.watchers.close()

    async def stop(self) -> None:
        """End the workers; what is under way is gone on with when the server starts again."""
        self.close()
        await self._stop_workers()
        self.shut()

    # ---- jobs

    async def post(
        self,
        photo: BinaryIO,
        request: PaintRequest | None = None,
        styles: Iterable[tuple[str, BinaryIO]] = (),
        recipe: BinaryIO | None = None,
        source: Source = NOWHERE,
    ) -> Job:
        """A new job from a photo; with looks it goes on to being painted.

        Raises:
            BusyError: too many photos or paintings wait already.
            InputError: no photo that can be used, or styles that are not known.
        """
        if self._coming + sum(job.state == "reading" for job in self.jobs) >= self.options.waiting:
            raise BusyError(message("error.photos_waiting", count=self.options.waiting))
        painted = recipe is not None or is_styled(request)
        if painted:
            self._want_turn()
        job = self.jobs.new()
        job.name, job.batch = photo_name(source.name), source.batch
        self._coming += 1
        self._coming_painted += painted
        try:
            await self._receive(job, photo, request, styles, recipe, source.size)
            self.jobs.keep(job, new=True)
        except BaseException:
            self.jobs.remove(job)
            raise
        finally:
            self._coming -= 1
            self._coming_painted -= painted
        self._keep(job)
        self._carry_out(job, partial(self._read, first=source.first))
        return job

    async def _receive(
        self,
        job: Job,
        photo: BinaryIO,
        request: PaintRequest | None,
        styles: Iterable[tuple[str, BinaryIO]],
        recipe: BinaryIO | None,
        size: int | None,
    ) -> None:
        await self.uploads.take_photo(job, photo)
        for name, style in styles:
            await self.uploads.take_style(job, name, style)
        if recipe is not None:
            request = await self.uploads.take_recipe(job, recipe)
        request = request or PaintRequest()
        if size is not None:
            request.settings.size = size
        check_budget(request.settings, self.options)
        check_styles(request.looks, job.styles)
        job.settings, job.looks = request.settings.model_dump(), plain(request.looks)
        job.then_paint = is_styled(request)
        job.used = self.clock.now

    async def _read(self, job: Job, first: tuple[str, str] | None = None) -> None:
        """Find the person, then paint if that is asked for already: what there is of it.

        Meanwhile a `first` sketch in these styles, of the person and of what is behind, is shown.
        """
        asked = bool(job.looks)
        decoded, _ = await asyncio.gather(self._decoded(job), self._sketch_first(job, first))
        given = (str(self.jobs.path(job)), decoded, self.settings(job), list(job.looks))
        found = await self._quickly("find", *given, owner=job.id)
        job.regions, job.note, job.state = found["regions"], found["note"], "ready"
        job.parts, job.heads = found["parts"], found["heads"]
        self._without_lost(job)
        then_paint, job.then_paint = job.then_paint, False
        if not then_paint or (job.note and not asked):
            return
        if asked and not any(look.get("styles") for look in job.looks.values()):
            raise InputError(message("error.nothing_asked", note=job.note).strip())
        self._change_looks(job, with_styles(job.looks, [region["name"] for region in job.regions]))
        self._queue(job)

    async def _sketch_first(self, job: Job, styles: tuple[str, str] | None) -> None:
        """Have a photo painted small in these styles while it is read; if that fails, there is none."""
        if styles:
            with contextlib.suppress(StyfieError):
                both = dict(zip((SUBJECT, BACKGROUND), styles, strict=True))
                given = (str(self.jobs.path(job)), both, str(self.drawn), self.settings(job))
                await self._quickly("first_sketch", *given, owner=job.id)
                self._wake(job)

    # ---- styles

    async def add_style(self, job: Job, name: str, style: BinaryIO) -> str:
        """A style picture of the user's own, for this job; what it is called here."""
        async with self._locked(job):
            found = await self.uploads.take_style(job, name, style)
            self._keep(job)
        return found

    # ---- regions

    async def change_regions(self, job: Job, name: str, *given: Any, corrects: bool, seen: int | None = None) -> None:
        """Have the quick worker change a job's regions, for who has `seen` the job in that version.

        Raises:
            StaleError: the regions were changed since.
        """
        async with self._locked(job):
            self._want_regions(job)
            self._want_seen(job, seen, job.regions_version)
            self._change_regions(job, await self._quickly(name, str(self.jobs.path(job)), *given, owner=job.id))
            job.corrected, job.note = job.corrected or corrects, "" if corrects else job.note
            self._without_lost(job)
            self._keep(job)

    async def brush(self, job: Job, name: str, mask: BinaryIO, seen: int | None = None) -> None:
        """A region as it was brushed, by who has `seen` the job in that version.

        Raises:
            StaleError: the regions were changed since.
        """
        async with self._locked(job):
            self._want_regions(job)
            self._want_seen(job, seen, job.regions_version)
            async with self.uploads.mask(job, mask) as file:
                given = (str(self.jobs.path(job)), name, str(file))
                self._change_regions(job, await self._quickly("brush", *given, owner=job.id))
            job.corrected, job.note = True, ""
            self._keep(job)

    def _without_lost(self, job: Job) -> None:
        """No looks for regions that are not there."""
        names = {region["name"] for region in job.regions}
        self._change_looks(job, {region: look for region, look in job.looks.items() if region in names})

    # ---- painting

    def ask(self, job: Job, looks: Mapping[str, LookSchema], seen: int | None = None) -> None:
        """What is asked of the regions, from now on, by who has `seen` the job in that version.

        Raises:
            StaleError: the looks were changed since.
        """
        check_styles(looks, job.styles)
        known = [region["name"] for region in job.regions]
        if known and (lost := [name for name in looks if name not in known]):
            raise InputError(message("error.no_region", region=lost[0], known=", ".join(known)))
        asked = plain(looks)
        if asked != job.looks:
            self._want_seen(job, seen, job.looks_version)
        self._change_looks(job, asked)
        self._keep(job)

    async def apply_look(self, job: Job, file: BinaryIO, seen: int | None = None) -> None:
        """Ask what the file of a look asks: of each region by its name, else what it asks of that side.

        Raises:
            StaleError: the looks were changed since they were `seen`.
        """
        async with self._locked(job):
            self._want_regions(job)
            self._want_seen(job, seen, job.looks_version)
            request = await self.uploads.take_recipe(job, file)
            check_styles(request.looks, job.styles)
            said = request.settings.model_dump(exclude_unset=True, include=set(CARRIED))
            job.settings = self._joined(job, SettingsSchema(**said)).model_dump()
            self._change_looks(job, fitted(plain(request.looks), job.regions))
            self._keep(job)

    async def preview(self, job: Job, longest: int = 0) -> list[str]:
        """Paint with the fast engine at once, with a `longest` side roughly; the names of the painted regions."""
        async with self._locked(job):
            if not job.regions:
                self._want_regions(job)
            self._change_looks(job, with_styles(job.looks, [region["name"] for region in job.regions]))
            looks = job.looks
            given = (str(self.jobs.path(job)), looks, job.styles, self.settings(job), str(self.drawn))
            painted: list[str] = await self._quickly("preview", *given, longest, owner=job.id)
            job.previews += 1
            job.sketched_looks = {name: looks[name] for name in painted}
            self._keep(job)
        return painted

    def set_up(self, job: Job, settings: SettingsSchema) -> None:
        """What is asked of its next run; what is not said stays as it is.

        Raises:
            ConflictError: it is under way.
        """
        if job.state in ("queued", "painting"):
            raise ConflictError(message(f"error.is_{job.state}"))
        job.settings = self._joined(job, settings).model_dump()
        self._keep(job)

    def _joined(self, job: Job, settings: SettingsSchema | None) -> SettingsSchema:
        """A job's settings with those that are said now."""
        said = settings.model_dump(exclude_unset=True) if settings else {}
        joined = SettingsSchema(**job.settings | said)
        check_budget(joined, self.options)
        return joined

    async def paint(self, job: Job, settings: SettingsSchema | None = None) -> None:
        """Queue a job to be painted as it is when all that was asked before is done, brushed masks above all.

        One whose photo could not be looked at is looked at once more. Settings that are not said are those it has.

        Raises:
            ConflictError: it is under way already, or has no regions.
            BusyError: too many paintings wait already.
        """
        async with self._locked(job):
            asked = self._joined(job, settings).model_dump()
            if job.state == "failed" and not job.regions:  # it was never read: its worker died, or took too long
                job.settings, job.then_paint = asked, True
                job.wait("reading")
                self._carry_out(job, self._read)
                self._keep(job)
                return
            self._want_regions(job)
            self._want_turn()
            self._change_looks(job, with_styles(job.looks, [region["name"] for region in job.regions]))
            job.settings = asked
            self._queue(job)
            self._keep(job)

    def _want_turn(self) -> None:
        """Refuse another painting where enough wait, whichever way they came."""
        to_paint = sum(job.state == "queued" or (job.state == "reading" and job.then_paint) for job in self.jobs)
        if to_paint + self._coming_painted >= self.options.waiting:
            raise BusyError(message("error.paintings_waiting", count=self.options.waiting))

    def _queue(self, job: Job) -> None:
        job.wait("queued")
        job.progress = {}
        self._carry_out(job, self._paint)

    async def _paint(self, job: Job) -> None:
        def on_event(progress: dict[str, Any]) -> None:
            if job.state in ("queued", "painting"):
                job.state, job.progress = "painting", progress
                self._use(job)
                self._wake(job)

        photo, looks = await self._decoded(job), job.looks
        if self.is_deleted(job) or job.state not in ("queued", "painting"):
            raise DroppedError(CANCELLED)
        given = (str(self.jobs.path(job)), photo, looks, job.styles, self.settings(job), job.corrected)
        try:
            found = await self.painter.call("run", *given, owner=job.id, seconds=None, on_event=on_event)
        except WorkerDiedError:
            raise WorkerDiedError(DIED) from None
        job.painted, job.painted_looks, job.regions = found["painted"], looks, found["regions"]
        try:
            await asyncio.to_thread(self._keep_version, job)
        except OSError as error:  # it is painted all the same
            _log.warning("%s has no version of this painting: %s", job.id, error.strerror or error)
        job.state = "done" if found["finished"] else "stopped"  # only now: whoever sees it sees the version too
        if found.get("late"):
            job.note = message("error.late")
        if found.get("resized"):
            job.sketched_looks = {}  # they are of another size

    async def put_back(self, job: Job, number: int, seen: int | None = None) -> None:
        """Make an earlier painting the job's again, as it was, with what was asked for it.

        Raises:
            NotFoundError: there is no such version.
            StaleError: looks or regions were changed since the job was `seen`.
        """
        async with self._locked(job):
            self._want_regions(job)
            self._want_seen(job, seen, max(job.looks_version, job.regions_version))
            folder = self.jobs.path(job)
            try:
                found = await asyncio.to_thread(versions.put_back, folder, number)
            except FileNotFoundError:
                raise NotFoundError(message("error.no_version")) from None
            self._change_regions(job, await self._quickly("regions_of_painting", str(folder), owner=job.id))
            looks = await self._with_own_styles(job, found.looks)
            self._change_looks(job, looks)
            job.painted, job.painted_looks, job.sketched_looks = found.painted, looks, {}
            job.settings, job.state, job.corrected = found.settings, "done", True
            job.error = job.error_code = ""
            self._keep(job)

    async def end_painting(self, job: Job) -> None:
        """Stop: what is painted is kept; what only waited is as before."""
        if self.painter.current and self.painter.current.owner == job.id:
            self.painter.send("stop")
        elif job.state in ("queued", "painting"):
            await self.painter.cancel(job.id)
            job.state = "stopped" if job.painted else "ready"
            self._keep(job)
        else:
            raise ConflictError(message("error.not_painting"))

    def result_request(self, job: Job) -> ResultRequest:
        """What is asked of a job, for what shows it."""
        return ResultRequest(
            job.looks, job.styles, self.settings(job), str(self.drawn), tuple(job.fresh), tuple(job.sketched)
        )

    def queue_of(self, job: Job) -> int:
        """Its place among the paintings that wait, from 1; 0 if it does not."""
        waiting = [task.owner for task in self.painter.waiting] if job.state == "queued" else []
        return waiting.index(job.id) + 1 if job.id in waiting else 0

    async def _sweep(self) -> None:
        """From time to time, let go of what is too old or too much."""
        while True:
            await self.sweep()
            await asyncio.sleep(SWEEP)

    async def sweep(self) -> None:
        """Let go of what was in the trash for long, of jobs that nobody uses, and of idle cameras."""
        now = self.tick()
        await asyncio.to_thread(self._tidy_trash, now)
        for job in await asyncio.to_thread(self.surplus):
            if job.state not in BUSY and job.used <= now:  # or it was used since
                await asyncio.to_thread(self.trash.remove, await self.delete(job))
        await self.cameras.sweep()
