"""Decorated surfaces: gilded fans and silk stitches."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from styfie.gallery.brush import Easel, Strokes, thread
from styfie.gallery.canvas import (
    LIT,
    WIDE_BAND,
    Array,
    Grid,
    colours,
    drawn,
    dyed,
    fractal,
    fraction,
    inside,
    length,
    light,
    line,
    mix,
    noise,
    ramp,
    scatter,
    smoothstep,
    uniform,
)
from styfie.gallery.entry import GalleryEntry

# --- deco -------------------------------------------------------------------------------------------------------------

GOLD = colours("3a2408", "8a5f1c", "c9983c", "f3d98a", "fff6d0")
ENAMEL = colours("0b0d10", "0d4a4c", "128078", "f4ead6", "0b2a30")
"""Black, deep teal, teal, ivory, midnight."""
BANDS = np.array([[3, 0, 2, 0, 1, 0], [0, 1, 0, 1, 0, 4], [2, 3, 1, 3, 1, 0], [0, 3, 0, 2, 4, 1]])
"""Enamels of the four designs' bands, from the middle outwards."""
FAN = 0.125
"""Radius of a fan."""


@drawn(2)
def deco(grid: Grid) -> Array:
    """Art deco fans in gold leaf and enamel, four designs in overlapping rows."""
    unsteady = [0.0012 * noise(25 * grid.x, 25 * grid.y, seed) for seed in (150, 151)]
    radius, angle, design = _fans(grid.x + unsteady[0], grid.y + unsteady[1])
    leaf = ramp(GOLD, _leaf(grid, angle))
    patina = 1 + 0.12 * fractal(12 * grid.x, 12 * grid.y, 152, 5)
    colour, gold = _enamel(radius, angle, design, grid.pixel)
    colour = colour * patina[..., None] * (0.72 + 0.4 * smoothstep(0, 1, radius))[..., None]
    return mix(colour, leaf, gold)


def _fans(x: Array, y: Array) -> tuple[Array, Array, NDArray[np.int32]]:
    """For each point, of the fan that lies on top there: radius in [0, 1], angle from its axis, and its design."""
    rng = np.random.default_rng(1925)
    designs = rng.integers(0, 4, (64, 64)).astype(np.int32)
    radius: Array = np.full(x.shape, 9, np.float32)
    design: NDArray[np.int32] = np.zeros(x.shape, np.int32)
    aside: Array = np.zeros(x.shape, np.float32)
    above: Array = np.zeros(x.shape, np.float32)
    row = np.floor(y / (FAN / 2)).astype(np.int32)
    # Rows lower down lie on top of those above: the first that covers the point wins.
    for down in (2, 1, 0):
        under = row + down
        shift = np.float32(0.5) * (under % 2).astype(np.float32)
        column = np.rint(x / (2 * FAN) - shift)
        dx, dy = x - (column + shift) * (2 * FAN), under.astype(np.float32) * (FAN / 2) - y
        away = length(dx, dy) / FAN
        on = (away < 1) & (radius > 1)
        for field, value in ((radius, away), (aside, dx), (above, dy)):
            np.copyto(field, value, where=on)
        np.copyto(design, designs.take((under & 63) * 64 + (column.astype(np.int32) & 63)), where=on)
    return radius, np.where(radius < 1, np.arctan2(aside, above), np.float32(0)), design


def _leaf(grid: Grid, angle: Array) -> Array:
    """Tone of beaten gold, [0, 1]: brushed streaks, a reflection that depends on the direction, wear."""
    x, y = grid.x, grid.y
    brushed = 0.16 * noise(40 * angle, 30 * (x + y), 153) + 0.12 * noise(150 * x, 35 * y, 154)
    worn = 0.10 * fractal(14 * x, 14 * y, 155, 4)
    return np.asarray(0.56 + 0.26 * np.cos(3 * angle + 9 * x + 4 * y) + brushed + worn)


def _enamel(radius: Array, angle: Array, design: NDArray[np.int32], pixel: float) -> tuple[Array, Array]:
    """Enamel colours (H, W, 3) of the four designs and the coverage (H, W) by gold wires and petals."""
    size = pixel / FAN
    colour = dyed(ENAMEL, BANDS[design, (radius * 5.999).astype(int)])
    wires = line((fraction(radius * 6 + 0.5) - 0.5) / 6, 0.034, size)
    ribs = np.array([9, 15, 7, 11], np.float32)[design]
    wedge = fraction(angle * ribs / np.pi + 0.5) - 0.5
    aside = wedge * np.pi / ribs * radius
    rib = line(aside, 0.026, size) * (radius > 0.33)
    spindle = np.sqrt(np.clip((radius - 0.52) * (0.98 - radius) * 19, 0, 1))
    petal = inside(np.abs(wedge) - 0.42 * spindle, size * ribs / 3)
    tips = inside(length(aside, radius - 0.75) - 0.055, size)
    rings = line((fraction(radius * 18) - 0.5) / 18, 0.018, size) * (radius < 0.66)
    figure = np.choose(design, [petal, np.maximum(rib, rings), np.maximum(rib, tips), tips])
    rim = smoothstep(0.955, 0.975, radius)
    return colour, np.maximum.reduce([wires, figure, rim])


# --- embroidery -------------------------------------------------------------------------------------------------------

CLOTH = colours("141018")[0]
SILKS = (
    colours("7a0f2a", "c81f3c", "f0506a", "f9a8b0"),
    colours("a83208", "ee6a1c", "f9a53c", "fbdc8c"),
    colours("6a1468", "b03aa8", "e07ad0", "f6c4ea"),
    colours("9a9084", "e0d6c4", "f6efe0", "ffffff"),
    colours("0d4a5c", "1a8a9c", "52c4c4", "b4ecdc"),
)
GREENS = colours("1a4a1e", "3f8a2c", "8cc43c", "cce66a")
YELLOWS = colours("c8780c", "f7c52c", "fff0a0")
BLOOMS = (
    (0.50, 0.48, 0.235, 8, 0), (0.18, 0.20, 0.150, 6, 1), (0.82, 0.18, 0.155, 7, 2), (0.17, 0.80, 0.160, 7, 4),
    (0.83, 0.82, 0.150, 6, 1), (0.50, 0.10, 0.085, 5, 3), (0.52, 0.90, 0.095, 6, 3), (0.06, 0.50, 0.085, 5, 2),
    (0.95, 0.50, 0.085, 5, 4), (0.33, 0.03, 0.055, 5, 4), (0.68, 0.035, 0.05, 5, 0), (0.35, 0.97, 0.05, 5, 2),
)  # fmt: skip
"""Flowers: x, y, radius, petals, silk."""


@drawn(margin=LIT, band=WIDE_BAND)
def embroidery(grid: Grid) -> Array:
    """Folk flowers in silk on a dark cloth: satin stitch petals, fishbone leaves, rows of seed stitches between."""
    canvas = _embroidery().canvas(grid)
    return canvas[..., :3] * light(canvas[..., 3], grid.pixel, 0.35, blur=0.0009)[..., None]


@cache
def _embroidery() -> Easel:
    """The threads."""
    easel = Easel(CLOTH)
    rng = np.random.default_rng(1890)
    _seed_stitch(easel, rng)
    for cx, cy, size, petals, _ in BLOOMS:
        for turn in (np.arange(petals) + 0.5) / petals * 2 * np.pi - np.pi / 2:
            at = (cx + 0.98 * size * np.cos(turn), cy + 0.98 * size * np.sin(turn), 0.75 * size, turn)
            _sew_leaf(easel, rng, at)
    for bloom in BLOOMS:
        _sew_bloom(easel, rng, *bloom)
    return easel.done()


def _stitch(easel: Easel, ends: Array, colour: Array, width: float) -> None:
    """Threads drawn straight between pairs of needle holes; ends (N, 4): x, y, x, y."""
    x0, y0, x1, y1 = ends.T
    long = np.hypot(x1 - x0, y1 - y0) + width
    angle = np.arctan2(y1 - y0, x1 - x0)
    strokes = Strokes((x0 + x1) / 2, (y0 + y1) / 2, angle, long, np.full_like(long, width), 0 * long, colour)
    easel.paint(strokes, thread, seed=13, taper=0.3)


def _seed_stitch(easel: Easel, rng: np.random.Generator) -> None:
    """The cloth, darned all over with dark threads and flecked with bright ones."""
    x, y = scatter(rng, 5200)
    angle = 0.9 * np.sin(9 * x) + 0.9 * np.cos(8 * y) + uniform(rng, -0.12, 0.12, len(x))
    pick = rng.random(len(x))
    colour = ramp(colours("1a1424", "2c1c3c", "43284e", "2a3560"), uniform(rng, 0, 1, len(x)))
    colour = np.where((pick < 0.09)[:, None], SILKS[1][2], np.where((pick > 0.93)[:, None], SILKS[4][1], colour))
    dx, dy = 0.0125 * np.cos(angle), 0.0125 * np.sin(angle)
    _stitch(easel, np.stack([x - dx, y - dy, x + dx, y + dy], -1).astype(np.float32), colour, 0.0075)


def _sew_leaf(easel: Easel, rng: np.random.Generator, at: tuple[float, float, float, float]) -> None:
    """Fishbone stitch: threads from the rim to the midrib, left and right in turn."""
    share = np.repeat(np.linspace(0.02, 0.98, 13, dtype=np.float32), 2)
    side = np.tile(np.array([-1, 1], np.float32), 13)
    rim = side * 0.34 * np.sin(np.pi * share) ** 0.8
    colour = ramp(GREENS, 0.5 + 0.35 * side + uniform(rng, -0.2, 0.2, 26))
    _sew(easel, (share - 0.25, rim, share + 0.16, -side * 0.02), at, colour)


def _sew_bloom(
    easel: Easel, rng: np.random.Generator, cx: float, cy: float, size: float, petals: int, silk: int
) -> None:
    """Satin stitch: each petal in an outer and an inner row of threads; a heart of knots."""
    count = max(9, round(2 * np.pi * size / petals / 0.0052))
    side = np.linspace(-1, 1, count, dtype=np.float32)
    spread = side * np.pi / petals * 0.94
    rim = 1 - 0.26 * np.abs(side) ** 2.5
    for turn in (np.arange(petals) / petals * 2 * np.pi - np.pi / 2).tolist():
        for low, high, tone in ((0.52, 1.0, 0.25), (0.20, 0.66, 0.72)):
            ragged = uniform(rng, -0.03, 0.03, count)
            inner, outer = low + 2 * ragged, rim * high + ragged
            ends = (inner * np.cos(spread), inner * np.sin(spread), outer * np.cos(spread), outer * np.sin(spread))
            colour = ramp(SILKS[silk], tone + 0.22 * side + uniform(rng, -0.13, 0.13, count))
            _sew(easel, ends, (cx, cy, size, turn), colour)
    knots, away = uniform(rng, 0, 2 * np.pi, 60), 0.26 * np.sqrt(uniform(rng, 0, 1, 60))
    u, v = away * np.cos(knots), away * np.sin(knots)
    heart = ramp(SILKS[0] if silk == 1 else YELLOWS, uniform(rng, 0, 1, 60))
    _sew(easel, (u, v, u + 0.07 * np.sin(knots), v - 0.07 * np.cos(knots)), (cx, cy, size, 0.0), heart)


def _sew(
    easel: Easel,
    ends: tuple[Array, Array, Array, Array],
    at: tuple[float, float, float, float],
    colour: Array,
) -> None:
    """Threads given in the frame of a motif, at: x, y, size, turn."""
    cx, cy, size, turn = at
    u0, v0, u1, v1 = (size * end for end in ends)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    placed = [cx + u0 * cos - v0 * sin, cy + u0 * sin + v0 * cos, cx + u1 * cos - v1 * sin, cy + u1 * sin + v1 * cos]
    _stitch(easel, np.stack(placed, -1).astype(np.float32), colour, 0.0075)


DRAWINGS = {
    "deco": GalleryEntry("Gilded fans", deco, "Overlapping fans of gold leaf and teal enamel."),
    "embroidery": GalleryEntry("Silk flowers", embroidery, "Satin-stitched folk flowers on a dark cloth."),
}
