"""What comes from outside, written into a job's folder and decoded by a worker."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from styfie.errors import InputError
from styfie.gallery import BUILT_IN
from styfie.storage.atomic import sync
from styfie.web.errors import TooLateError, WorkerDiedError
from styfie.web.filetypes import SIGNATURE_BYTES, ZIP, suffix_of
from styfie.web.jobs import Job, Jobs
from styfie.web.lookfiles import LookFile, picture_of
from styfie.web.messages import message
from styfie.web.schemas import PaintRequest
from styfie.web.workers import Worker

LATE = 40.0  # seconds that decoding may take
MAX_STYLES = 12  # that one job may have of its own
LABEL = 60  # letters of a style's name


@dataclass(frozen=True)
class Source:
    """Where a photo came from: its file's name, the batch it is of, and the size it is to be painted at.

    `first` are the styles of its first small sketch, of the person and of what is behind; none: there is none.
    """

    name: str = ""
    batch: str = ""
    size: int | None = None
    first: tuple[str, str] | None = None


class Uploads:
    """Takes photos, styles, masks and recipes for jobs; `reader` decodes them, of at most so many pixels.

    Photos are kept for painting with a `longest` side of so many pixels.
    """

    def __init__(self, jobs: Jobs, reader: Worker, most_pixels: int, longest: int) -> None:
        self.jobs, self.reader, self.most_pixels, self.longest = jobs, reader, most_pixels, longest

    async def take_photo(self, job: Job, photo: BinaryIO) -> None:
        """The photo of a new job.

        Raises:
            InputError: it cannot be used.
        """
        file = await _write(photo, self.jobs.path(job) / "upload")
        job.upload = file.name
        await self.read_photo(job)

    async def read_photo(self, job: Job) -> None:
        """Have a job's photo decoded, and shown small.

        Raises:
            InputError: it cannot be.
        """
        file = self.jobs.path(job) / job.upload
        found = await self._decode("photo", str(file), self.most_pixels, self.longest)
        job.width, job.height = found["width"], found["height"]

    async def write_whole(self, job: Job) -> None:
        """Have a job's photo written for everybody who looks at it then.

        Raises:
            InputError: it cannot be.
        """
        file = self.jobs.path(job) / job.upload
        await self._decode("whole", str(file), self.most_pixels, self.longest)

    async def read_frame(self, frame: bytes, most_pixels: int, size: int) -> tuple[bytes, int, int]:
        """The pixels of a camera's frame, at most `size` long, as `reading.frame` gives them, with height and width.

        Raises:
            InputError: it cannot be decoded.
        """
        found: tuple[bytes, int, int] = await self._decode("frame", frame, most_pixels, size)
        return found

    async def read_clip(self, clip: Job, most_seconds: float) -> dict[str, int]:
        """Width, height and number of frames of a clip, whose first frame is written beside.

        Raises:
            InputError: it cannot be painted.
        """
        file = self.jobs.path(clip) / clip.upload
        found: dict[str, int] = await self._decode("clip", str(file), self.most_pixels, most_seconds)
        return found

    @contextlib.asynccontextmanager
    async def mask(self, job: Job, mask: BinaryIO) -> AsyncIterator[Path]:
        """A brushed mask as a file that is there meanwhile."""
        file = await _write(mask, self.jobs.path(job) / "brushed")
        try:
            await self._decode("mask", str(file), job.width, job.height, self.most_pixels)
            yield file
        finally:
            file.unlink(missing_ok=True)

    async def take_style(self, job: Job, name: str, style: BinaryIO) -> str:
        """A style picture of the user's own; what it is called in looks."""
        folder = self.jobs.path(job)
        if len(job.styles) >= MAX_STYLES:
            raise InputError(message("error.styles_full", count=MAX_STYLES))
        label = free_label(name, {*BUILT_IN, *job.styles})
        into = folder / _style_file(job)
        file = await _write(style, into.with_name(f"sent-{into.stem}"))
        try:
            await self._decode("style", str(file), str(into), self.most_pixels)
        finally:
            file.unlink(missing_ok=True)
        job.styles[label] = into.name
        return label

    async def take_recipe(self, job: Job, recipe: BinaryIO) -> PaintRequest:
        """What a `painting.ora`, a `recipe.json` or a look's file asks; styles in it become the job's own."""
        folder = self.jobs.path(job)
        file, unpacked, zipped = folder / "recipe", folder / "unpacked", recipe.read(len(ZIP)) == ZIP
        recipe.seek(0)
        with file.open("wb") as written:
            await asyncio.to_thread(shutil.copyfileobj, recipe, written)
        try:
            if not zipped:
                look = LookFile.from_json(file.read_bytes(), "recipe")
                return _renamed(look, {name: await self._take_picture(job, name, look) for name in look.pictures})
            unpacked.mkdir()
            found = await self._decode("recipe", str(file), str(unpacked), self.most_pixels)
            called = {name: self._own(job, name, unpacked / one) for name, one in found["styles"].items()}
        finally:
            file.unlink(missing_ok=True)
            shutil.rmtree(unpacked, ignore_errors=True)
        return _renamed(PaintRequest.from_json(found["request"], "recipe"), called)

    def _own(self, job: Job, name: str, picture: Path) -> str:
        """A style picture that was decoded already becomes the job's own; what it is called here."""
        label = free_label(name, {*BUILT_IN, *job.styles})
        into = picture.replace(self.jobs.path(job) / _style_file(job))
        job.styles[label] = into.name
        return label

    async def _take_picture(self, job: Job, name: str, look: LookFile) -> str:
        """A picture in a look's file; one that the job has already is not taken twice."""
        data = picture_of(name, look.pictures[name])
        if name in job.styles and (self.jobs.path(job) / job.styles[name]).read_bytes() == data:
            return name
        return await self.take_style(job, name, io.BytesIO(data))

    async def _decode(self, name: str, *given: Any) -> Any:
        """Have a file from outside decoded.

        Raises:
            InputError: it cannot be, for whatever reason.
        """
        try:
            return await self.reader.call(name, *given, seconds=LATE)
        except TooLateError:
            raise InputError(message("error.slow_file", seconds=f"{LATE:g}")) from None
        except WorkerDiedError:
            raise InputError(message("error.unreadable")) from None


def _style_file(job: Job) -> str:
    """A name for the file of the job's next style picture."""
    taken = {*job.styles.values(), *job.trashed_styles}
    return next(name for number in itertools.count(1) if (name := f"style-{number}.png") not in taken)


def _renamed(request: PaintRequest, called: dict[str, str]) -> PaintRequest:
    """The same with its styles as they are called here."""
    for style in (style for look in request.looks.values() for style in look.styles):
        style.name = called.get(style.name, style.name)
    return request


def photo_name(name: str) -> str:
    """What a photo is called, after its file; nothing if it has no name of its own."""
    return "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[-120:].strip()


def label_of(name: str) -> str:
    """What a style picture is called in looks, after its file: `my …` if that is what one of the gallery is called."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    label = "".join(c for c in base if c.isprintable())[-LABEL:].strip() or "style"
    return f"my {label}"[:LABEL] if label in BUILT_IN else label


def free_label(name: str, taken: set[str]) -> str:
    """The same, told apart from those that are known, as phones call all they send alike: the second is `… (2)`."""
    label = label_of(name)
    stem, dot, suffix = label.rpartition(".")
    stem, end = (stem, dot + suffix) if stem else (label, "")
    number, found = 1, label
    while found in taken:
        number += 1
        found = f"{stem[: LABEL - len(f' ({number}){end}')]} ({number}){end}"
    return found


async def _write(sent: BinaryIO, path: Path) -> Path:
    """What was sent as a file, `path` with the suffix that its first bytes say.

    Raises:
        InputError: there is nothing in it, or it is of no kind that is taken.
    """
    start = sent.read(SIGNATURE_BYTES)
    if not start:
        raise InputError(message("error.empty"))
    file = path.with_suffix(suffix_of(start))
    sent.seek(0)
    with file.open("wb") as written:
        await asyncio.to_thread(shutil.copyfileobj, sent, written, 1 << 20)
    await asyncio.to_thread(sync, file)  # who is told that it came can rely on it
    return file
