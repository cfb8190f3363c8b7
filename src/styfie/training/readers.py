"""Portraits with their mattes, from the folder layouts they are published in.

A source is a folder or a ZIP of one; what lies in it is told by the names of its folders:

    image/NAME.jpg     mask/NAME.png       and, where there is one, parsing/NAME.png
    image/NAME.jpg     masked/NAME.jpg     the same photo with all but the person white: the matte is derived
    clip_img/GROUP/clip_X/NAME.jpg         matting/GROUP/matting_X/NAME.png, RGBA: AISegment's matting set

each at the top or, already divided, below train/ and val/.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from styfie.errors import InputError, MissingError
from styfie.evaluation.parts import PART_NAMES, UNLABELLED
from styfie.training.files import PROMPT_WANTED, Files, Opened

Pixels = NDArray[np.uint8]
HELD_OUT = 10  # one group in ten, where the source is not divided
WHITE = 24 / 255  # a photo's colour nearer to white than this says nothing of the alpha


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
            raise MissingError(f"No portraits at {self.files.source / part}: {PROMPT_WANTED}.")
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
            InputError: a picture cannot be read, photo and mask differ in size, or mask or labels hold other values.
        """
        entry = self.entries[index]
        picture = self.files.open(entry.image)

        def make() -> tuple[Pixels, Pixels, Pixels]:
            image = np.asarray(picture.decoded().convert("RGB"))
            matte = self._matte(image, self.files.open(entry.truth))
            parts = labels_of(self.files.open(entry.parts)) if entry.parts else np.full_like(matte, UNLABELLED)
            if {matte.shape, parts.shape} != {image.shape[:2]}:
                raise InputError(f"{entry.image} and {entry.truth} in {self.files.source} are not of one size.")
            return image, matte, parts

        return Portrait(entry.name, (picture.height, picture.width), make)

    def check(self) -> None:
        """Look at the first bytes of every picture, which is quick and finds most that would stop a long job.

        Raises:
            InputError: a picture is none, or a photo and its truth differ in size.
        """
        for entry in self.entries:
            files = [name for name in (entry.image, entry.truth, entry.parts) if name]
            if len({self.files.size_of(name) for name in files}) > 1:
                raise InputError(f"{' and '.join(files)} in {self.files.source} are not of one size.")


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

    def is_held_out(entry: Entry) -> bool:
        return (entry.name if own else entry.group) in held

    part = "train" if "train" in tops else ""
    return PortraitSet(files, part, lambda entry: not is_held_out(entry)), PortraitSet(files, part, is_held_out)


def held_out(groups: Iterable[str], one_in: int = HELD_OUT) -> set[str]:
    """The groups to score on: some, and never all, of two or more."""
    ordered = sorted(set(groups), key=lambda group: zlib.crc32(group.encode()))
    chosen = {group for group in ordered if zlib.crc32(group.encode()) % one_in == 0} or {ordered[0]}
    return chosen - {ordered[-1]} if len(chosen) == len(ordered) else chosen


def _paired_entries(files: Files, root: str, truths: str) -> list[Entry]:
    images, masks, parts = (files.below(root + folder) for folder in ("image", truths, "parsing"))
    missing = [name for name in images if name not in masks]
    if missing:
        raise InputError(f"{files.source}: {images[missing[0]]} has no {truths}/{missing[0]}.png.")
    found = [
        Entry(name, _group(name), _source(name), image, masks[name], parts.get(name))
        for name, image in sorted(images.items())
    ]
    if len(found) > 1 and Counter(entry.source for entry in found).most_common(1)[0][1] == 1:
        whole = files.source.resolve()  # names that tell no sources apart: all are of one
        return [replace(entry, source=whole.name if whole.is_dir() else whole.stem) for entry in found]
    return found


def _group(name: str) -> str:
    folder, _, last = name.rpartition("/")
    return folder or re.sub(r"[_-]?\d+$", "", last)


def _source(name: str) -> str:
    top, below, _ = name.partition("/")
    return top if below else name.split("_")[0]


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


def values_of(mask: Opened) -> Pixels:
    """A mask's values (H, W), 255 = inside: its alpha where that hides something, else its luma, of 16 bits too.

    Raises:
        InputError: it cannot be read, or nothing in it is lighter than black to the eye, such as 1 for inside.
    """
    image = mask.decoded()
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    alpha = image.convert("RGBA").getchannel("A") if see_through else None
    if alpha is not None and alpha.getextrema()[0] != 255:
        image = alpha
    full = 65535 if image.mode.startswith("I") else 255
    values = np.asarray(image if full > 255 else image.convert("L"))
    highest = int(values.max())
    if 0 < highest <= full // 255:
        raise InputError(
            f"{mask.name} in {mask.source} has the values 0 {'and' if highest == 1 else 'to'} {highest}: "
            f"0 and {full} are wanted, {full} for the person."
        )
    if full == 255:
        return values
    found: Pixels = (values.clip(0, full) / (full / 255)).round().astype(np.uint8)
    return found


def labels_of(parsing: Opened) -> Pixels:
    """Part labels (H, W): indices into `PART_NAMES`, or `UNLABELLED`.

    Raises:
        InputError: it cannot be read, or has other values, or more than one channel.
    """
    labels, called, last = np.asarray(parsing.decoded()), f"{parsing.name} in {parsing.source}", len(PART_NAMES) - 1
    if labels.ndim != 2:
        raise InputError(f"{called} has {labels.shape[2]} channels: one channel is wanted, of part labels.")
    known = (labels >= 0) & (labels <= last) | (labels == UNLABELLED)
    if not known.all():
        raise InputError(
            f"{called} has the label {labels[~known][0]}: 0 to {last} are wanted ({', '.join(PART_NAMES)}), "
            f"or {UNLABELLED} where it is not known."
        )
    return labels.astype(np.uint8, copy=False)


def _matte_of_mask(_: Pixels, truth: Opened) -> Pixels:
    return values_of(truth)


def _matte_of_white(image: Pixels, truth: Opened) -> Pixels:
    masked = np.asarray(truth.decoded().convert("RGB"))
    return alpha_of(image, masked) if masked.shape == image.shape else masked[..., 0]


def _matte_of_alpha(_: Pixels, truth: Opened) -> Pixels:
    image = truth.decoded()
    if "A" not in image.getbands():
        raise InputError(f"{truth.name} in {truth.source} has no alpha channel: a matte in RGBA is wanted.")
    return np.asarray(image.getchannel("A"))


Layout = tuple[set[str], Callable[[Files, str], list[Entry]], Callable[[Pixels, Opened], Pixels]]
LAYOUTS: Sequence[Layout] = (
    ({"clip_img", "matting"}, _aisegment, _matte_of_alpha),
    ({"image", "mask"}, lambda files, root: _paired_entries(files, root, "mask"), _matte_of_mask),
    ({"image", "masked"}, lambda files, root: _paired_entries(files, root, "masked"), _matte_of_white),
)
