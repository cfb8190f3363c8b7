"""Pictures made by liquids: inks combed on water, pigments settling in wet paper."""

from __future__ import annotations

import numpy as np

from styfie.gallery.canvas import (
    WIDE_BAND,
    Array,
    Grid,
    colours,
    drawn,
    dyed,
    fractal,
    fraction,
    length,
    mix,
    noise,
    sheet,
    smoothstep,
    uniform,
)
from styfie.gallery.entry import GalleryEntry

# --- marble -----------------------------------------------------------------------------------------------------------

INKS = colours(
    *("7a0f24", "f4ead2", "10382f", "d9a23a", "7a0f24", "f0d8b0"),
    *("1a1a1e", "c2452f", "f4ead2", "2f6a4a", "d9a23a", "3a0a18"),
)
"""Inks in the order they are dripped along the tray."""


def comb(x: Array, gap: float, pull: float, sharp: float) -> Array:
    """How far a comb with teeth `gap` apart drags the ink at x along (Lu, Jaffer and others 2012, tine line)."""
    away = np.abs(fraction(x / gap + 0.5) - 0.5) * gap
    return np.asarray(pull * np.exp(-away / sharp))


@drawn(2)
def marble(grid: Grid) -> Array:
    """Marbled endpaper: stripes of ink, raked to and fro and then combed into arches (nonpareil, then bouquet)."""
    # Read backwards: where did the ink that is now here come from?
    x, y = grid.x + 0.004 * noise(9 * grid.x, 9 * grid.y, 70), grid.y + 0.004 * noise(9 * grid.x, 9 * grid.y, 71)
    x, y = _curl(x, y)
    x = x + 0.032 * np.sin(2 * np.pi * y / 0.19)
    y = y - comb(x, 0.040, 0.085, 0.010)
    y = y + comb(x + 0.1, 0.25, 0.10, 0.05)
    x = x - comb(y, 0.31, 0.05, 0.05)
    depth = y / 0.30 + 0.12 * noise(3 * x, 5 * y, 72)
    picture = _stripes(depth)
    speck = smoothstep(0.60, 0.68, noise(46 * x, 90 * y, 73))
    picture = mix(picture, INKS[1], speck)
    fibre = 0.05 * fractal(70 * grid.x, 25 * grid.y, 74, 3) + 0.03 * noise(200 * grid.x, 200 * grid.y, 75)
    return np.asarray(picture * (1 + fibre)[..., None])


TWIRLS = (
    (0.24, 0.27, 0.15, 3.6),
    (0.74, 0.22, 0.13, -3.3),
    (0.51, 0.58, 0.17, -3.8),
    (0.16, 0.79, 0.13, -3.4),
    (0.84, 0.80, 0.15, 3.7),
)
"""x and y of the middle, radius, radians turned at the middle."""


def _curl(x: Array, y: Array) -> tuple[Array, Array]:
    """Turns the ink around the places where a stylus was twirled."""
    for cx, cy, radius, turn in TWIRLS:
        dx, dy = x - cx, y - cy
        angle = turn * np.exp(-(dx * dx + dy * dy) / (0.45 * radius**2))
        x, y = cx + dx * np.cos(angle) - dy * np.sin(angle), cy + dx * np.sin(angle) + dy * np.cos(angle)
    return x, y


def _stripes(depth: Array) -> Array:
    """The inks along the tray: bands of unlike width, each with a thin halo where it was pushed aside by the next."""
    rng = np.random.default_rng(74)
    share = uniform(rng, 0.35, 1.6, len(INKS))
    ends = np.cumsum(share / share.sum())
    starts = np.concatenate([[0], ends[:-1]]).astype(np.float32)
    place = fraction(depth)
    band = sum((place > end).view(np.uint8) for end in ends[:-1])
    inner = np.minimum(ends.take(band) - place, place - starts.take(band))
    vein = smoothstep(0.012, 0.004, inner)
    shade = 0.9 + 0.18 * smoothstep(0.0, 0.05, inner)
    return mix(dyed(INKS, band) * shade[..., None], INKS[6] * 0.8, 0.75 * vein)


# --- watercolour ------------------------------------------------------------------------------------------------------

WASHES = colours("e8417a", "f59ab8", "8a3fb0", "2aa7b8", "8fd6c8", "f2d43a", "f28a5a", "5fae4a", "2f7f5a", "4a5fc0")
"""Pigments: rose, blush, violet, turquoise, aqua, lemon, coral, sap green, viridian, cobalt."""


@drawn(band=WIDE_BAND // 4)
def watercolour(grid: Grid) -> Array:
    """A flower bed in transparent washes: backruns, granulation, hard edges where puddles dried."""
    rng = np.random.default_rng(1843)
    x, y = grid.x, grid.y
    warp = np.stack([fractal(7 * x, 7 * y, 80 + i, 5) for i in range(3)])
    grain = fractal(85 * x, 85 * y, 85, 3)
    paper = 0.975 + 0.025 * grain
    density = _ground(x, y, warp, grain)
    for cx, cy, size in _bed(rng):
        _flower(density, grid, warp, grain, rng, cx, cy, size)
    for _ in range(150):
        cx, cy = rng.random(2).tolist()
        pigment = WASHES[int(rng.integers(len(WASHES)))]
        _puddle(density, grid, warp, grain, rng, (cx, cy, 0.003 + 0.009 * rng.random() ** 2, 1.0, 0.0), pigment, 1.1)
    return paper[..., None] * np.exp(-density)


def absorb(pigment: Array) -> Array:
    """What a full wash of a pigment (3,) takes out of the light, as optical density."""
    return -np.log(np.clip(pigment, 0.04, 0.97))


def _ground(x: Array, y: Array, warp: Array, grain: Array) -> Array:
    """First washes, wet in wet: bands of colour that flow into each other and dry with edges, (H, W, 3) density."""
    density = sheet(grain.shape)
    for i, (pigment, low, high) in enumerate(
        ((3, -0.1, 0.45), (5, 0.25, 0.65), (1, 0.0, 0.30), (7, 0.52, 1.2), (8, 0.78, 1.3))
    ):
        tide = np.minimum(y - low, high - y) + 0.13 * warp[i % 3] + 0.05 * warp[(i + 1) % 3]
        wash = smoothstep(0, 0.10, tide) + 0.8 * np.exp(-np.abs(tide - 0.012) / 0.006)
        backrun = 0.55 * np.abs(np.sin(5 * warp[(i + 2) % 3] + 11 * x + i))
        density += (wash * (0.10 + 0.75 * backrun + 0.10 * grain))[..., None] * absorb(WASHES[pigment])
    return np.maximum(density, 0)


def _bed(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Where flowers stand: x, y, radius; the large ones kept apart."""
    places: list[tuple[float, float, float]] = []
    for size in [0.17] * 4 + [0.11] * 10 + [0.06] * 26:
        for _ in range(25):
            cx, cy = rng.uniform(0.02, 0.98, 2).tolist()
            if all(np.hypot(cx - px, cy - py) > 0.72 * (size + other) for px, py, other in places):
                places.append((cx, cy, size))
                break
    return places


def _flower(
    density: Array, grid: Grid, warp: Array, grain: Array, rng: np.random.Generator, cx: float, cy: float, size: float
) -> None:
    """Leaves and a stem under overlapping petals, and a heart dropped in while they were wet."""
    _lift(density, grid, warp, cx, cy, 1.15 * size)
    green = WASHES[7 + int(rng.integers(2))]
    for _ in range(3):
        turn = rng.uniform(0, 2 * np.pi)
        reach = 1.05 * size
        at = (cx + reach * np.cos(turn), cy + reach * np.sin(turn), 0.55 * size, 0.32, turn)
        _puddle(density, grid, warp, grain, rng, at, green, 0.8)
    pigment = WASHES[int(rng.choice([0, 0, 1, 2, 6, 9, 6, 5]))]
    petals, start = int(rng.integers(5, 8)), rng.uniform(0, 6)
    for i in range(petals):
        turn = start + i / petals * 2 * np.pi
        at = (cx + 0.52 * size * np.cos(turn), cy + 0.52 * size * np.sin(turn), 0.52 * size, 0.68, turn)
        _puddle(density, grid, warp, grain, rng, at, pigment, 0.72)
    _puddle(density, grid, warp, grain, rng, (cx, cy, 0.22 * size, 1.0, 0.0), WASHES[int(rng.choice([2, 9, 5]))], 1.3)


def _lift(density: Array, grid: Grid, warp: Array, cx: float, cy: float, reach: float) -> None:
    """Takes most of the paint up again, in place, with a thirsty brush: room for a flower to glow."""
    away = length(grid.x - cx, grid.y - cy) / reach + 0.15 * warp[0]
    density *= 1 - 0.85 * smoothstep(1.0, 0.75, away)[..., None]


def _puddle(
    density: Array,
    grid: Grid,
    warp: Array,
    grain: Array,
    rng: np.random.Generator,
    at: tuple[float, float, float, float, float],
    pigment: Array,
    load: float,
) -> None:
    """One oval puddle in place; at: x, y, half length, slimness, angle. Pigment gathers at its drying edge."""
    cx, cy, reach, slim, angle = at
    ragged, pool = uniform(rng, -1, 1, 3), rng.uniform(0, 2 * np.pi)
    cos, sin, pool_x, pool_y = (float(f(a)) for a in (angle, pool) for f in (np.cos, np.sin))
    wide, tall = 1.5 * reach * np.hypot(cos, slim * sin), 1.5 * reach * np.hypot(sin, slim * cos)
    rows = slice(*np.searchsorted(grid.y[:, 0], (cy - tall, cy + tall)))
    columns = slice(*np.searchsorted(grid.x[0], (cx - wide, cx + wide)))
    if rows.start == rows.stop or columns.start == columns.stop:
        return
    dx, dy = grid.x[:, columns] - cx, grid.y[rows] - cy
    u, v = dx * cos + dy * sin, dy * (cos / slim) - dx * (sin / slim)
    near = warp[:, rows, columns]
    tide = 1 - length(u, v) / reach
    for shift, wave in zip(0.26 * ragged, near, strict=True):
        tide += shift * wave
    wet = smoothstep(0, max(0.03, 1.2 * grid.pixel / reach), tide)
    rim = np.exp(-tide * reach / 0.0035)
    flow = 0.5 + 0.5 * (u * pool_x + v * pool_y) / reach
    # Where a wetter drop ran in it pushed the pigment into a crinkled line.
    backrun = np.exp(-np.abs(near[0] - 0.3 * near[1]) / 0.05)
    body = 0.22 + 0.75 * flow + 0.7 * rim + 0.55 * backrun * flow + 0.4 * grain[rows, columns] * (0.3 + flow)
    density[rows, columns] += (load * wet * np.maximum(body, 0))[..., None] * absorb(pigment)


DRAWINGS = {
    "marble": GalleryEntry("Marbled paper", marble, "Inks floated on water, raked, combed and twirled."),
    "watercolour": GalleryEntry("Watercolour garden", watercolour, "Flowers in transparent washes that ran and dried."),
}
