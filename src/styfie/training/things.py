"""Things of all kinds with a mask each: of pictures with numbered things, and of portraits and their parts.

A source is a folder or ZIP of portraits (see `readers`), or of

    image/NAME.jpg     instances/NAME.png, 0 = nothing, 1, 2, … = one thing each, and things.tsv beside them

at the top or below train/ and val/. `things.tsv` has the columns name, things (their categories, with commas between)
and licence, in any order, others besides; it may also lie above train/ and val/.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from styfie.errors import InputError
from styfie.evaluation.parts import MEANT, PART_NAMES, UNLABELLED
from styfie.training.files import Files
from styfie.training.readers import PortraitSet

TABLE = "things.tsv"
MIN_AREA = 0.02  # share of the picture that a thing has, at least


@dataclass(frozen=True, eq=False)
class Thing:
    """A mask (H, W) of one thing, and what it is."""

    category: str
    mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture, RGB (H, W, 3), and its things."""

    name: str
    image: NDArray[np.uint8]
    things: list[Thing]


def read_scenes(source: Path, part: str, leave_out: Sequence[str] = (), people: int = 0) -> Iterator[Scene]:
    """The pictures of `source`, in its folder `part` where there is one, that have things of the share `MIN_AREA`.

    Those with a word of `leave_out` in their path, or in the licence that `things.tsv` states, are passed over. Of
    portraits at most `people` are taken, evenly spread; all if 0.

    Raises:
        MissingError, InputError: as `PortraitSet`; or a picture has no instances, or no line in the table.
    """
    files = Files(source)
    root = f"{part}/" if any(name.startswith(f"{part}/") for name in files.names) else ""
    if any(name.startswith(f"{root}instances/") for name in files.names):
        scenes = _numbered(files, root, leave_out)
    else:
        scenes = _portraits(files, root.rstrip("/"), leave_out, people)
    for scene in scenes:
        if large := [thing for thing in scene.things if thing.mask.mean() >= MIN_AREA]:
            yield Scene(scene.name, scene.image, large)


def _numbered(files: Files, root: str, leave_out: Sequence[str]) -> Iterator[Scene]:
    stated = _table(files, root)
    images, masks = files.below(f"{root}image"), files.below(f"{root}instances")
    for name, image in images.items():
        if name not in masks or name not in stated:
            wanted = f"{root}instances/{name}.png" if name not in masks else f"line in {TABLE}"
            raise InputError(f"{files.source}: {image} has no {wanted}.")
    said = {name: f"{image} {stated[name].get('licence', '')}" for name, image in images.items()}
    for name in images:
        if any(word in said[name] for word in leave_out):
            continue
        numbers = np.asarray(files.open(masks[name]).decoded())
        pixels = np.asarray(files.open(images[name]).decoded().convert("RGB"))
        if numbers.shape != pixels.shape[:2]:
            raise InputError(f"{images[name]} and {masks[name]} in {files.source} are not of one size.")
        kinds = stated[name]["things"].split(",")
        yield Scene(name, pixels, [Thing(kind, numbers == number) for number, kind in enumerate(kinds, 1)])


def _table(files: Files, root: str) -> dict[str, dict[str, str]]:
    """The lines of the table by picture."""
    name = next((name for name in (f"{root}{TABLE}", TABLE) if name in files.names), None)
    if name is None:
        raise InputError(f"{files.source} has instances/ and no {TABLE}, which says what they are: add it.")
    lines = csv.DictReader(io.StringIO(files.read(name).decode("utf-8")), delimiter="\t")
    if not {"name", "things"} <= set(lines.fieldnames or ()):
        raise InputError(f"{name} in {files.source} lacks a column name or things.")
    return {line["name"]: line for line in lines}


def _portraits(files: Files, part: str, leave_out: Sequence[str], people: int) -> Iterator[Scene]:
    """The person, and skin, hair and clothes where they are labelled."""
    portraits = PortraitSet(files, part, lambda entry: not any(word in entry.image for word in leave_out))
    count = min(people or len(portraits), len(portraits))
    for at in np.linspace(0, len(portraits) - 1, count).round().astype(int):
        portrait = portraits[at]
        things = [Thing("person", portrait.matte > 127)]
        if (portrait.parts != UNLABELLED).any():
            things += [Thing(kind, portrait.parts == PART_NAMES.index(kind)) for kind in MEANT]
        yield Scene(portrait.name, portrait.image, things)
