"""Pictures put together from pieces: leaded glass, stone tesserae, shattered planes."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from styfie.gallery.canvas import (
    WIDE_BAND,
    Array,
    Grid,
    candidates,
    cells,
    colours,
    drawn,
    dyed,
    fractal,
    fraction,
    inside,
    length,
    line,
    mix,
    neighbours,
    noise,
    ramp,
    sheet,
    smoothstep,
    uniform,
)
from styfie.gallery.entry import GalleryEntry

# --- glass ------------------------------------------------------------------------------------------------------------

ROSE = ((0.0, 1), (0.075, 8), (0.135, 12), (0.20, 12), (0.262, 24), (0.325, 24), (0.40, 16), (0.475, 32), (0.555, 32),
        (0.63, 40), (0.71, 40))  # fmt: skip
"""Rings of panes of the rose window: radius, number of panes."""
PANES = colours("c4122f", "1b3fae", "e8a417", "0f7d4b", "7a1f9a", "18a0c8", "e85d1a", "f3d98a")


@drawn(2)
def glass(grid: Grid) -> Array:
    """A rose window: panes of streaked, bubbled glass in lead, daylight behind it."""
    seeds, near, tint, angle = _panes()
    x, y = grid.x - 0.5, grid.y - 0.5
    wobble = 0.004 * noise(14 * x, 14 * y, 40), 0.004 * noise(14 * x, 14 * y, 41)
    pane = cells(grid, x + wobble[0], y + wobble[1], seeds, near)
    glow = _glow(x, y, angle.take(pane.owner), pane.edge)
    colour = dyed(tint, pane.owner)
    # More light than a pane's colour can carry turns it towards white.
    colour = colour * np.minimum(glow, 1)[..., None] + np.maximum(glow - 1, 0)[..., None] * (1 - 0.5 * colour)
    return _leading(colour, x, y, pane.edge, grid.pixel)


@cache
def _panes() -> tuple[Array, NDArray[np.int32], Array, Array]:
    """Seeds (N, 2) of the panes, which are near where, tints (N, 3), and the angles (N,) at which they were pulled."""
    rng = np.random.default_rng(1240)
    seeds, ring, turn = _rose(rng)
    hue = (ring * 3 + (turn % 2) * 2 + (turn % 4 == 3)) % len(PANES)
    stray = rng.random(len(seeds)) < 0.16
    hue = np.where(stray, rng.integers(0, len(PANES), len(seeds)), hue)
    tint = np.clip(PANES[hue] * uniform(rng, 0.75, 1.2, (len(seeds), 1)), 0, 1)
    angle = uniform(rng, 0, np.pi, len(seeds))
    return seeds, neighbours(seeds + 0.5, 10), tint, angle


def _rose(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Seeds (N, 2) around the middle, with the ring and the place in the ring of each."""
    radius = np.concatenate([np.full(n, r) for r, n in ROSE]).astype(np.float32)
    ring = np.concatenate([np.full(n, i) for i, (_, n) in enumerate(ROSE)])
    turn = np.concatenate([np.arange(n) for _, n in ROSE])
    count = np.concatenate([np.full(n, n) for _, n in ROSE])
    angle = (turn + 0.5 * (ring % 2)) / count * 2 * np.pi + uniform(rng, -0.01, 0.01, len(radius))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).astype(np.float32), ring, turn


def _glow(x: Array, y: Array, angle: Array, edge: Array) -> Array:
    """Daylight let through, about [0.2, 1.5]: streaks along each pane's pull, bubbles, dirt along the leads."""
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = x * cos + y * sin, y * cos - x * sin
    streaks = noise(9 * u, 75 * v + 7 * angle, 42) + 0.6 * noise(30 * u, 160 * v, 43)
    bubbles = smoothstep(0.55, 0.8, noise(55 * u, 110 * v, 44))
    # Vitreous paint: a veil traced parallel to the lead.
    veil = 1 - 0.5 * smoothstep(0.0022, 0.0008, np.abs(edge - 0.0145))
    return np.asarray((0.62 + 0.5 * smoothstep(0.0, 0.035, edge) + 0.30 * streaks + 0.35 * bubbles) * veil)


def _leading(colour: Array, x: Array, y: Array, edge: Array, pixel: float) -> Array:
    """Lead cames between the panes, heavier bars on the rings of the tracery; lead catches some light."""
    distance = length(x, y)
    bars = np.minimum.reduce([np.abs(distance - r) for r in (0.0375, 0.232, 0.438, 0.67)])
    depth = np.maximum(0.0042 - edge, 0.0085 - bars)
    sheen = 0.05 + 0.16 * smoothstep(0.0, 0.003, depth - 0.002) * (1 + noise(60 * x, 60 * y, 45))
    lead = sheen[..., None] * colours("b8c0cc")[0]
    return mix(colour, lead, inside(-depth, pixel))


# --- mosaic -----------------------------------------------------------------------------------------------------------

FISH = (
    (0.34, 0.30, 0.24, 0.35, 1),
    (0.68, 0.60, 0.26, 3.55, 0),
    (0.25, 0.78, 0.17, -0.5, 2),
    (0.83, 0.20, 0.12, 1.9, 2),
)
"""Fishes: x and y of the middle, half length, heading in radians, coat."""
COATS = (
    colours("2a1a18", "f2e3c0", "d9542b", "f0a044", "b8321f"),
    colours("2a1a18", "f2e3c0", "e2a32e", "f6d47a", "a8521f"),
    colours("2a1a18", "f2e3c0", "b5402a", "e8b48c", "7a2018"),
)
SEA = colours("f0e4c4", "d8c8a0", "7fa89a", "2f6f6c", "174a4e", "3f8a84", "c8cfae")


def shoal(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Signed distance to the nearest fish, which one it is, and the place along it, -1 at the tail to 1 at the nose."""
    best, which, place = np.full(x.shape, 9, np.float32), np.zeros(x.shape, int), np.zeros(x.shape, np.float32)
    for i, (cx, cy, size, heading, _) in enumerate(FISH):
        cos, sin = math.cos(heading) / size, math.sin(heading) / size
        u = (x - cx) * cos + (y - cy) * sin
        v = (y - cy) * cos - (x - cx) * sin + 0.10 * np.sin(2.2 * u)
        # A body between two arcs; a tail and fins between pairs of straight lines.
        body = length(np.maximum(np.abs(u) - 0.9, 0), np.abs(v) + 0.85) - np.sqrt(
            np.maximum(1.27**2 - np.minimum(np.abs(u), 0.9) ** 2, 0)
        )
        tail = np.maximum(np.abs(v) - 0.10 + 0.75 * (u + 0.72), np.abs(u + 0.98) - 0.24)
        fin = np.maximum(np.abs(v + 0.36 + 0.5 * (u + 0.1)) - 0.16, np.abs(u + 0.06) - 0.24)
        distance = np.minimum(np.minimum(body, tail), fin) * size
        nearer = distance < best
        best, which, place = np.where(nearer, distance, best), np.where(nearer, i, which), np.where(nearer, u, place)
    return best, which, place


def _lay_direction(x: Array, y: Array) -> Array:
    """Angle of the rows of tesserae: along the outline of the nearest fish (opus vermiculatum), waves far from all."""
    step = 4e-3

    def height(x: Array, y: Array) -> Array:
        distance = shoal(x, y)[0]
        swell = y + 0.022 * np.sin(17 * x + 5 * y)
        return np.asarray(np.where(distance < 0.07, distance, swell))

    right, down = height(x + step, y) - height(x - step, y), height(x, y + step) - height(x, y - step)
    return np.asarray(np.arctan2(down, right), np.float32)


@cache
def _tiles() -> tuple[Array, Array, NDArray[np.int32], Array, Array]:
    """Tesserae, packed by Lloyd's iteration in a square metric (Hausner 2001).

    Middles (N, 2), angles (N,), which are near where, stones' colours (N, 3) and tilts (2, N).
    """
    rng = np.random.default_rng(79)
    side = 50
    lattice = (np.stack(np.divmod(np.arange(side * side), side), -1) + uniform(rng, 0, 1, (side * side, 2))) / side
    seeds: Array = (1.06 * lattice - 0.03).astype(np.float32)
    for _ in range(9):
        seeds = _middles(seeds, _lay_direction(seeds[:, 0], seeds[:, 1]))
    angle = _lay_direction(seeds[:, 0], seeds[:, 1])
    stones = _stones(seeds, rng)
    return seeds, angle, neighbours(seeds, 12), stones, uniform(rng, -0.10, 0.10, (2, len(seeds)))


def _middles(seeds: Array, angle: Array) -> Array:
    """Where the middles (N, 2) of the tiles around seeds lie, by 150 × 150 points over the square and a margin."""
    reach, span = 4, np.float32(1.06 / 149)
    side = 150 + 2 * reach
    steps = np.arange(-reach, reach + 1)
    column, row = np.rint((seeds.T + 0.03) / span).astype(np.int64)[:, :, None] + steps
    dx, dy = ((place * span - 0.03).astype(np.float32) - seeds[:, i, None] for i, place in enumerate((column, row)))
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    away = _square(dx[:, None, :], dy[:, :, None], cos, sin)
    # Positive floats sort as their bits do; below the bits stands whose they are.
    key = (away.view(np.int32).astype(np.int64) << 12) | np.arange(len(seeds))[:, None, None]
    nearest = np.full(side * side, np.iinfo(np.int64).max)
    np.minimum.at(nearest, ((row[:, :, None] + reach) * side + (column[:, None, :] + reach)).ravel(), key.ravel())
    owner = nearest.reshape(side, side)[reach:-reach, reach:-reach] & 4095
    found = np.nonzero(owner < len(seeds))
    owner = owner[found]
    count = np.bincount(owner, minlength=len(seeds))
    total = np.stack([np.bincount(owner, place * span - 0.03, len(seeds)) for place in found[::-1]], -1)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], seeds).astype(np.float32)


def _square(dx: Array, dy: Array, cos: Array, sin: Array) -> Array:
    """Distance in the metric whose circles are squares, turned by an angle."""
    return np.maximum(np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin))


def _nearest_tiles(grid: Grid, seeds: Array, angle: Array, near: NDArray[np.int32]) -> tuple[NDArray[np.int32], Array]:
    """For pixels (H, W): the tile each belongs to, and the distance to that tile's border."""
    seed_x, seed_y, cos, sin = seeds[:, 0].copy(), seeds[:, 1].copy(), np.cos(angle), np.sin(angle)
    first, second = np.full(grid.shape, 9, np.float32), np.full(grid.shape, 9, np.float32)
    owner = np.zeros(grid.shape, np.int32)
    for seed in candidates(grid, near):
        away = _square(grid.x - seed_x.take(seed), grid.y - seed_y.take(seed), cos.take(seed), sin.take(seed))
        np.copyto(owner, seed, where=away < first)
        np.minimum(second, np.maximum(first, away), out=second)
        np.minimum(first, away, out=first)
    return owner, (second - first) / 2


@drawn()
def mosaic(grid: Grid) -> Array:
    """Fishes of stone tesserae, whose rows follow their outlines."""
    seeds, angle, near, stones, tilt = _tiles()
    owner, edge = _nearest_tiles(grid, seeds, angle, near)
    x, y = (grid.x - seeds[:, 0].take(owner)) / 0.01, (grid.y - seeds[:, 1].take(owner)) / 0.01
    sheen = 1 + tilt[0].take(owner) * x + tilt[1].take(owner) * y + 0.10 * fractal(90 * grid.x, 90 * grid.y, 51, 2)
    rim = 0.72 + 0.28 * smoothstep(0.0012, 0.005, edge)
    grout = sheet(grid.shape) + colours("6a5a4c")[0]
    grout *= (0.8 + 0.35 * noise(120 * grid.x, 120 * grid.y, 52))[..., None]
    tile = dyed(stones, owner) * (sheen * rim)[..., None]
    return mix(grout, tile, inside(0.0016 - edge, grid.pixel))


def _stones(seeds: Array, rng: np.random.Generator) -> Array:
    """Colour (N, 3) of each tessera, from where it lies on a fish or in the sea."""
    x, y = seeds[:, 0], seeds[:, 1]
    distance, which, place = shoal(x, y)
    swell = y + 0.022 * np.sin(17 * x + 5 * y)
    wave = np.where(distance < 0.07, distance * 14, 9 * swell + 0.3 * noise(6 * x, 6 * y, 50))
    pick = (wave * len(SEA)).astype(int) % len(SEA)
    pick = np.where((distance > 0) & (distance < 0.022), 0, pick)
    colour = SEA[pick]
    for i, (*_, coat) in enumerate(FISH):
        depth = -distance
        row = np.select(
            [depth < 0.018, place > 0.62, np.sin(22 * place + 150 * depth) > 0.35, depth > 0.055], [0, 4, 1, 3], 2
        )
        gill = (np.abs(place - 0.52) < 0.05) & (depth > 0.016)
        colour = np.where(((which == i) & (depth > 0))[:, None], COATS[coat][np.where(gill, 1, row)], colour)
    veined = colour * uniform(rng, 0.8, 1.14, (len(seeds), 1)) + uniform(rng, -0.03, 0.03, (len(seeds), 3))
    return np.asarray(np.clip(veined, 0, 1))


# --- shards -----------------------------------------------------------------------------------------------------------

PLANES = colours("14100d", "3d2b1c", "74512e", "b3854a", "e2c58a", "fbf3da", "5f6a50", "8c4630", "8fa09a")


def split(corners: Array, point: Array, angle: float) -> list[Array]:
    """The two parts of a convex polygon (N, 2) on either side of a line through a point at an angle."""
    normal = np.array([-np.sin(angle), np.cos(angle)], np.float32)
    side = (corners - point) @ normal
    parts: list[list[Array]] = [[], []]
    for i, here in enumerate(side):
        j = (i + 1) % len(side)
        parts[int(here > 0)].append(corners[i])
        if (here > 0) != (side[j] > 0):
            cut = corners[i] + here / (here - side[j]) * (corners[j] - corners[i])
            parts[0].append(cut)
            parts[1].append(cut)
    return [np.array(part) for part in parts]


def area(corners: Array) -> float:
    """Area of a polygon (N, 2) by the shoelace formula."""
    ahead = np.roll(corners, -1, 0)
    return float(abs((corners[:, 0] * ahead[:, 1] - corners[:, 1] * ahead[:, 0]).sum()) / 2)


def shatter(rng: np.random.Generator, largest: float) -> list[Array]:
    """The unit square and a margin, split along a few leading directions until no piece is larger than an area."""
    whole = np.array([(-0.05, -0.05), (1.05, -0.05), (1.05, 1.05), (-0.05, 1.05)], np.float32)
    pieces, done = [whole], []
    while pieces:
        piece = pieces.pop()
        if area(piece) < largest * rng.uniform(0.3, 1.8):
            done.append(piece)
            continue
        share = rng.dirichlet(np.full(len(piece), 3.0)).astype(np.float32)
        angles = rng.choice([0.30, 1.20, 1.95, 2.70, 0.75], 2, replace=False) + rng.normal(0, 0.1, 2)
        # Of two directions the one more across the piece, or there would be only splinters.
        reach = [np.ptp(piece @ np.array([np.cos(a), np.sin(a)], np.float32)) for a in angles]
        halves = split(piece, share @ piece, float(angles[int(np.argmin(reach))]))
        pieces += [half for half in halves if len(half) > 2]
    return done


@drawn(2, band=WIDE_BAND // 2)
def shards(grid: Grid) -> Array:
    """A still life broken into shaded planes, in earth colours (analytical cubism)."""
    picture = sheet(grid.shape)
    warp = 0.003 * noise(11 * grid.x, 11 * grid.y, 61)
    warped = grid.x + warp, grid.y + warp
    for plane in _planes():
        _plane(picture, grid, *warped, plane)
    return _instrument(picture, grid, warp)


class Plane(NamedTuple):
    """A piece of the picture."""

    low: Array
    high: Array
    """Corners (2,) of the box around it."""
    sides: list[tuple[float, float, float]]
    """Of each edge a, b, c: a x + b y + c is the distance inwards from it."""
    tone: float
    lean: int
    """The edge that its light falls off from."""
    hue: float
    opacity: float


@cache
def _planes() -> list[Plane]:
    """The planes: small ones side by side, then half of a few large ones, veils over them."""
    rng = np.random.default_rng(1911)

    def plane(corners: Array, opacity: float) -> Plane:
        tone, lean, hue = rng.random(), int(rng.integers(len(corners))), rng.random()
        ahead = np.roll(corners, -1, 0) - corners
        dx, dy = (ahead / np.maximum(np.hypot(*ahead.T), 1e-6)[:, None]).T
        turn = np.sign(dx[0] * dy[1] - dx[1] * dy[0])
        sides = turn * np.stack([-dy, dx, dy * corners[:, 0] - dx * corners[:, 1]], -1)
        low, high = corners.min(0), corners.max(0)
        return Plane(low, high, [(a, b, c) for a, b, c in sides.tolist()], tone, lean, hue, opacity)

    small = [plane(piece, 1.0) for piece in shatter(rng, 0.012)]
    return small + [plane(piece, 0.55) for piece in shatter(rng, 0.10) if rng.random() < 0.5]


def _plane(picture: Array, grid: Grid, x: Array, y: Array, plane: Plane) -> None:
    """One plane in place: a tone graded away from one edge, dabs along it, outlines; a veil where not opaque."""
    low, high, sides, tone, lean, hue, opacity = plane
    margin = 0.004 + grid.pixel
    rows = slice(*np.searchsorted(grid.y[:, 0], (low[1] - margin, high[1] + margin)))
    columns = slice(*np.searchsorted(grid.x[0], (low[0] - margin, high[0] + margin)))
    if rows.start == rows.stop or columns.start == columns.stop:
        return
    x, y = x[rows, columns], y[rows, columns]
    edges = [a * x + b * y + c for a, b, c in sides]
    depth = np.minimum.reduce(edges)
    at = np.nonzero(depth > -grid.pixel)
    if not at[0].size:
        return
    flat = at[0] * depth.shape[1] + at[1]
    x, y, depth, edge = (field.ravel().take(flat) for field in (x, y, depth, edges[lean]))
    fade = np.exp(edge * -20)
    ey, ex, _ = sides[lean]
    u, v = x * ex - y * ey, y * ex + x * ey
    brushed = noise(45 * u, 230 * v, 62)
    hatch = line((fraction(v / 0.0125 + 0.2 * noise(9 * u, 30 * v, 63)) - 0.5) * 0.0125, 0.0035, grid.pixel)
    level = 0.08 + 0.64 * tone**1.2 + 0.48 * fade + 0.17 * brushed - 0.26 * hatch * smoothstep(0.6, 0.25, fade)
    colour = ramp(PLANES[:6], level)
    if hue < 0.3:
        colour = 0.4 * colour + (0.3 + 0.6 * level)[..., None] * PLANES[6 + int(hue * 10)]
    outline = line(depth, 0.0045, grid.pixel) * np.where(edge > 0.004, np.float32(1), np.float32(0.4))
    colour = mix(colour, PLANES[0], 0.9 * outline)
    share = inside(-depth, grid.pixel) * opacity * (1 if opacity == 1 else np.minimum(0.25 + fade, 1))
    window = picture[rows, columns]
    window[at] = mix(window[at], colour, share)


ARCS = (
    (0.42, 0.62, 0.20, 0.5, 4.2),
    (0.60, 0.40, 0.15, 3.4, 6.3),
    (0.47, 0.55, 0.07, 0.0, 6.3),
    (0.50, 0.52, 0.05, 1.0, 5.0),
    (0.24, 0.30, 0.10, 2.4, 5.6),
    (0.78, 0.74, 0.13, 0.0, 2.8),
    (0.78, 0.74, 0.10, 0.2, 3.4),
)
"""x and y of the middle, radius, first and last angle."""


def _instrument(picture: Array, grid: Grid, warp: Array) -> Array:
    """Traces of a guitar and a glass among the planes: arcs, a sound hole, strings."""
    ink = np.zeros(grid.shape, np.float32)
    for cx, cy, radius, start, stop in ARCS:
        reach = radius + 0.01 + grid.pixel
        rows = slice(*np.searchsorted(grid.y[:, 0], (cy - reach, cy + reach)))
        columns = slice(*np.searchsorted(grid.x[0], (cx - reach, cx + reach)))
        near = warp[rows, columns]
        dx, dy = grid.x[:, columns] - cx + near, grid.y[rows] - cy + near
        turn = np.arctan2(dy, dx)
        turn = np.where(turn < 0, turn + np.float32(2 * np.pi), turn)
        on = (turn > start) & (turn < stop)
        ink[rows, columns] = np.maximum(ink[rows, columns], on * line(length(dx, dy) - radius, 0.007, grid.pixel))
    across = (grid.x - 0.47) * 0.78 + (grid.y - 0.55) * 0.62 + 1.40 * warp
    on = np.abs((grid.y - 0.55) * 0.78 - (grid.x - 0.47) * 0.62 + 0.16 * warp + 0.12) < 0.38
    for offset in np.linspace(-0.03, 0.03, 5).tolist():
        ink = np.maximum(ink, on * line(across + offset, 0.0025, grid.pixel))
    return mix(picture, PLANES[0], 0.85 * ink)


DRAWINGS = {
    "glass": GalleryEntry("Rose window", glass, "Panes of streaked glass in lead, daylight behind them."),
    "mosaic": GalleryEntry("Fish mosaic", mosaic, "Stone tesserae in rows that follow fishes and waves."),
    "shards": GalleryEntry("Shattered guitar", shards, "Shaded planes in earth colours around a guitar."),
}
