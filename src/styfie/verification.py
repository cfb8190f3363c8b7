"""Whether a painting's file is what its recipe says: it is painted again, and the bytes are compared."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from styfie.engines import ENGINES
from styfie.engines.plan import BASE_SIZE
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.images import Picture
from styfie.painting import Painting
from styfie.reading import Request, SourcePhoto
from styfie.running import OnProgress, Run
from styfie.storage.openraster import RECIPE, XMP, open_png, read_painting, stored_recipe, write_painting
from styfie.storage.recipes import Recipe, read_recipe
from styfie.storage.results import SOURCE_TYPES
from styfie.storage.xmp import hash_in, packet_in_png, recipe_hash

MERGED = "mergedimage.png"
FINGERPRINTS = {"fingerprint", "asked"}  # in recipes, now and before: `styfie mix` takes it out
MAX_CHARACTERS = 200  # characters of a recipe's value


@dataclass(frozen=True)
class Verdict:
    """What came of a verification.

    `differences` are sentences on what is not the same in the file and in what was painted anew, none if all bytes are;
    `marks` says of each marked picture in the file and beside it whether it names this recipe; `recipe` is its SHA-256.
    """

    differences: tuple[str, ...]
    marks: Mapping[str, bool]
    recipe: str

    @property
    def same(self) -> bool:
        """Whether the file is what its recipe says, and no mark names another."""
        return not self.differences and all(self.marks.values())


def verify(file: Path, photo: Picture | None = None, on_progress: OnProgress | None = None) -> Verdict:
    """Paint a `painting.ora` again by its own recipe, and compare.

    A painting of more than `engines.plan.BASE_SIZE` pixels whose engine begins with a small one wants the original
    `photo`: from the one in the file, which is reduced already, the small one comes out slightly otherwise.

    Raises:
        MissingError, InputError: no painting, one of another photo than given, or as `pipeline.paint`.
    """
    found = read_recipe(file)
    if photo is not None and not found.is_of(photo):
        raise InputError(f"The photo given is not the one painted in {file.name}: give the original, or none.")
    stored = stored_recipe(file)
    painting = _repaint(found, photo, stored, on_progress)
    with tempfile.TemporaryDirectory() as folder:
        write_painting(painting, anew := Path(folder) / file.name)
        if not stored.keys() & FINGERPRINTS:
            write_painting(_mixed(anew), anew := Path(folder) / "mixed.ora")
        differences = tuple(_differences(file, anew))
    with zipfile.ZipFile(file) as archive:
        recipe = recipe_hash(archive.read(RECIPE))
    return Verdict(differences, dict(_marks(file, recipe)), recipe)


def wants_photo(file: Path) -> bool:
    """Whether the same bytes can only come of the original photo, see `verify`."""
    found = read_recipe(file)
    entry = ENGINES.get(found.settings.engine)
    return entry is not None and entry.coarse_input and max(found.photo.shape[-2:]) > BASE_SIZE


def _repaint(
    found: Recipe, photo: Picture | None, stored: Mapping[str, Any], on_progress: OnProgress | None
) -> Painting:
    """The painting once more; one that was stopped is stopped where it was."""
    anew = photo is not None and found.masks == ()  # regions of the original, found as they were
    request = Request(
        found.looks, found.settings, regions=None if anew else found.regions, depth=found.depth, own=found.masks or ()
    )
    last = None if stored.get("finished", True) else stored.get("steps")

    def step(progress: Progress) -> bool:
        wanted = on_progress is None or on_progress(progress) is not False
        return wanted and progress.step != last

    return Run(SourcePhoto(found.photo if photo is None else photo), request, ()).paint(step)


def _mixed(file: Path) -> Painting:
    """A painting as it is after `styfie mix`: blended from what its file holds, in 8 bits, and not as it was asked."""
    painting = read_painting(file)
    recipe = {name: value for name, value in painting.recipe.items() if name not in FINGERPRINTS}
    if (likeness := painting.likeness) is not None:
        recipe["likeness"] = round(likeness, 3)
    return replace(painting, recipe=recipe)


def _differences(file: Path, anew: Path) -> Iterator[str]:
    if file.read_bytes() == anew.read_bytes():
        return
    with zipfile.ZipFile(file) as was, zipfile.ZipFile(anew) as now:
        names = [{one.filename: one.CRC for one in archive.infolist()} for archive in (was, now)]
        for name in sorted(names[0].keys() | names[1].keys()):
            if name not in names[1]:
                yield f"{name} is in the file, and would not be painted"
            elif name not in names[0]:
                yield f"{name} is not in the file"
            elif names[0][name] != names[1][name]:
                yield from _difference(name, was.read(name), now.read(name))
        if names[0] == names[1]:
            yield "the pictures and the recipe are the same, only their packing in the file differs"


def _difference(name: str, was: bytes, now: bytes) -> Iterator[str]:
    if name == RECIPE:
        before, after = _flat(json.loads(was)), _flat(json.loads(now))
        for key in sorted(before.keys() | after.keys()):
            if (one := before.get(key)) == (other := after.get(key)):
                continue
            if key in FINGERPRINTS:
                yield "recipe: photo, looks, settings or weights are not those whose fingerprint is in the file"
            else:
                yield f"recipe: {key} is {_short(one)} in the file and {_short(other)} anew"
        return
    if not name.endswith(".png"):
        yield f"{name} differs"
        return
    a, b = (np.asarray(open_png(BytesIO(data))).astype(np.int32) for data in (was, now))
    if a.shape != b.shape:
        yield f"{name} is {a.shape[1]}x{a.shape[0]} in the file and {b.shape[1]}x{b.shape[0]} anew"
    elif not (apart := np.abs(a - b)).any():
        yield f"{name} has the same pixels and differs in its metadata"
    else:
        share = float((apart.reshape(*a.shape[:2], -1).max(2) > 0).mean())
        levels = f"by {apart.max()} levels at most and {apart.mean():.2f} on average"
        yield f"{name} differs in {share:.1%} of its pixels, {levels}"


def _flat(values: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """The values of a recipe by their whole names, such as `weights.segmenter`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{within}{key}.") if isinstance(value, dict) and value else {within + key: value}
    return found


def _short(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def _marks(file: Path, recipe: str) -> Iterator[tuple[str, bool]]:
    """The marked pictures in a painting's file and beside it, and whether they name its recipe."""
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in (XMP, MERGED) if name in archive.namelist()}
    if XMP in held:
        yield XMP, hash_in(held[XMP]) == recipe
    pictures = {MERGED: held.get(MERGED, b"")}
    beside = [file.with_name(f"{name}.png") for name in SOURCE_TYPES] if file.name == "painting.ora" else []
    pictures |= {one.name: one.read_bytes() for one in beside if one.is_file()}
    for name, data in pictures.items():
        if packet := packet_in_png(data):
            yield name, hash_in(packet) == recipe
