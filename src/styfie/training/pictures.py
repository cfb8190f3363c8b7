"""Pictures for training, from folders and from packs, decoded once and kept in memory.

A pack is a ZIP of pictures: it may be named in place of a folder, or lie inside one.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from styfie.errors import InputError, MissingError
from styfie.training.files import Opened, Pack, naming

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
Pixels = NDArray[np.uint8]


class PictureSet:
    """All pictures below one folder, or in one pack, in the order of their names.

    `held_out` picks a fixed share of them by a checksum of the name: the same pictures whatever
    else lies beside them, so that what was held back stays held back. Pictures whose path below `source`
    has one of the words of `leave_out` in it are not taken, nor those with a side of less than `least` pixels.

    Raises:
        MissingError: there is nothing at `source`.
        InputError: it holds no picture, or a ZIP is damaged.
    """

    def __init__(
        self,
        source: Path,
        *,
        held_out: bool = False,
        one_in: int = 20,
        leave_out: Sequence[str] = (),
        least: int = 0,
    ) -> None:
        if not source.exists():
            raise MissingError(f"No training pictures at {source}: name a folder or a ZIP of pictures.")
        self._entries = [
            entry
            for entry in _entries(source)
            if (zlib.crc32(Path(entry[1]).stem.encode()) % one_in == 0) == held_out
            and not any(word in _inside(source, entry[1]) for word in leave_out)
        ]
        self._packs: dict[Path, Pack] = {}
        self._entries = [entry for entry in self._entries if not least or min(self._size(entry)) >= least]
        if not self._entries:
            large = f" of {least} pixels or more" if least else ""
            raise InputError(f"{source} holds no JPEG, PNG or WebP picture{large} to train on.")
        self._decoded: dict[int, Pixels] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Pixels:
        """Picture `index` as uint8 RGB (H, W, 3).

        Raises:
            InputError: it cannot be read.
        """
        if index not in self._decoded:
            pack, name = self._entries[index]
            with naming(Path(name).name, pack or Path(name).parent):
                content = self._read(pack, name)
            picture = Opened(content, Path(name).name, pack or Path(name).parent)
            self._decoded[index] = np.asarray(picture.decoded().convert("RGB"))
        return self._decoded[index]

    @property
    def names(self) -> list[str]:
        """Every picture's file name, as found."""
        return [name for _, name in self._entries]

    def _size(self, entry: tuple[Path | None, str]) -> tuple[int, int]:
        """Width and height of a picture, from its header alone."""
        pack, name = entry
        with naming(Path(name).name, pack or Path(name).parent), Image.open(io.BytesIO(self._read(pack, name))) as one:
            return one.size

    def _read(self, pack: Path | None, name: str) -> bytes:
        if pack is None:
            return Path(name).read_bytes()
        if pack not in self._packs:
            self._packs[pack] = Pack(pack)
        return self._packs[pack].read(name)


def _inside(source: Path, name: str) -> str:
    """The path below `source`: where that lies says nothing of a picture."""
    return name.removeprefix(str(source))


def _entries(source: Path) -> Iterator[tuple[Path | None, str]]:
    """(pack or None, name) of every picture below `source`."""
    for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
        if path.suffix.lower() in SUFFIXES:
            yield None, str(path)
        elif path.suffix.lower() == ".zip":
            yield from ((path, name) for name in sorted(Pack(path).names) if Path(name).suffix.lower() in SUFFIXES)


def random_crop(pixels: Pixels, side: int, rng: np.random.Generator, widest: float = 3.0) -> Pixels:
    """A random square of the picture, of `side` to `widest * side` pixels where it has them, scaled to `side`."""
    height, width = pixels.shape[:2]
    longest = min(height, width, round(side * widest))
    crop = int(rng.integers(min(side, longest), longest + 1))
    top, left = int(rng.integers(height - crop + 1)), int(rng.integers(width - crop + 1))
    square = Image.fromarray(pixels[top : top + crop, left : left + crop])
    if crop != side:
        square = square.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    found = np.asarray(square)
    return found[:, ::-1] if rng.random() < 0.5 else found
