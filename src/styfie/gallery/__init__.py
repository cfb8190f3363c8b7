"""The built-in style pictures: drawn by code at whatever size is wanted, and paintings by masters.

canvas      coordinates, noise, flow, cells, palettes, light
brush       thousands of oriented strokes, one over the other
strokes     night, autumn, dots
cells       glass, mosaic, shards
fluids      marble, watercolour
prints      waves, ink, pop
linocut     linocut
ornaments   deco, embroidery
entry       what a drawing is listed with
masters     paintings in the public domain, as files
techniques  ways to draw, as pictures of them
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from styfie.errors import InputError
from styfie.gallery import cells, fluids, linocut, ornaments, prints, strokes
from styfie.gallery.entry import GalleryEntry
from styfie.gallery.masters import MASTERS, Master
from styfie.gallery.techniques import TECHNIQUES, Technique
from styfie.registry import Registry

if TYPE_CHECKING:
    import torch

SMALLEST = 16
"""Pixels along the shortest side that a picture can be drawn with."""


FIRST = (
    *("night", "waves", "glass", "ink", "dots", "mosaic", "shards"),
    *("watercolour", "pop", "marble", "deco", "embroidery", "autumn", "linocut"),
)
"""Those that the network of `engines.per_style` knows, in its order; what was drawn later stands behind them."""

_DRAWINGS = {
    name: entry
    for module in (strokes, cells, fluids, prints, linocut, ornaments)
    for name, entry in module.DRAWINGS.items()
}

GALLERY: Registry[GalleryEntry] = Registry(
    "drawn style", GalleryEntry, {name: _DRAWINGS[name] for name in (*FIRST, *_DRAWINGS)}
)
"""The drawn pictures by the name they are asked for with: each module of this package has its own in `DRAWINGS`."""

BUILT_IN: Mapping[str, GalleryEntry | Master | Technique] = MappingProxyType({**GALLERY, **MASTERS, **TECHNIQUES})
"""All styles that are asked for by name: drawn ones, the masters', then techniques; `styles.load_style` reads them."""

PAIRS: tuple[tuple[str, str], ...] = (
    ("autumn", "night"),
    ("mosaic", "marble"),
    ("ink", "watercolour"),
    ("glass", "deco"),
    ("pop", "ink"),
    ("shards", "waves"),
    ("linocut", "dots"),
    ("embroidery", "shards"),
)
"""(subject, background) pairs that set each other off; the first is the default."""


def draw(name: str, height: int = 512, width: int | None = None) -> torch.Tensor:
    """A drawn picture of the gallery as (1, 3, height, width), float32 RGB in [0, 1]; square unless a width is given.

    Raises:
        InputError: there is no picture of that name, or a side is under 16 pixels.

    """
    import torch

    width = height if width is None else width
    if name not in GALLERY:
        raise InputError(f"The gallery draws no picture {name!r}: it draws {', '.join(GALLERY)}.")
    if min(height, width) < SMALLEST:
        raise InputError(f"A gallery picture of {height} × {width} is too small: each side needs {SMALLEST} pixels.")
    picture = GALLERY[name].draw(height, width)
    return torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous()
