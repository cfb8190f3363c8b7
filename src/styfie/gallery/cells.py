"""Pictures put together from pieces: leaded glass, stone tesserae, shattered planes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from styfie.gallery.canvas import (
    Array,
    Grid,
    cells,
    colours,
    drawn,
    fractal,
    inside,
    line,
    mix,
    noise,
    ramp,
    smoothstep,
    uniform,
)

# --- glass ------------------------------------------------------------------------------------------------------------

ROSE = ((0.0, 1), (0.075, 8), (0.135, 12), (0.20, 12), (0.262, 24), (0.325, 24), (0.40, 16), (0.475, 32), (0.555, 32),
        (0.63, 40), (0.71, 40))  # fmt: skip
"""Rings of panes of the rose window: radius, number of panes."""
PANES = colours("c4122f", "1b3fae", "e8a417", "0f7d4b", "7a1f9a", "18a0c8", "e85d1a", "f3d98a")


@drawn(2)
def glass(grid: Grid) -> Array:
    """A rose window: panes of streaked, bubbled glass in lead, daylight behind it."""
    rng = np.random.default_rng(1240)
    seeds, ring, turn = _rose(rng)
    x, y = grid.x - 0.5, grid.y - 0.5
    wobble = 0.004 * noise(14 * x, 14 * y, 40), 0.004 * noise(14 * x, 14 * y, 41)
    pane = cells(x + wobble[0], y + wobble[1], seeds)
    hue = (ring * 3 + (turn % 2) * 2 + (turn % 4 == 3)) % len(PANES)
    stray = rng.random(len(seeds)) < 0.16
    hue = np.where(stray, rng.integers(0, len(PANES), len(seeds)), hue)
    tint = np.clip(PANES[hue] * uniform(rng, 0.75, 1.2, (len(seeds), 1)), 0, 1)
    angle = uniform(rng, 0, np.pi, len(seeds))
    glow = _glow(x, y, angle[pane.owner], pane.edge)
    colour = tint[pane.owner] * np.minimum(glow, 1)[..., None]
    # More light than a pane's colour can carry turns it towards white.
    colour = colour + np.maximum(glow - 1, 0)[..., None] * (1 - 0.5 * tint[pane.owner])
    return _leading(colour, x, y, pane.edge, grid.pixel)


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
    distance = np.hypot(x, y)
    bars = np.min([np.abs(distance - r) for r in (0.0375, 0.232, 0.438, 0.67)], 0)
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
        u = ((x - cx) * np.cos(heading) + (y - cy) * np.sin(heading)) / size
        v = ((y - cy) * np.cos(heading) - (x - cx) * np.sin(heading)) / size + 0.10 * np.sin(2.2 * u)
        # A body between two arcs; a tail and fins between pairs of straight lines.
        body = np.hypot(np.maximum(np.abs(u) - 0.9, 0), np.maximum(np.abs(v), 0) + 0.85) - np.sqrt(
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
    return np.asarray(np.arctan2(down, right))


def _tiles(rng: np.random.Generator) -> tuple[Array, Array]:
    """Middles (N, 2) and angles (N,) of tesserae, packed by Lloyd's iteration in a square metric (Hausner 2001)."""
    side = 50
    seeds = (np.stack(np.divmod(np.arange(side * side), side), -1) + uniform(rng, 0, 1, (side * side, 2))) / side
    seeds = (1.06 * seeds - 0.03).astype(np.float32)
    points = grid_points(150)
    for _ in range(9):
        angle = _lay_direction(seeds[:, 0], seeds[:, 1])
        owner = _nearest_tiles(points, seeds, angle)[0]
        count = np.maximum(np.bincount(owner, minlength=len(seeds)), 1)
        middle = np.stack([np.bincount(owner, points[:, i], len(seeds)) / count for i in (0, 1)], -1)
        seeds = np.where((np.bincount(owner, minlength=len(seeds)) > 0)[:, None], middle, seeds).astype(np.float32)
    return seeds, _lay_direction(seeds[:, 0], seeds[:, 1])


def grid_points(side: int) -> Array:
    """Points (side², 2), evenly spaced over the unit square and a margin."""
    place = np.linspace(-0.03, 1.03, side, dtype=np.float32)
    return np.stack(np.meshgrid(place, place), -1).reshape(-1, 2)


def _nearest_tiles(points: Array, seeds: Array, angle: Array) -> tuple[NDArray[np.intp], Array]:
    """For points (M, 2): the tile each belongs to, and the distance to that tile's border."""
    from scipy.spatial import cKDTree

    near = np.asarray(cKDTree(seeds).query(points, k=5)[1])
    dx, dy = (points[:, i, None] - seeds[near, i] for i in (0, 1))
    cos, sin = np.cos(angle)[near], np.sin(angle)[near]
    reach = np.maximum(np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin))
    order = np.argmin(reach, 1)
    first, second = np.partition(reach, 1, axis=1)[:, :2].T
    return near[np.arange(len(points)), order], (second - first) / 2


@drawn()
def mosaic(grid: Grid) -> Array:
    """Fishes of stone tesserae, whose rows follow their outlines."""
    rng = np.random.default_rng(79)
    seeds, angle = _tiles(rng)
    points = np.stack([grid.x.ravel(), grid.y.ravel()], -1)
    owner, edge = _nearest_tiles(points, seeds, angle)
    owner, edge = owner.reshape(grid.x.shape), edge.reshape(grid.x.shape)
    stone = _stones(seeds, rng)[owner]
    tilt = uniform(rng, -0.10, 0.10, (2, len(seeds)))
    x, y = (grid.x - seeds[owner, 0]) / 0.01, (grid.y - seeds[owner, 1]) / 0.01
    sheen = 1 + tilt[0][owner] * x + tilt[1][owner] * y + 0.10 * fractal(90 * grid.x, 90 * grid.y, 51, 2)
    rim = 0.72 + 0.28 * smoothstep(0.0012, 0.005, edge)
    grout = colours("6a5a4c")[0] * (0.8 + 0.35 * noise(120 * grid.x, 120 * grid.y, 52))[..., None]
    tile = stone * (sheen * rim)[..., None]
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


@drawn(2)
def shards(grid: Grid) -> Array:
    """A still life broken into shaded planes, in earth colours (analytical cubism)."""
    rng = np.random.default_rng(1911)
    picture = np.zeros((*grid.x.shape, 3), np.float32)
    warp = 0.003 * noise(11 * grid.x, 11 * grid.y, 61)
    for piece in shatter(rng, 0.012):
        _plane(picture, grid, warp, piece, rng, opacity=1.0)
    for piece in shatter(rng, 0.10):
        if rng.random() < 0.5:
            _plane(picture, grid, warp, piece, rng, opacity=0.55)
    return _instrument(picture, grid, warp)


def _plane(picture: Array, grid: Grid, warp: Array, piece: Array, rng: np.random.Generator, opacity: float) -> None:
    """One plane in place: a tone graded away from one edge, dabs along it, outlines; a veil where not opaque."""
    low, high = piece.min(0) - 0.01, piece.max(0) + 0.01
    rows = slice(*np.searchsorted(grid.y[:, 0], (low[1], high[1])))
    columns = slice(*np.searchsorted(grid.x[0], (low[0], high[0])))
    tone, lean, hue = rng.random(), int(rng.integers(len(piece))), rng.random()
    x, y = (side[rows, columns] + warp[rows, columns] for side in (grid.x, grid.y))
    ahead = np.roll(piece, -1, 0) - piece
    turn = float(np.sign(ahead[0, 0] * ahead[1, 1] - ahead[0, 1] * ahead[1, 0]))
    length = np.maximum(np.hypot(*ahead.T), 1e-6)
    edges = [
        turn * (dx * (y - py) - dy * (x - px)) / size
        for (px, py), (dx, dy), size in zip(piece.tolist(), ahead.tolist(), length.tolist(), strict=True)
    ]
    depth = np.min(edges, 0)
    fade = np.exp(-edges[lean] / 0.05)
    ex, ey = (ahead[lean] / length[lean]).tolist()
    u, v = x * ex + y * ey, y * ex - x * ey
    brushed = noise(45 * u, 230 * v, 62)
    hatch = line(((v / 0.0125 + 0.2 * noise(9 * u, 30 * v, 63)) % 1 - 0.5) * 0.0125, 0.0035, grid.pixel)
    level = 0.08 + 0.64 * tone**1.2 + 0.48 * fade + 0.17 * brushed - 0.26 * hatch * smoothstep(0.6, 0.25, fade)
    colour = ramp(PLANES[:6], level)
    if hue < 0.3:
        colour = mix(colour, PLANES[6 + int(hue * 10)] * (0.5 + level)[..., None], np.full(x.shape, 0.6, np.float32))
    outline = line(depth, 0.0045, grid.pixel) * (0.4 + 0.6 * (edges[lean] > 0.004))
    colour = mix(colour, PLANES[0] * np.ones_like(colour), 0.9 * outline)
    share = inside(-depth, grid.pixel) * opacity * (1 if opacity == 1 else np.minimum(0.25 + fade, 1))
    picture[rows, columns] = mix(picture[rows, columns], colour, share)


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
    x, y = grid.x + warp, grid.y + warp
    ink = np.zeros_like(x)
    for cx, cy, radius, start, stop in ARCS:
        turn = np.arctan2(y - cy, x - cx) % (2 * np.pi)
        on = (turn > start) & (turn < stop)
        ink = np.maximum(ink, on * line(np.hypot(x - cx, y - cy) - radius, 0.007, grid.pixel))
    for offset in np.linspace(-0.03, 0.03, 5).tolist():
        across = (x - 0.47) * 0.78 + (y - 0.55) * 0.62 + offset
        on = np.abs((y - 0.55) * 0.78 - (x - 0.47) * 0.62 + 0.12) < 0.38
        ink = np.maximum(ink, on * line(across, 0.0025, grid.pixel))
    return mix(picture, PLANES[0] * np.ones_like(picture), 0.85 * ink)
