"""Portraits with their mattes, from the folder layouts they are published in.

A source is a folder or a ZIP of one; what lies in it is told by the names of its folders:

    image/NAME.jpg     mask/NAME.png       and, where there is one, parsing/NAME.png
    image/NAME.jpg     masked/NAME.jpg     the same photo with all but the person white: the matte is derived
    clip_img/GROUP/clip_X/NAME.jpg         matting/GROUP/matting_X/NAME.png, RGBA: AISegment's matting set

each at the top or, already divided, below train/ and val/.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from styfie.errors import InputError, MissingError

Pixels = NDArray[np.uint8]
UNLABELLED = 255
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
HELD_OUT = 10  # one group in ten, where the source is not divided
WHITE = 24 / 255  # a photo's colour nearer to white than this says nothing of the alpha
FOLDERS = {"train", "val", "image", "mask", "masked", "parsing", "clip_img", "matting", "backgrounds", "cutouts"}
WANTED = (
    "a folder or ZIP is wanted with image/NAME.jpg and mask/NAME.png, with image/NAME.jpg and masked/NAME.jpg, or with "
    "clip_img/ and matting/ as AISegment has them, at its top or below train/ and val/"
)


class Portrait:
    """uint8 arrays of one `size` (H, W): image (H, W, 3), matte (H, W) and part labels (H, W), `UNLABELLED` where none.

    `make` gives the three when one is first looked at, so that a portrait that is only counted costs nothing.
    """

    def __init__(self, name: str, size: tuple[int, int], make: Callable[[], tuple[Pixels, Pixels, Pixels]]) -> None:
        self.name, self.size, self._make = name, size, make

    @cached_property
    def _made(self) -> tuple[Pixels, Pixels, Pixels]:
        return self._make()

    @property
    def image(self) -> Pixels:
        """RGB."""
        return self._made[0]

    @property
    def matte(self) -> Pixels:
        """255 = the person."""
        return self._made[1]

    @property
    def parts(self) -> Pixels:
        """Part labels."""
        return self._made[2]


class Files:
    """The files of a folder or ZIP by their paths in it, sorted; a lone folder around everything is looked through.

    Raises:
        MissingError: nothing is there.
        InputError: it is neither folder nor ZIP.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        if source.is_dir():
            self._pack = None
            names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
        elif zipfile.is_zipfile(source):
            self._pack = zipfile.ZipFile(source)
            names = [name for name in self._pack.namelist() if not name.endswith("/")]
        elif source.exists():
            raise InputError(f"{source} is neither a folder nor a ZIP: {WANTED}.")
        else:
            raise MissingError(f"No portraits at {source}: {WANTED}.")
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

    def open(self, name: str) -> Image.Image:
        """A picture, its pixels not yet decoded."""
        whole = self._around + name
        try:
            return Image.open(io.BytesIO(self._pack.read(whole) if self._pack else (self.source / whole).read_bytes()))
        except (UnidentifiedImageError, OSError) as error:
            raise InputError(f"{name} in {self.source} cannot be read as a picture: replace or remove it.") from error


@dataclass(frozen=True)
class Entry:
    """Where a portrait's pictures lie; `group` is whose they are, `source` is what --leave-out knows it by."""

    name: str
    group: str
    source: str
    image: str
    truth: str
    parts: str | None = None


def alpha_of(image: Pixels, masked: Pixels) -> Pixels:
    """The matte (H, W) of a photo (H, W, 3) and the same with the person kept and the rest white.

    Per pixel the least squares solution of masked = a * photo + (1 - a) * white over the channels. Where the photo
    is all but white any alpha would do: there the nearest pixel that knows is repeated.
    """
    dark, kept = (1 - x.astype(np.float32) / 255 for x in (image, masked))
    length = (dark**2).sum(2)
    alpha = ((dark * kept).sum(2) / np.maximum(length, 1e-6)).clip(0, 1)
    unknown = length < 3 * WHITE**2
    if unknown.all():
        return np.zeros(unknown.shape, np.uint8)
    nearest = ndimage.distance_transform_edt(unknown, return_distances=False, return_indices=True)
    found: Pixels = (alpha[tuple(nearest)] * 255).round().astype(np.uint8)
    return found


class PortraitSet:
    """The portraits of one layout at the top of `source`, or in its folder `part`, in the order of their names.

    Raises:
        MissingError: no layout that is known lies there.
        InputError: a picture lacks its mask, or there is none.
    """

    def __init__(self, source: Path | Files, part: str = "", keep: Callable[[Entry], bool] | None = None) -> None:
        self.files = source if isinstance(source, Files) else Files(source)
        root = f"{part}/" if part else ""
        folders = {name.removeprefix(root).split("/")[0] for name in self.files.names if name.startswith(root)}
        for wanted, find, self._matte in LAYOUTS:
            if wanted <= folders:
                entries = find(self.files, root)
                break
        else:
            raise MissingError(f"No portraits at {self.files.source / part}: {WANTED}.")
        self.entries = [entry for entry in entries if keep is None or keep(entry)]
        if not self.entries:
            raise InputError(f"{self.files.source / part}: no picture in {min(folders & {'image', 'clip_img'})}/.")

    @property
    def names(self) -> list[str]:
        """Each portrait's path without suffix."""
        return [entry.name for entry in self.entries]

    @property
    def groups(self) -> list[str]:
        """Whose each portrait is: pictures of one group are never divided."""
        return [entry.group for entry in self.entries]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Portrait:
        """Portrait `index`.

        Raises:
            InputError: a picture cannot be read, or photo and mask differ in size.
        """
        entry = self.entries[index]
        picture = self.files.open(entry.image)

        def make() -> tuple[Pixels, Pixels, Pixels]:
            try:
                image = np.asarray(picture.convert("RGB"))
                matte = self._matte(image, self.files.open(entry.truth))
                parts = np.asarray(self.files.open(entry.parts)) if entry.parts else np.full_like(matte, UNLABELLED)
            except (OSError, ValueError) as error:
                raise InputError(f"{entry.image} and {entry.truth} in {self.files.source}: {error}.") from error
            if {matte.shape, parts.shape} != {image.shape[:2]}:
                raise InputError(f"{entry.image} and {entry.truth} in {self.files.source} are not of one size.")
            return image, matte, parts

        return Portrait(entry.name, (picture.height, picture.width), make)


def open_portraits(source: Path | Files) -> tuple[PortraitSet, PortraitSet]:
    """The portraits to learn from and those to score on.

    What lies in train/ and val/ where they are. Else one group in ten, by a checksum of its name: the same groups
    whatever else lies beside them. A group is AISegment's GROUP folder; in the other layouts the folder below
    image/, or the name without its last number (`anna_03` is of `anna`). Where all names lead to one group,
    each picture is its own.

    Raises:
        MissingError, InputError: as `PortraitSet`; or there is only one picture.
    """
    files = source if isinstance(source, Files) else Files(source)
    tops = {name.split("/")[0] for name in files.names}
    if {"train", "val"} <= tops:
        return PortraitSet(files, "train"), PortraitSet(files, "val")
    whole = PortraitSet(files, "train" if "train" in tops else "")
    if len(whole) < 2:
        raise InputError(f"{files.source} holds a single portrait: one to learn from and one to score on are needed.")
    own = len(set(whole.groups)) == 1
    held = held_out(whole.names if own else whole.groups)

    def is_held(entry: Entry) -> bool:
        return (entry.name if own else entry.group) in held

    part = "train" if "train" in tops else ""
    return PortraitSet(files, part, lambda entry: not is_held(entry)), PortraitSet(files, part, is_held)


def held_out(groups: Iterable[str], one_in: int = HELD_OUT) -> set[str]:
    """The groups to score on: some, and never all, of two or more."""
    ordered = sorted(set(groups), key=lambda group: zlib.crc32(group.encode()))
    chosen = {group for group in ordered if zlib.crc32(group.encode()) % one_in == 0} or {ordered[0]}
    return chosen - {ordered[-1]} if len(chosen) == len(ordered) else chosen


def _beside(files: Files, root: str, truths: str) -> list[Entry]:
    images, masks, parts = (files.below(root + folder) for folder in ("image", truths, "parsing"))
    missing = [name for name in images if name not in masks]
    if missing:
        raise InputError(f"{files.source}: {images[missing[0]]} has no {truths}/{missing[0]}.png.")
    return [
        Entry(name, _group(name), PurePosixPath(name).name.split("_")[0], image, masks[name], parts.get(name))
        for name, image in sorted(images.items())
    ]


def _group(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return folder or re.sub(r"[_-]?\d+$", "", last)


def _aisegment(files: Files, root: str) -> list[Entry]:
    """A photo without its matte is passed over: a set of this size is rarely whole."""
    mattes = files.below(f"{root}matting")
    images = files.below(f"{root}clip_img")
    found = []
    for name, image in sorted(images.items()):
        group = name.split("/")[0]
        truth = mattes.get(name.replace("/clip_", "/matting_", 1))
        if truth:
            found.append(Entry(name, group, group, image, truth))
    return found


def _matte_of_mask(_: Pixels, truth: Image.Image) -> Pixels:
    return np.asarray(truth.convert("L"))


def _matte_of_white(image: Pixels, truth: Image.Image) -> Pixels:
    masked = np.asarray(truth.convert("RGB"))
    return alpha_of(image, masked) if masked.shape == image.shape else masked[..., 0]


def _matte_of_alpha(_: Pixels, truth: Image.Image) -> Pixels:
    return np.asarray(truth.getchannel("A"))


Layout = tuple[set[str], Callable[[Files, str], list[Entry]], Callable[[Pixels, Image.Image], Pixels]]
LAYOUTS: Sequence[Layout] = (
    ({"clip_img", "matting"}, _aisegment, _matte_of_alpha),
    ({"image", "mask"}, lambda files, root: _beside(files, root, "mask"), _matte_of_mask),
    ({"image", "masked"}, lambda files, root: _beside(files, root, "masked"), _matte_of_white),
)


def sources_of(portraits: Iterable[PortraitSet]) -> Counter[str]:
    """How many portraits there are of each source."""
    return Counter(entry.source for one in portraits for entry in one.entries)
