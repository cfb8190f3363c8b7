"""Published sets of people with masks, read from the folders that their authors give out, to score on.

| name | folders | what counts as inside |
| --- | --- | --- |
| `aisegment` | `clip_img/`, `matting/` | the alpha of the RGBA picture |
| `p3m` | `original_image/` or `blurred_image/`, `mask/`, `trimap/` (P3M-10k, Li et al. 2021) | the mask's grey |
| `ppm` | `image/`, `matte/` (PPM-100, Ke et al. 2020) | the matte's grey |
| `aim` | `original/`, `mask/`, `trimap/` (AIM-500, Li et al. 2021: things, not only people) | the mask's grey |
| `easyportrait` | `images/val/`, `annotations/val/`, else test/ (Kvanchiani et al. 2023) | any label but 0 |
| `coco` | `val2017/`, `annotations/instances_val2017.json` (Lin et al. 2014) | the polygons and runs of all people |
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from styfie.errors import InputError, MissingError
from styfie.evaluation.parts import UNLABELLED
from styfie.training.files import Files
from styfie.training.readers import Portrait, PortraitSet, values_of

Pixels = NDArray[np.uint8]
PERSON = 1  # COCO's number of this category


@dataclass(frozen=True)
class Pair:
    """Where a picture lies and how its mask (H, W), 255 = inside, is made; and its trimap, if it has one."""

    name: str
    image: str
    mask: Callable[[], Pixels]
    trimap: str | None = None


class PublishedSet:
    """The pictures of a published set, by number, as a segmenter is scored on.

    Raises:
        MissingError: its folders are not there.
        InputError: no such layout, or a picture lacks its mask.
    """

    def __init__(self, source: Path, layout: str) -> None:
        if layout not in LAYOUTS:
            raise InputError(f"The layout {layout} came: known are {', '.join(LAYOUTS)}.")
        self.files, self.layout = Files(source), layout
        self.pairs = list(LAYOUTS[layout](self.files))
        if not self.pairs:
            raise MissingError(f"No pictures of the layout {layout} at {source}: {WANTED[layout]} is wanted.")

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Portrait:
        """Picture `index` and its mask.

        Raises:
            InputError: one of them cannot be read, or they differ in size.
        """
        pair = self.pairs[index]
        picture = self.files.open(pair.image)

        def make() -> tuple[Pixels, Pixels, Pixels]:
            image, mask = np.asarray(picture.decoded().convert("RGB")), pair.mask()
            if mask.shape != image.shape[:2]:
                raise InputError(f"{pair.image} in {self.files.source} and its mask are not of one size.")
            return image, mask, np.full_like(mask, UNLABELLED)

        return Portrait(pair.name, (picture.height, picture.width), make)

    def trimap(self, index: int) -> Pixels | None:
        """The trimap (H, W) of picture `index`: 0 outside, 255 inside, others unknown; none if the set has none."""
        name = self.pairs[index].trimap
        return None if name is None else values_of(self.files.open(name))


def _paired(files: Files, images: Sequence[str], masks: str, trimaps: str = "") -> Iterator[Pair]:
    """Pictures in one of some folders, masks and trimaps of the same names in others."""
    truths, bands = files.below(masks), files.below(trimaps) if trimaps else {}
    folder = next((folder for folder in images if files.below(folder)), images[0])
    for name, image in files.below(folder).items():
        if name not in truths:
            raise InputError(f"{files.source}: {image} has no {masks}/{name}.png.")
        yield Pair(name, image, _reader(files, truths[name]), bands.get(name))


def _reader(files: Files, name: str) -> Callable[[], Pixels]:
    return lambda: values_of(files.open(name))


def _aisegment(files: Files) -> Iterator[Pair]:
    portraits = PortraitSet(files)
    for at, entry in enumerate(portraits.entries):
        yield Pair(entry.name, entry.image, lambda at=at: portraits[at].matte)  # type: ignore[misc]


def _easyportrait(files: Files) -> Iterator[Pair]:
    part = next((part for part in ("val", "test") if files.below(f"annotations/{part}")), "val")
    labels = files.below(f"annotations/{part}")

    def inside(name: str) -> Pixels:
        found = np.asarray(files.open(name).decoded())
        if found.ndim != 2:
            raise InputError(f"{name} in {files.source} has {found.shape[2]} channels: one is wanted, of labels.")
        return np.where(found > 0, np.uint8(255), np.uint8(0))

    for name, image in files.below(f"images/{part}").items():
        if name not in labels:
            raise InputError(f"{files.source}: {image} has no annotations/{part}/{name}.png.")
        yield Pair(name, image, lambda label=labels[name]: inside(label))  # type: ignore[misc]


def _coco(files: Files) -> Iterator[Pair]:
    table = next((n for n in files.names if n.startswith("annotations/instances_val") and n.endswith(".json")), None)
    if table is None:
        return
    try:
        content = json.loads(files.read(table))
        people: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for one in content["annotations"]:
            if one["category_id"] == PERSON:
                people[one["image_id"]].append(one["segmentation"])
        pictures = [(one["id"], one["file_name"], (one["height"], one["width"])) for one in content["images"]]
    except (ValueError, LookupError, TypeError):
        raise InputError(f"{table} in {files.source} is no table of COCO's: get a whole copy.") from None
    there = {name.rsplit("/", 1)[-1]: name for name in files.names if name.startswith("val2017/")}
    for number, name, size in pictures:
        if name in there:
            yield Pair(
                Path(name).stem,
                there[name],
                lambda size=size, number=number: draw_people(people[number], size),  # type: ignore[misc]
            )


def draw_people(segmentations: Sequence[Any], size: tuple[int, int]) -> Pixels:
    """The union (H, W), 255 = inside, of COCO's segmentations: lists of polygons, or runs down the columns."""
    found = np.zeros(size, np.uint8)
    for one in segmentations:
        if isinstance(one, list):
            drawn = Image.new("L", size[::-1])
            for polygon in one:
                ImageDraw.Draw(drawn).polygon([float(value) for value in polygon], fill=255, outline=255)
            found = np.maximum(found, np.asarray(drawn))
        else:
            found = np.maximum(found, runs_of(one["counts"], size))
    return found


def runs_of(counts: Sequence[int] | str, size: tuple[int, int]) -> Pixels:
    """A mask (H, W) from the lengths of its runs, nothing first, down one column after the other.

    Raises:
        InputError: they are packed into a text, as no set gives them out, or fill another size.
    """
    if isinstance(counts, str) or sum(counts) != size[0] * size[1]:
        raise InputError(f"A mask's runs do not fill its {size[1]}x{size[0]} pixels: get a whole copy of the table.")
    values = np.repeat(np.arange(len(counts)) % 2 * 255, counts).astype(np.uint8)
    return values.reshape(size, order="F")


LAYOUTS: dict[str, Callable[[Files], Iterator[Pair]]] = {
    "aisegment": _aisegment,
    "p3m": lambda files: _paired(files, ["original_image", "blurred_image"], "mask", "trimap"),
    "ppm": lambda files: _paired(files, ["image"], "matte"),
    "aim": lambda files: _paired(files, ["original"], "mask", "trimap"),
    "easyportrait": _easyportrait,
    "coco": _coco,
}
WANTED = {
    "aisegment": "clip_img/ and matting/",
    "p3m": "original_image/ or blurred_image/, and mask/",
    "ppm": "image/ and matte/",
    "aim": "original/ and mask/",
    "easyportrait": "images/val/ and annotations/val/",
    "coco": "val2017/ and annotations/instances_val2017.json",
}
