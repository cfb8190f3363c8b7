"""Painted pictures: oil by brush, oil by knife, and dots of pure colour."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from styfie.gallery.brush import Easel, Strokes, bristles, knife, plain
from styfie.gallery.canvas import (
    LIT,
    WIDE_BAND,
    Array,
    Grid,
    along,
    bend,
    colours,
    drawn,
    fractal,
    light,
    noise,
    ramp,
    scatter,
    smoothstep,
    uniform,
)
from styfie.gallery.entry import GalleryEntry

# --- night ------------------------------------------------------------------------------------------------------------

EDDIES = np.array([(0.40, 0.33, 0.15, 1.0), (0.66, 0.42, 0.10, -0.9), (0.12, 0.55, 0.10, 0.7)], np.float32)
"""Whirls of the night's air: x, y, radius, turn."""
STARS = np.array(
    [(0.82, 0.15, 0.085), (0.10, 0.12, 0.05), (0.30, 0.08, 0.035), (0.56, 0.13, 0.05), (0.17, 0.33, 0.038),
     (0.90, 0.42, 0.048), (0.47, 0.55, 0.034), (0.70, 0.06, 0.026), (0.97, 0.03, 0.032), (0.76, 0.60, 0.03)],
    np.float32,
)  # fmt: skip
"""Stars, the moon first: x, y, radius of the halo."""
SKY = colours("0b1440", "16286e", "1f49a0", "2f6fc4", "5fa0d8", "a9cfe2", "e9ecc8")
GLOW = colours("fffbe0", "ffe98a", "f7bd2e", "d98f1f", "6f86a8", "2a5aae")
HILLS = colours("08122b", "11304a", "1d5560", "3d7c6c", "8aa860")


def hill_line(x: Array) -> Array:
    """Height y of the hills' ridge at x."""
    return np.asarray(0.74 - 0.07 * np.sin(5.2 * x + 0.6) - 0.03 * np.sin(13 * x))


def night_air(x: Array, y: Array) -> Array:
    """Potential whose level lines the night's strokes follow: wind, eddies, stars; hills below."""
    wind = y + 0.035 * np.sin(9 * x + 5 * y)
    for cx, cy, radius, turn in EDDIES.tolist():
        wind = wind + 3.2 * turn * radius * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (0.8 * radius**2))
    for cx, cy, radius in STARS.tolist():
        wind = wind + 4.5 * radius * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (1.2 * radius**2))
    land = 1.4 * (y - hill_line(x)) + 0.02 * np.sin(25 * x + 14 * y)
    return np.asarray(np.where(y > hill_line(x), land, wind))


def night_colours(x: Array, y: Array, chance: Array) -> Array:
    """What colour a stroke at (x, y) is mixed to; chance (N,) in [0, 1] breaks the colour."""
    stream = np.sin(64 * night_air(x, y) + 2 * noise(4 * x, 4 * y, 5))
    sky = ramp(SKY, 0.36 + 0.24 * stream + 0.42 * (chance - 0.5) + 0.14 * (y - 0.3))
    for cx, cy, radius in STARS.tolist():
        ring = np.hypot(x - cx, y - cy) / radius
        halo = ramp(GLOW, 0.62 * ring + 0.12 * np.sin(9 * ring) + 0.3 * (chance - 0.5))
        sky = np.where((ring < 1.25 - 0.5 * chance)[..., None], halo, sky)
    depth = (y - hill_line(x)) / 0.26
    folds = np.sin(34 * depth * (1 + 0.3 * np.sin(7 * x)) + 9 * x)
    land = ramp(HILLS, 0.42 + 0.30 * folds + 0.4 * (chance - 0.5))
    lamp = (noise(38 * x, 30 * y, 8) > 0.42) & (depth > 0.15) & (depth < 0.6)
    land = np.where(lamp[..., None], ramp(GLOW, 0.55 * chance), land)
    return np.where((depth > 0)[..., None], land, sky)


@drawn(margin=LIT, band=WIDE_BAND)
def night(grid: Grid) -> Array:
    """A whirling night: curved strokes of oil along a stream of air around stars."""
    canvas = _night().canvas(grid)
    return canvas[..., :3] * light(canvas[..., 3], grid.pixel, 0.30)[..., None]


@cache
def _night() -> Easel:
    """The night's strokes."""
    easel = Easel(SKY[0])
    rng = np.random.default_rng(1889)

    def direction(x: Array, y: Array) -> Array:
        return along(night_air, x, y)

    for count, length, width in ((1200, 0.075, 0.024), (3800, 0.052, 0.0125), (2600, 0.036, 0.0085)):
        x, y = scatter(rng, count)
        chance = uniform(rng, 0, 1, len(x))
        jitter = uniform(rng, 0.75, 1.25, (2, len(x)))
        angle = direction(x, y) + uniform(rng, -0.1, 0.1, len(x))
        curve = np.clip(bend(direction, x, y), -28, 28)
        strokes = Strokes(x, y, angle, length * jitter[0], width * jitter[1], curve, night_colours(x, y, chance))
        easel.paint(strokes, bristles, seed=3, taper=0.35, rough=0.25)
    _cypress(easel, rng)
    return easel.done()


def _cypress(easel: Easel, rng: np.random.Generator) -> None:
    """Two dark flames of trees on the left, of upward strokes."""
    share, side = uniform(rng, 0, 1, 620), uniform(rng, -1, 1, 620)
    tall = np.where(rng.random(620) < 0.7, 0, 1)
    top, foot = np.array([0.30, 0.56], np.float32)[tall], np.array([0.215, 0.30], np.float32)[tall]
    share = np.sort(share)
    y = top + share * (1.04 - top)
    girth = 0.075 * share**0.8 * (1 - 0.35 * tall)
    x = foot + side * girth + 0.015 * np.sin(16 * y)
    angle = -np.pi / 2 + 0.55 * side + 0.4 * np.sin(24 * y + 3 * side)
    colour = ramp(colours("06120f", "12281c", "1f4328", "3b5a24", "8a6a2c"), uniform(rng, 0, 1, 620) ** 2)
    size = np.ones(620, np.float32)
    strokes = Strokes(x, y, angle, 0.05 * size, 0.012 * size, 14 * np.cos(24 * y + 3 * side), colour)
    easel.paint(strokes, bristles, seed=4, taper=0.5, rough=0.2)


# --- autumn -----------------------------------------------------------------------------------------------------------

LEAVES = colours("4a1020", "8c1c1c", "c8391a", "e8691b", "f6a21f", "fbd04a", "fff0b0")
FAR = colours("4a5a8c", "8f8fb8", "e8a878", "f6cf7c", "fdf3cf")
GROUND = colours("2a1420", "5c1f24", "93361f", "c9661f", "eaa23a")
BIRCHES = np.array(
    [
        (0.10, 0.020, 0.03),
        (0.24, 0.013, -0.02),
        (0.70, 0.017, 0.02),
        (0.90, 0.026, -0.04),
        (0.80, 0.009, 0.01),
        (0.365, 0.008, 0.01),
    ],
    np.float32,
)
"""Trunks: x at the foot, half width, lean."""


def autumn_colours(x: Array, y: Array, chance: Array) -> Array:
    """An avenue: leaves around a pale gap, fallen leaves and a path under them."""
    gap = np.hypot((x - 0.53) / 0.15, (y - 0.54) / 0.24) + 0.8 * fractal(7 * x, 5 * y, 21, 3) + 1.1 * (chance - 0.5)
    clumps = 0.5 + 0.42 * fractal(5 * x, 7 * y, 22, 3) + 0.9 * (chance - 0.5)
    leaves = ramp(LEAVES, clumps - 0.22 * smoothstep(0.25, 0.0, y) + 0.12 * smoothstep(2.2, 0.9, gap))
    crown = np.where((gap < 1)[..., None], ramp(FAR, 0.95 - 0.6 * gap + 1.1 * (chance - 0.4)), leaves)
    path = np.abs(x - 0.53 - 0.10 * np.sin(5 * (y - 0.62))) / (0.04 + 0.75 * np.maximum(y - 0.64, 0))
    bars = np.sin(46 * y + 3 * noise(5 * x, 3 * y, 23))
    earth = ramp(GROUND, 0.45 + 0.2 * bars + 0.85 * (chance - 0.5))
    way = ramp(colours("4a4270", "8a6f98", "d9a08c", "f9dcae"), 0.55 + 0.4 * bars + 0.5 * (chance - 0.5))
    earth = np.where((path < 0.8 + 0.5 * chance)[..., None], way, earth)
    return np.where((y > 0.66 + 0.03 * np.sin(9 * x))[..., None], earth, crown)


def autumn_direction(x: Array, y: Array) -> Array:
    """Knife strokes: every way in the leaves, level on the ground."""
    wild = 2.4 * noise(5 * x, 5 * y, 24) + 0.9
    return np.asarray(np.where(y > 0.66, 0.12 * np.sin(9 * x) + 0.3 * (x - 0.5), wild))


@drawn(margin=LIT, band=WIDE_BAND)
def autumn(grid: Grid) -> Array:
    """An avenue in autumn, spread thick with a palette knife."""
    canvas = _autumn().canvas(grid)
    return canvas[..., :3] * light(canvas[..., 3], grid.pixel, 0.42)[..., None]


@cache
def _autumn() -> Easel:
    """The avenue's strokes."""
    easel = Easel(LEAVES[0])
    rng = np.random.default_rng(1917)
    for count, length, width in ((700, 0.085, 0.045), (2200, 0.042, 0.024)):
        easel.paint(_smears(rng, count, length, width), knife, seed=6, rough=0.12)
    _birches(easel, rng)
    last = _smears(rng, 1500, 0.026, 0.014)
    gap = np.min([np.abs(last.x - _trunk(birch, last.y)) - 0.8 * birch[1] for birch in BIRCHES], 0)
    # A few leaves fall in front of the trunks.
    easel.paint(last.take((gap > 0.006) | (rng.random(len(gap)) > 0.86)), knife, seed=6, rough=0.12)
    return easel.done()


def _smears(rng: np.random.Generator, count: int, length: float, width: float) -> Strokes:
    """One layer of the avenue, coarse or fine."""
    x, y = scatter(rng, count)
    chance = uniform(rng, 0, 1, len(x))
    jitter = uniform(rng, 0.6, 1.3, (2, len(x)))
    angle = autumn_direction(x, y) + uniform(rng, -0.5, 0.5, len(x))
    return Strokes(x, y, angle, length * jitter[0], width * jitter[1], 0 * x, autumn_colours(x, y, chance))


def _trunk(birch: Array, y: Array) -> Array:
    """Middle x of a trunk at heights y."""
    return np.asarray(birch[0] + birch[2] * (1 - y) + 0.008 * np.sin(9 * y + 40 * birch[0]))


def _birches(easel: Easel, rng: np.random.Generator) -> None:
    """Trunks scraped sideways, pale on the lit side, barred with dark scars."""
    bark = colours("f8efe0", "d8c8c4", "8a7a98", "4a3a58")
    for birch in BIRCHES:
        y = np.linspace(-0.03, 0.74 + 5 * birch[1], 150, dtype=np.float32)
        side = uniform(rng, -1, 1, 150)
        scar = rng.random(150) < 0.13
        colour = np.where(scar[:, None], colours("2a1a2c")[0], ramp(bark, 0.42 + 0.42 * side))
        width = np.full(150, 0.011, np.float32)
        x = _trunk(birch, y) + 0.5 * side * birch[1]
        length = np.where(scar, 1.2, 1.5) * birch[1] + 0.006
        angle = uniform(rng, -0.3, 0.3, 150)
        easel.paint(Strokes(x, y, angle, length, width, 0 * y, colour), knife, seed=7, rough=0.3)


# --- dots -------------------------------------------------------------------------------------------------------------

DOT_COLOURS = (
    colours("f6e04a", "c3d43a", "8fc43c", "f4b860", "fff0a0"),  # lawn in the sun
    colours("1f6a4a", "2c3f96", "4a3a98", "2f8a4a", "17324f"),  # shade
    colours("3f8fc8", "7fc4e0", "2f68b8", "f3c8b8", "b8e4e8"),  # river
    colours("fdf3d6", "f9dcc0", "f6c8cc", "fffdf0", "f0d0e4"),  # clouds
    colours("9fd0ee", "c4e2f2", "b4b8ea", "e4eef4", "86b8e4"),  # open sky
    colours("2f8a3a", "5fae34", "1c6c58", "b4cc34", "4a3f96"),  # leaves
    colours("fffdf4", "ffeeda", "fffaf0", "ffd8b0", "ece4fa"),  # sails
    colours("e8402c", "f2702c", "c42f4a", "f79a4a", "d8246a"),  # parasols, hulls, poppies
    colours("f6c8a0", "f0a878"),  # skin
)
BOATS = ((0.27, 0.50, 0.21), (0.46, 0.44, 0.11), (0.10, 0.43, 0.10))
"""x of the mast, y of the water line, height of the sail."""
STROLLERS = ((0.50, 0.88, 0.30), (0.68, 0.74, 0.17), (0.16, 0.90, 0.27), (0.33, 0.74, 0.16))
"""x, y of the feet, height."""

CROWN = ((0.90, 0.10, 0.26, 0.20), (0.70, 0.24, 0.15, 0.085), (0.63, 0.06, 0.14, 0.075), (0.95, 0.30, 0.15, 0.08))
"""Lobes of the tree's crown: x and y of the middle, half width, half height."""


def dot_palette(x: Array, y: Array) -> NDArray[np.intp]:
    """Which of the palettes the paint at (x, y) comes from: an afternoon by a river."""
    kind = np.where(fractal(3.5 * x, 7 * y, 35, 3) > 0.05, 3, 4)
    far_bank = np.abs(y - 0.345) < 0.03 + 0.025 * noise(8 * x, 0 * x, 31)
    kind = np.where(y > 0.36, 2, np.where(far_bank, 5, kind))
    for mast, water, tall in BOATS:
        share = (y - water + tall) / tall
        sail = (share > 0) & (share < 0.93) & (x > mast - 0.1 * tall * share) & (x < mast + 0.5 * tall * share)
        hull = (np.abs(y - water) < 0.055 * tall + 0.006) & (np.abs(x - mast - 0.12 * tall) < 0.52 * tall)
        kind = np.where(sail, 6, np.where(hull, 7, kind))
    bank = 0.66 - 0.22 * np.maximum(x - 0.2, 0) + 0.02 * noise(9 * x, 0 * x, 33)
    shade = noise(3 * x, 10 * y, 32) + 1.3 * smoothstep(0.92, 1.02, y) + 0.25 * np.exp(-((x - 0.8) ** 2) / 0.02) > 0.24
    poppies = noise(28 * x, 34 * y, 36) > 0.62
    kind = np.where(y > bank, np.where(shade & (y > bank + 0.02), 1, np.where(poppies, 7, 0)), kind)
    kind = _tree(kind, x, y)
    for cx, foot, tall in STROLLERS:
        rise = (foot - y) / tall
        skirt = (rise > 0) & (rise < 0.60) & (np.abs(x - cx) < tall * np.maximum(0.19 - 0.30 * rise, 0.07))
        head = np.hypot(x - cx, y - foot + 0.67 * tall) < 0.075 * tall
        over = foot - 0.80 * tall - y
        parasol = (over > 0) & (np.hypot(x - cx - 0.05 * tall, 1.7 * over) < 0.29 * tall)
        kind = np.select([parasol, head, skirt], [7, 8, 1], kind)
    return kind


def _tree(kind: NDArray[np.intp], x: Array, y: Array) -> NDArray[np.intp]:
    """A tree on the right, light breaking through its crown; where it stands its palettes replace the others."""
    lobes = [np.hypot((x - cx) / rx, (y - cy) / ry) for cx, cy, rx, ry in CROWN]
    crown = np.min(lobes, 0) + 0.3 * fractal(7 * x, 7 * y, 34, 3)
    trunk = np.abs(x - 0.83 - 0.04 * np.sin(6 * y)) < 0.018 + 0.03 * smoothstep(0.58, 0.72, y)
    gaps = noise(15 * x, 15 * y, 37)
    leaves = np.where(gaps < -0.25, 1, np.where(gaps > 0.42, 0, 5))
    return np.where(crown < 1, leaves, np.where(trunk & (y > 0.2) & (y < 0.70), 1, kind))


@drawn(margin=LIT, band=WIDE_BAND)
def dots(grid: Grid) -> Array:
    """An afternoon by a river in dots of pure colour, mixed by the eye (Seurat's divisionism)."""
    canvas = _dots().canvas(grid)
    return canvas[..., :3] * light(canvas[..., 3], grid.pixel, 0.2)[..., None]


@cache
def _dots() -> Easel:
    """The afternoon's dots."""
    easel = Easel(colours("efe2c4")[0])
    rng = np.random.default_rng(1884)
    _dab(easel, rng, 2000, 0.027)
    _dab(easel, rng, 4600, 0.0165)
    _dab(easel, rng, 5600, 0.0105)
    return easel.done()


def _dab(easel: Easel, rng: np.random.Generator, count: int, size: float) -> None:
    """One layer of dots; some lean to the complement, which makes the others sing."""
    x, y = scatter(rng, count)
    kind, pick = dot_palette(x, y), rng.random(len(x))
    colour = np.zeros((len(x), 3), np.float32)
    for index, palette in enumerate(DOT_COLOURS):
        # The power makes the first colours of a palette the common ones.
        chosen = palette[(pick**1.4 * len(palette)).astype(int)]
        colour = np.where((kind == index)[:, None], chosen, colour)
    complement = colour.max(1, keepdims=True) + colour.min(1, keepdims=True) - colour
    colour = np.where((rng.random(len(x)) < 0.10)[:, None], complement, colour)
    colour = np.clip(colour * uniform(rng, 0.88, 1.08, (len(x), 1)), 0, 1)
    girth = size * uniform(rng, 0.75, 1.2, len(x))
    angle = uniform(rng, 0, np.pi, len(x))
    easel.paint(Strokes(x, y, angle, 1.25 * girth, girth, 0 * x, colour), plain, seed=9)


DRAWINGS = {
    "night": GalleryEntry("Swirling night", night, "Curved strokes of oil stream around stars and a moon."),
    "autumn": GalleryEntry("Autumn avenue", autumn, "Birches in burning leaves, spread with a palette knife."),
    "dots": GalleryEntry("Afternoon in dots", dots, "A river bank in dots of pure colour, mixed by the eye."),
}
