"""The brushes, and which one suits a style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from styfie.colour import luma_of
from styfie.engines.strokes.raster import BAR, CURVE
from styfie.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.looks import Style

AUTO = "auto"


@dataclass(frozen=True)
class Brush:
    """How one kind of stroke looks; lengths are in widths of the stroke.

    `opacity` and `length` are the least and the most that a stroke may have. `bristles` hairs stand side by side: by
    `streak` they make the paint lighter and darker, by `ragged` they leave the edges uneven and the end dry. Paint
    stands as high as `relief`, lit from the upper left. `rim` is how much darker paint dries along the edge, `grain`
    how unevenly it lies on the paper. Without `paper` the ground has the mean colour of what is painted on it.
    """

    title: str
    family: str
    opacity: tuple[float, float]
    length: tuple[float, float]
    bend: float = 0.0  # at most, in lengths
    two_colours: bool = False
    bristles: int = 12
    streak: float = 0.0
    ragged: float = 0.0
    relief: float = 0.0
    rim: float = 0.0
    grain: float = 0.0
    paper: tuple[float, float, float] | None = None


BRUSHES: dict[str, Brush] = {
    "oil": Brush(
        "Oil: a flat bristle brush, two colours on it, thick paint",
        BAR,
        (0.9, 0.98),
        (2.0, 6.0),
        bend=0.12,
        two_colours=True,
        bristles=11,
        streak=0.16,
        ragged=0.35,
        relief=1.0,
    ),
    "tape": Brush("Tape: straight strips of coloured paper", BAR, (0.96, 0.98), (1.0, 7.0), relief=0.5),
    "marker": Brush(
        "Marker: round-ended felt tip along a curve",
        CURVE,
        (0.85, 0.98),
        (2.0, 9.0),
        bristles=7,
        streak=0.06,
        ragged=0.06,
    ),
    "watercolour": Brush(
        "Watercolour: a wet round brush, transparent, dark rims on white paper",
        CURVE,
        (0.35, 0.75),
        (1.5, 6.0),
        two_colours=True,
        bristles=5,
        streak=0.05,
        ragged=0.3,
        rim=0.5,
        grain=0.25,
        paper=(0.975, 0.965, 0.94),
    ),
}
"""The brushes by the name they are asked for with."""

SUITED = {
    "night": "oil",
    "autumn": "oil",
    "waves": "marker",
    "glass": "tape",
    "ink": "watercolour",
    "dots": "marker",
    "mosaic": "tape",
    "shards": "tape",
    "watercolour": "watercolour",
    "pop": "marker",
    "marble": "watercolour",
    "deco": "tape",
    "embroidery": "marker",
    "linocut": "tape",
}
"""The brush of each picture of the gallery."""

WASHED = (0.72, 0.30)  # mean luma above and mean saturation below which a picture looks like a watercolour
DRAWN = 0.06  # mean saturation under which it looks drawn


def load_brush(name: str) -> Brush:
    """The brush called `name`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in BRUSHES:
        raise InputError(f"There is no brush {name!r}: known are {', '.join((AUTO, *BRUSHES))}.")
    return BRUSHES[name]


def brush_for(styles: Sequence[Style]) -> str:
    """The brush that suits the heaviest of some styles: a gallery picture's own, else by how light and pale it is."""
    style = max(styles, key=lambda one: one.weight)
    return SUITED.get(style.name) or _brush_for_picture(style.picture)


def _brush_for_picture(picture: Tensor) -> str:
    luma = float(luma_of(picture).mean())
    saturation = float((picture.amax(1) - picture.amin(1)).mean())
    if saturation < DRAWN:
        return "marker"
    return "watercolour" if luma > WASHED[0] and saturation < WASHED[1] else "oil"
