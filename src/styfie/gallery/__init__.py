"""The built-in style pictures: drawn by code at whatever size is wanted, and paintings by masters.

canvas      coordinates, noise, flow, cells, palettes, light
brush       thousands of oriented strokes, one over the other
strokes     night, autumn, dots
cells       glass, mosaic, shards
fluids      marble, watercolour
prints      waves, ink, pop, linocut
ornaments   deco, embroidery
masters     paintings in the public domain, as files
techniques  ways to draw, as pictures of them
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from styfie.errors import InputError
from styfie.gallery import cells, fluids, ornaments, prints, strokes
from styfie.gallery.masters import MASTERS, Master
from styfie.gallery.techniques import TECHNIQUES, Technique
from styfie.registry import Registry

if TYPE_CHECKING:
    import torch

SMALLEST = 16
"""Pixels along the shortest side that a picture can be drawn with."""


@dataclass(frozen=True)
class GalleryEntry:
    """One picture that is drawn."""

    title: str
    draw: Callable[[int, int], NDArray[np.float32]]
    """(height, width) -> RGB (H, W, 3), float32 in [0, 1]."""
    about: str
    licence: str = "Apache-2.0"
    source: str = "drawn by styfie.gallery"


GALLERY: Registry[GalleryEntry] = Registry(
    "drawn style",
    GalleryEntry,
    {
        "night": GalleryEntry("Swirling night", strokes.night, "Curved strokes of oil stream around stars and a moon."),
        "waves": GalleryEntry(
            "Woodblock waves", prints.waves, "Crests with claws of foam, in Prussian blue on old paper."
        ),
        "glass": GalleryEntry("Rose window", cells.glass, "Panes of streaked glass in lead, daylight behind them."),
        "ink": GalleryEntry("Pen and ink", prints.ink, "Mountains over a lake, cross-hatched in black on cream."),
        "dots": GalleryEntry(
            "Afternoon in dots", strokes.dots, "A river bank in dots of pure colour, mixed by the eye."
        ),
        "mosaic": GalleryEntry("Fish mosaic", cells.mosaic, "Stone tesserae in rows that follow fishes and waves."),
        "shards": GalleryEntry("Shattered guitar", cells.shards, "Shaded planes in earth colours around a guitar."),
        "watercolour": GalleryEntry(
            "Watercolour garden", fluids.watercolour, "Flowers in transparent washes that ran and dried."
        ),
        "pop": GalleryEntry("Four blooms", prints.pop, "One flower in four loud printings, with halftone dots."),
        "marble": GalleryEntry("Marbled paper", fluids.marble, "Inks floated on water, raked, combed and twirled."),
        "deco": GalleryEntry("Gilded fans", ornaments.deco, "Overlapping fans of gold leaf and teal enamel."),
        "embroidery": GalleryEntry(
            "Silk flowers", ornaments.embroidery, "Satin-stitched folk flowers on a dark cloth."
        ),
        "autumn": GalleryEntry(
            "Autumn avenue", strokes.autumn, "Birches in burning leaves, spread with a palette knife."
        ),
        "linocut": GalleryEntry("Jungle sun", prints.linocut, "Leaves and a sun gouged out of black-green lino."),
    },
)
"""The drawn pictures by the name they are asked for with: those that `engines.per_style` knows, in its order."""

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
