"""Between a job's folder and the library's types, for all workers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from styfie.errors import MissingError
from styfie.gallery import BUILT_IN
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.storage.openraster import as_stored, eight_bits, png, read_painting, write_painting
from styfie.storage.stored import LOOK_FIELDS
from styfie.styles import LARGEST
from styfie.web.atomic import replace_whole
from styfie.web.messages import message

CACHED_PAINTINGS = 4  # paintings held in memory
REGIONS, PREVIEW, PAINTING = "regions.ora", "preview.ora", "painting.ora"
_cached: OrderedDict[tuple[str, int], Painting] = OrderedDict()


def load(file: Path) -> Painting:
    """A painting, from memory if it is the same as before.

    Raises:
        MissingError: there is none yet.
    """
    try:
        key = str(file), file.stat().st_mtime_ns
    except FileNotFoundError:
        raise MissingError(message("error.unpainted")) from None
    return _hold(key, _cached.get(key) or read_painting(file, styles=False))


def save(painting: Painting, file: Path) -> None:
    """Write a painting beside and rename."""
    beside = file.with_name(f".{file.name}.part")
    photo = eight_bits(painting.photo)
    write_painting(painting, beside, both=(photo, png(photo)))  # these files are shown by no other program
    replace_whole(beside, file)
    _hold((str(file), file.stat().st_mtime_ns), painting)


def _hold(key: tuple[str, int], painting: Painting) -> Painting:
    """Hold on to a painting, and let go of the one that was not asked for longest."""
    _cached[key] = painting
    _cached.move_to_end(key)
    while len(_cached) > CACHED_PAINTINGS:
        _cached.popitem(last=False)
    return painting


def unpainted(photo: torch.Tensor, regions: Regions) -> Painting:
    """The painting before anything is painted."""
    regions = as_stored(regions)
    return Painting(photo, regions, photo.expand(len(regions.names), -1, -1, -1), {}, {})


def described(regions: Regions) -> list[dict[str, Any]]:
    """Regions as plain values."""
    return [
        {
            "name": name,
            "side": regions.sides[i],
            "score": round(regions.score[i], 4),
            "doubtful": name in regions.doubtful,
            "area": round(float(regions.alpha[i].mean()), 5),
        }
        for i, name in enumerate(regions.names)
    ]


def look_of(values: Mapping[str, Any], styles: tuple[Style, ...] = ()) -> Look:
    """A look of plain values."""
    return Look(styles, **{name: value for name, value in values.items() if name in LOOK_FIELDS})


def look_specs(
    folder: Path, looks: Mapping[str, Any], own: Mapping[str, str], drawn: Path | None = None
) -> dict[str, Look]:
    """What is asked of each region: styles of the gallery by name, or files of the job.

    With `drawn` those of the gallery are taken from there, where they were drawn before.
    """

    def style(name: str, weight: float) -> Style:
        file = folder / own[name] if name in own else drawn / f"{name}.png" if drawn and name in BUILT_IN else None
        if file and (name in own or file.is_file()):
            return Style(name, read_picture(file, LARGEST, enlarge=False), weight)
        return Style(name, weight=weight)

    return {
        name: look_of(look, tuple(style(one["name"], one["weight"]) for one in look.get("styles", ())))
        for name, look in looks.items()
    }
