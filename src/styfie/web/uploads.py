"""What comes from outside, written into a job's folder and decoded by a worker."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

from styfie.errors import InputError
from styfie.gallery import BUILT_IN
from styfie.storage.atomic import sync
from styfie.web.errors import TooLateError, WorkerDiedError
from styfie.web.filetypes import SIGNATURE_BYTES, ZIP, suffix_of
from styfie.web.jobs import Job, Jobs
from styfie.web.schemas import PaintRequest
from styfie.web.workers import Worker

LATE = 40.0  # seconds that decoding may take
MAX_STYLES = 12  # that one job may have of its own
LABEL = 60  # letters of a style's name


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
        """Have a job's photo decoded, for everybody who looks at it then.

        Raises:
            InputError: it cannot be.
        """
        file = self.jobs.path(job) / job.upload
        found = await self._decode("photo", str(file), self.most_pixels, self.longest)
        job.width, job.height = found["width"], found["height"]

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
        number = 1 + len(job.styles)
        if number > MAX_STYLES:
            raise InputError(f"A job may have {MAX_STYLES} styles of its own, and it has them.")
        label = _label(name, {*BUILT_IN, *job.styles})
        file, into = await _write(style, folder / f"sent-{number}"), folder / f"style-{number}.png"
        try:
            await self._decode("style", str(file), str(into), self.most_pixels)
        finally:
            file.unlink(missing_ok=True)
        job.styles[label] = into.name
        return label

    async def take_recipe(self, job: Job, recipe: BinaryIO) -> PaintRequest:
        """What a `painting.ora` or a `recipe.json` asks; styles that are in it become the job's own."""
        folder = self.jobs.path(job)
        file, zipped = folder / "recipe", recipe.read(len(ZIP)) == ZIP
        recipe.seek(0)
        with file.open("wb") as written:
            await asyncio.to_thread(shutil.copyfileobj, recipe, written)
        try:
            if not zipped:
                return PaintRequest.from_json(file.read_bytes(), "recipe")
            found = await self._decode("recipe", str(file), str(folder), self.most_pixels)
        finally:
            file.unlink(missing_ok=True)
        asked = PaintRequest.from_json(found["request"], "recipe")
        called = {
            name: _label(name, {*BUILT_IN, *job.styles}) for name in found["styles"]
        }  # one may have been sent, too
        job.styles |= {called[name]: file for name, file in found["styles"].items()}
        for style in (style for look in asked.looks.values() for style in look.styles):
            style.name = called.get(style.name, style.name)
        return asked

    async def _decode(self, name: str, *given: Any) -> Any:
        """Have a file from outside decoded.

        Raises:
            InputError: it cannot be, for whatever reason.
        """
        try:
            return await self.reader.call(name, *given, seconds=LATE)
        except TooLateError:
            raise InputError(f"The file could not be read within {LATE:g} seconds: a smaller one is wanted.") from None
        except WorkerDiedError:
            raise InputError("The file could not be read: it is damaged, or needs too much memory.") from None


def photo_name(name: str) -> str:
    """What a photo is called, after its file; nothing if it has no name of its own."""
    return "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[-120:].strip()


def label_of(name: str) -> str:
    """What a style picture is called in looks, after its file: `my …` if that is what one of the gallery is called."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    label = "".join(c for c in base if c.isprintable())[-LABEL:].strip() or "style"
    return f"my {label}"[:LABEL] if label in BUILT_IN else label


def _label(name: str, taken: set[str]) -> str:
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
        raise InputError("The file that was sent is empty: a picture is wanted.")
    file = path.with_suffix(suffix_of(start))
    sent.seek(0)
    with file.open("wb") as written:
        await asyncio.to_thread(shutil.copyfileobj, sent, written, 1 << 20)
    await asyncio.to_thread(sync, file)  # who is told that it came can rely on it
    return file
