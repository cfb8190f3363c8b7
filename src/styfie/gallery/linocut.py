"""A picture cut in lino."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from styfie.gallery.brush import Easel, Strokes, plain
from styfie.gallery.canvas import (
    WIDE_BAND,
    Array,
    Grid,
    colours,
    drawn,
    fractal,
    noise,
    ramp,
    scatter,
    smoothstep,
    uniform,
)
from styfie.gallery.entry import GalleryEntry

FRONDS = (
    (0.16, 0.02, 0.40, 1.9),
    (0.95, 0.10, 0.36, 1.5),
    (0.02, 0.40, 0.44, -0.35),
    (0.98, 0.52, 0.42, 2.75),
    (0.30, 1.03, 0.52, -2.0),
    (0.70, 1.05, 0.50, -1.05),
    (0.05, 0.98, 0.46, -1.25),
    (0.97, 1.02, 0.48, -2.05),
    (0.50, 1.06, 0.58, -1.62),
    (0.42, 0.72, 0.26, -2.8),
    (0.60, 0.80, 0.27, -0.35),
    (0.33, 0.98, 0.34, -0.7),
    (0.75, 0.98, 0.34, -2.4),
)
"""Leaves, far ones first: x and y of the stalk, length, heading in radians."""


def lino_scene(x: Array, y: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """Share of lino to carve away, direction of the gouge, and the plate printed first: 0 leaf, 1 sky, 2 sun."""
    dx, dy = x - 0.60, y - 0.30
    far, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    rays = np.sin(18 * turn + 3 * noise(3 * x, 3 * y, 140))
    carve = 0.62 + 0.4 * rays - 0.25 * smoothstep(0.25, 0.8, far)
    carve, angle = np.where(far < 0.15, 0.93, carve), np.where(far < 0.15, turn + np.pi / 2, turn)
    carve = np.where(np.abs(far - 0.165) < 0.013, 0.0, carve)
    plate = np.where(far < 0.165, 2, 1)
    for frond in FRONDS:
        leaf, inner, grain = _frond(x, y, *frond)
        carve, angle, plate = np.where(leaf, inner, carve), np.where(leaf, grain, angle), np.where(leaf, 0, plate)
    return carve, angle, plate


def _frond(
    x: Array, y: Array, cx: float, cy: float, size: float, heading: float
) -> tuple[NDArray[np.bool], Array, Array]:
    """Where a leaf with its uncut rim lies, how much of it is carved, and which way: veins out of a midrib."""
    u = ((x - cx) * np.cos(heading) + (y - cy) * np.sin(heading)) / size
    v = ((y - cy) * np.cos(heading) - (x - cx) * np.sin(heading)) / size - 0.18 * u * u
    half = 0.42 * np.sqrt(np.clip(u * (1 - u), 0, 1)) * (1.25 - 0.5 * u)
    veins = 0.55 + 0.62 * np.sin(2 * np.pi * (9 * u - 11 * np.abs(v)))
    midrib = np.abs(v) < 0.022
    carve = np.select([midrib, np.abs(v) < half], [1.0, veins], 0.0)
    leaf = (u > 0) & (u < 1) & (np.abs(v) < half + 0.045)
    return leaf, carve, heading + np.where(midrib, 0, 0.85 * np.sign(v))


@drawn(band=WIDE_BAND)
def linocut(grid: Grid) -> Array:
    """A jungle sun cut in lino: gouge marks along the forms, black-green over a rainbow roll of coral and peach."""
    salt = smoothstep(0.45, 0.8, noise(95 * grid.x, 95 * grid.y, 142))
    press = 1 + 0.05 * fractal(80 * grid.x, 80 * grid.y, 141, 2) + 0.3 * salt
    return _gouges().canvas(grid)[..., :3] * press[..., None]


@cache
def _gouges() -> Easel:
    """The marks of the gouge, each in the colour that shows in it."""
    easel = Easel(colours("0f2b26")[0])
    rng = np.random.default_rng(1925)
    for count, long, width, shallow in (
        (7000, 0.034, 0.0085, 0.42),
        (5200, 0.024, 0.0065, 0.42),
        (2600, 0.02, 0.005, 0.2),
    ):
        x, y = scatter(rng, count)
        carve, angle, plate = lino_scene(x, y)
        jitter = uniform(rng, 0.7, 1.25, (2, len(x)))
        size = np.clip(carve, 0.25, 1)
        roll = ramp(colours("ff9a76", "ffd2a8", "f7ead0", "a8d8b0"), y * 1.0 + 0.1 * uniform(rng, -1, 1, len(x)))
        leaf = ramp(colours("7fc8a0", "d8ecc0", "f7ead0"), uniform(rng, 0, 1, len(x)))
        colour = np.where((plate == 0)[:, None], leaf, np.where((plate == 1)[:, None], roll, colours("f0482e")[0]))
        angle = angle + uniform(rng, -0.12, 0.12, len(x))
        strokes = Strokes(x, y, angle, long * jitter[0] * size, width * jitter[1] * size, 0 * x, colour)
        cut = (carve > shallow) & ((plate == 1) | (shallow > 0.4))
        easel.paint(strokes.take(cut), plain, seed=12, taper=0.85)
    return easel.done()


DRAWINGS = {
    "linocut": GalleryEntry("Jungle sun", linocut, "Leaves and a sun gouged out of black-green lino."),
}
