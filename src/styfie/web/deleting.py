"""Deleting what is the user's: it goes into the trash as it is, and comes back from there as it was."""

from __future__ import annotations

import asyncio
import contextlib
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from styfie.gallery import BUILT_IN
from styfie.web import versions
from styfie.web.clips import Clips
from styfie.web.errors import NotFoundError
from styfie.web.jobs import BUSY, FILE, Job
from styfie.web.keeper import LEAP
from styfie.web.messages import message
from styfie.web.options import Options
from styfie.web.presets import LOOK, Presets
from styfie.web.responses import TrashResponse
from styfie.web.service import Service
from styfie.web.stored import UnreadableError
from styfie.web.trash import HOURS, Trash, Trashed
from styfie.web.uploads import free_label


class Deleting(Service, ABC):
    """Jobs and the workers, with a trash for what is deleted."""

    presets: Presets
    clips: Clips

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.trash = Trash(options.folder)

    # ---- into the trash

    async def delete(self, job: Job) -> Trashed:
        """A job goes into the trash; what is under way of it ends."""
        self.jobs.forget(job)
        self._wake(job)
        await self.interactive.cancel(job.id)
        await self.painter.cancel(job.id, kill=True)
        async with self._locks.setdefault(job.id, asyncio.Lock()):
            try:
                found = await asyncio.to_thread(self.trash.put, self.jobs.path(job), "picture", job.id, self.clock.now)
            except OSError:  # another program holds on to a file of it
                self.jobs.keep(job)
                raise
        self._locks.pop(job.id, None)
        self._touched.discard(job.id)
        return found

    async def delete_version(self, job: Job, number: int) -> Trashed:
        """A painting as it was goes into the trash.

        Raises:
            NotFoundError: there is no such version.
        """
        async with self._locked(job):
            if number not in versions.numbers(self.jobs.path(job)):
                raise NotFoundError(message("error.no_version"))
            found = self._trash_version(job, number)
            self._keep(job)
        return found

    async def delete_style(self, job: Job, name: str) -> Trashed:
        """A style of the job's own goes into the trash, and out of its looks.

        Raises:
            ConflictError: the job is being painted.
            NotFoundError: it has no such style.
        """
        async with self._locked(job):
            self._want_regions(job)
            if (file := job.styles.get(name)) is None:
                raise NotFoundError(message("error.no_own_style"))
            place = self.jobs.path(job) / file
            found = self.trash.put(place, "style", job.id, self.clock.now, _number(file))
            del job.styles[name]
            job.trashed_styles[file] = name
            self._change_looks(job, _without(job.looks, {name}))
            self._keep(job)
        return found

    async def delete_look(self, name: str) -> Trashed:
        """A saved look goes into the trash.

        Raises:
            NotFoundError: there is none.
        """
        return await asyncio.to_thread(self.trash.put, self.presets.path(name), "look", name, self.clock.now)

    async def delete_clip(self, clip: Job) -> Trashed:
        """A clip goes into the trash with its film; what is under way of it ends."""
        place = await self.clips.forget(clip)
        return await asyncio.to_thread(self.trash.put, place, "clip", clip.id, self.clock.now)

    def _trash_version(self, job: Job, number: int) -> Trashed:
        place = versions.folder_of(self.jobs.path(job), number)
        return self.trash.put(place, "version", job.id, self.clock.now, number)

    def _keep_version(self, job: Job) -> None:
        """What was just painted is a version; the oldest of too many go into the trash."""
        trashed = [one.number for one in self.trash.all() if one.kind == "version" and one.of == job.id]
        folder = self.jobs.path(job)
        versions.keep(folder, job, max(trashed, default=0))
        for number in versions.surplus(folder):
            self._trash_version(job, number)

    # ---- and back

    async def bring_back(self, one: Trashed) -> None:
        """Bring back what is in the trash.

        Raises:
            NotFoundError: it is there no more, or the picture that it belongs to is not.
            ConflictError: something else is where it was.
        """
        if one.kind == "picture":
            await self._job_back(one)
        elif one.kind == "look":
            self.trash.take_back(one, self.presets.folder / one.of)
        elif one.kind == "clip":
            self.trash.take_back(one, self.clips.jobs.folder / one.of)
            self.clips.take_back(one.of)
        else:
            if (job := self.jobs.get(one.of)) is None:
                raise NotFoundError(message("error.trash_first"))
            async with self._locked(job):
                if one.kind == "version":
                    there = versions.numbers(self.jobs.path(job))
                    number = one.number if one.number not in there else max(there) + 1
                    self.trash.take_back(one, versions.folder_of(self.jobs.path(job), number))
                else:
                    self._style_back(job, one)
                self._keep(job)

    async def _job_back(self, one: Trashed) -> None:
        await asyncio.to_thread(self.trash.take_back, one, self.jobs.folder / one.of)
        try:
            job = self.jobs.add(one.of)
        except UnreadableError:
            raise NotFoundError(message("error.trash_unreadable")) from None
        job.version += LEAP
        if job.state == "reading":
            self._carry_out(job, self._read)
        elif job.state in BUSY:
            job.state = "stopped" if job.painted else "ready"
        self._keep(job)

    @abstractmethod
    async def _read(self, job: Job) -> None:
        """Look at a job's photo, as is done when it comes."""

    def _style_back(self, job: Job, one: Trashed) -> None:
        file = f"style-{one.number}.png"
        self.trash.take_back(one, self.jobs.path(job) / file)
        label = job.trashed_styles.pop(file, file)
        job.styles[free_label(label, {*BUILT_IN, *job.styles})] = file

    async def _with_own_styles(self, job: Job, looks: dict[str, Any]) -> dict[str, Any]:
        """Looks of before, whose own styles come back from the trash; without those that are gone for good."""
        named = {style["name"] for look in looks.values() for style in look.get("styles", ())}
        lost = named - {*BUILT_IN, *job.styles}
        for one in self.trash.all():
            label = job.trashed_styles.get(f"style-{one.number}.png")
            if one.kind == "style" and one.of == job.id and label in lost:
                self._style_back(job, one)
                lost.discard(label)
        return _without(looks, lost) if lost else looks

    # ---- and gone

    def _tidy_trash(self, now: float) -> None:
        """Delete for good what was in the trash for long, and the oldest of it where all takes too much."""
        taken = sum(self.jobs.size(job) for job in list(self.jobs))
        self.trash.tidy(now, 1e9 * self.options.gigabytes - taken, frozenset(self._needed()))

    def _needed(self) -> list[str]:
        """Styles in the trash that versions were painted with."""
        found = []
        for one in self.trash.all():
            job = self.jobs.get(one.of) if one.kind == "style" else None
            if job is None:
                continue
            with contextlib.suppress(OSError, ValueError, TypeError):  # a version goes, or cannot be read
                if job.trashed_styles.get(f"style-{one.number}.png") in versions.styles_of(self.jobs.path(job)):
                    found.append(one.id)
        return found

    def trash_response(self, one: Trashed) -> TrashResponse:
        """Something in the trash as it is answered."""
        job, path = self.jobs.get(one.of), self.trash.path(one)
        if one.kind == "style":
            name = job.trashed_styles.get(f"style-{one.number}.png", "") if job else ""
        elif one.kind == "version":
            name = job.name if job else ""
        else:
            name = _name_in(path / (LOOK if one.kind == "look" else FILE))
        left = max(0.0, 3600 * HOURS - (self.clock.now - one.at))
        return TrashResponse(id=one.id, kind=one.kind, of=one.of, number=one.number, name=name, seconds_left=left)


def _number(file: str) -> int:
    return int(file.removeprefix("style-").removesuffix(".png"))


def _without(looks: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Looks without the styles of these names."""
    return {
        region: look | {"styles": [style for style in look.get("styles", ()) if style["name"] not in names]}
        for region, look in looks.items()
    }


def _name_in(file: Path) -> str:
    try:
        return str(json.loads(file.read_bytes()).get("name", ""))
    except (OSError, ValueError, AttributeError):
        return ""
