"""The pictures of a folder or ZIP, each read upright; what is damaged is named in one sentence."""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from PIL import ExifTags, Image, ImageOps

from styfie.errors import InputError, MissingError, StyfieError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
FOLDERS = {"train", "val", "image", "mask", "masked", "parsing", "clip_img", "matting", "backgrounds", "cutouts"}
PROMPT_WANTED = (
    "a folder or ZIP is wanted with image/NAME.jpg and mask/NAME.png, with image/NAME.jpg and masked/NAME.jpg, or with "
    "clip_img/ and matting/ as AISegment has them, at its top or below train/ and val/"
)
# What Pillow and zipfile raise for damaged, missing and encrypted files.
DAMAGED = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
)
ON_ITS_SIDE = {5, 6, 7, 8}  # EXIF orientations that exchange width and height


@contextmanager
def naming(name: str, source: Path) -> Iterator[None]:
    """Make one sentence of what goes wrong while the picture `name` of `source` is read."""
    try:
        yield
    except StyfieError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} in {source} has more than 178 megapixels: make it smaller, or remove it.") from error
    except DAMAGED as error:
        raise InputError(f"{name} in {source} cannot be read as a picture: replace or remove it.") from error


class Pack:
    """A ZIP to read from, opened anew in each process: those that share a file share their place in it.

    Raises:
        InputError: it is none, or damaged.
    """

    def __init__(self, source: Path) -> None:
        self.source, self._owner = source, 0
        self.names = self._opened().namelist()

    def read(self, name: str) -> bytes:
        """A file's content."""
        return self._opened().read(name)

    def open(self, name: str) -> IO[bytes]:
        """A file, to read some of."""
        return self._opened().open(name)

    def _opened(self) -> zipfile.ZipFile:
        if self._owner != os.getpid():
            try:
                self._zip, self._owner = zipfile.ZipFile(self.source), os.getpid()
            except DAMAGED as error:
                raise InputError(f"{self.source} is no ZIP that can be read: get a whole copy.") from error
        return self._zip


class Opened:
    """A picture of a source: its upright size at once, its pixels when they are asked for.

    Raises:
        InputError: it cannot be read; also when its pixels are asked for.
    """

    def __init__(self, content: bytes, name: str, source: Path) -> None:
        self.name, self.source = name, source
        with naming(name, source):
            self._image = Image.open(io.BytesIO(content))
            turned = self._image.getexif().get(ExifTags.Base.Orientation) in ON_ITS_SIDE
        self.width, self.height = self._image.size[::-1] if turned else self._image.size

    def decoded(self) -> Image.Image:
        """The picture, upright, in its own mode."""
        with naming(self.name, self.source):
            return ImageOps.exif_transpose(self._image)


class Files:
    """The files of a folder or ZIP by their paths in it, sorted; a lone folder around everything is looked through.

    Raises:
        MissingError: nothing is there.
        InputError: it is neither folder nor ZIP, or a damaged ZIP.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        if source.is_dir():
            self._pack: Pack | None = None
            names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
        elif zipfile.is_zipfile(source):
            self._pack = Pack(source)
            names = [name for name in self._pack.names if not name.endswith("/")]
        elif source.exists():
            raise InputError(f"{source} is neither a folder nor a ZIP that can be read: {PROMPT_WANTED}.")
        else:
            raise MissingError(f"No portraits at {source}: {PROMPT_WANTED}.")
        names = sorted(name for name in names if not re.search(r"(^|/)(\.|__MACOSX/)", name))
        tops = {name.split("/")[0] for name in names}
        self._around = ""
        if len(tops) == 1 and not tops & FOLDERS and all("/" in name for name in names):
            self._around = f"{tops.pop()}/"
        self.names = [name.removeprefix(self._around) for name in names]

    def below(self, folder: str, suffixes: tuple[str, ...] = SUFFIXES) -> dict[str, str]:
        """The pictures below a folder: path without that folder and without suffix -> name."""
        found = (name for name in self.names if name.startswith(f"{folder}/") and name.lower().endswith(suffixes))
        return {str(PurePosixPath(name).relative_to(folder).with_suffix("")): name for name in found}

    def open(self, name: str) -> Opened:
        """A picture, its pixels not yet decoded.

        Raises:
            InputError: it cannot be read.
        """
        return Opened(self.read(name), name, self.source)

    def read(self, name: str) -> bytes:
        """A file's content.

        Raises:
            InputError: it cannot be read.
        """
        whole = self._around + name
        with naming(name, self.source):
            return self._pack.read(whole) if self._pack else (self.source / whole).read_bytes()

    def size_of(self, name: str) -> tuple[int, int]:
        """The shorter and the longer side of a picture, from the first bytes of its file alone.

        Raises:
            InputError: it cannot be read.
        """
        whole = self._around + name
        with naming(name, self.source):
            stream = self._pack.open(whole) if self._pack else (self.source / whole).open("rb")
            with stream, Image.open(stream) as image:
                return min(image.size), max(image.size)
