"""What all the pictures are drawn with: coordinates, chance, noise, flow, cells, colours and light.

Every picture is designed on the unit square: x to the right, y downwards, 1 = the picture's longest side. A picture
that is not square is the middle of the square one. Random numbers are drawn for the design, never per pixel, so the
same strokes appear at every size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Picture: TypeAlias = NDArray[np.float32]


class Grid(NamedTuple):
    """Where the pixels of a picture lie in the unit square."""

    x: Array
    """(H, W), centres of pixels, rightwards."""
    y: Array
    """(H, W), centres of pixels, downwards."""
    pixel: float
    """Side of a pixel."""


def grid_of(height: int, width: int) -> Grid:
    """The pixels of a (height, width) picture, centred on the unit square."""
    pixel = 1 / max(height, width)
    x = 0.5 + (np.arange(width, dtype=np.float32) - (width - 1) / 2) * pixel
    y = 0.5 + (np.arange(height, dtype=np.float32) - (height - 1) / 2) * pixel
    across, down = np.meshgrid(x, y)
    return Grid(across, down, pixel)


def drawn(samples: int = 1) -> Callable[[Callable[[Grid], Array]], Callable[[int, int], Picture]]:
    """Makes a drawing on a grid, (H, W, 3), into a picture of any (height, width), RGB in [0, 1].

    With `samples` n, each pixel is the mean of n × n points: the antialiasing of drawings made of hard-edged fields.
    """

    def decorate(design: Callable[[Grid], Array]) -> Callable[[int, int], Picture]:
        @wraps(design)
        def draw(height: int, width: int) -> Picture:
            fine = np.clip(design(grid_of(height * samples, width * samples)), 0, 1)
            coarse = fine.reshape(height, samples, width, samples, 3).mean((1, 3))
            return np.asarray(coarse, np.float32)

        return draw

    return decorate


# --- chance -----------------------------------------------------------------------------------------------------------


def uniform(rng: np.random.Generator, low: float, high: float, size: int | tuple[int, ...]) -> Array:
    """Float32 numbers between low and high; float32, so that they do not widen the pixels they meet."""
    return low + (high - low) * rng.random(size, dtype=np.float32)


def scatter(rng: np.random.Generator, count: int, margin: float = 0.04) -> tuple[Array, Array]:
    """About `count` points (x, y), evenly spread with jitter over the unit square and a margin, in random order."""
    side = round(count**0.5)
    rows, columns = np.divmod(rng.permutation(side * side), side)
    span = 1 + 2 * margin
    x = (columns + uniform(rng, 0, 1, side * side)) / side * span - margin
    y = (rows + uniform(rng, 0, 1, side * side)) / side * span - margin
    return x.astype(np.float32), y.astype(np.float32)


# --- fields -----------------------------------------------------------------------------------------------------------


def noise(x: Array, y: Array, seed: int) -> Array:
    """Gradient noise (Perlin 1985, with the fade curve of 2002) at any points, about [-1, 1], features of size 1."""
    angle = uniform(np.random.default_rng(seed), 0, 2 * np.pi, 4096)
    slope_x, slope_y = np.cos(angle), np.sin(angle)
    left, top = np.floor(x), np.floor(y)
    u, v = x - left, y - top
    column, row = left.astype(np.int32), top.astype(np.int32)

    def corner(dx: int, dy: int) -> Array:
        at = ((row + dy) & 63) * 64 + ((column + dx) & 63)
        return np.asarray(slope_x[at] * (u - dx) + slope_y[at] * (v - dy))

    fade_u, fade_v = u * u * u * (u * (6 * u - 15) + 10), v * v * v * (v * (6 * v - 15) + 10)
    upper = corner(0, 0) + fade_u * (corner(1, 0) - corner(0, 0))
    lower = corner(0, 1) + fade_u * (corner(1, 1) - corner(0, 1))
    return np.asarray(1.5 * (upper + fade_v * (lower - upper)))


def fractal(x: Array, y: Array, seed: int, octaves: int = 4) -> Array:
    """Sum of octaves of gradient noise, each twice as fine and half as strong, about [-1, 1]."""
    total = noise(x, y, seed)
    for octave in range(1, octaves):
        total = total + noise(x * 2**octave, y * 2**octave, seed + octave) / 2**octave
    return total


def along(potential: Callable[[Array, Array], Array], x: Array, y: Array) -> Array:
    """Angle at which the level lines of a potential run: the direction of its curl, free of sinks (Bridson 2007)."""
    step = 2e-3
    slope_x = potential(x + step, y) - potential(x - step, y)
    slope_y = potential(x, y + step) - potential(x, y - step)
    return np.asarray(np.arctan2(-slope_x, slope_y))


def bend(direction: Callable[[Array, Array], Array], x: Array, y: Array) -> Array:
    """Curvature of the lines of a direction field: radians per unit of length walked along it."""
    step = 4e-3
    angle = direction(x, y)
    dx, dy = step * np.cos(angle), step * np.sin(angle)
    turn = direction(x + dx, y + dy) - direction(x - dx, y - dy)
    # A stroke has no head: directions half a turn apart are the same.
    return np.asarray(((turn + np.pi / 2) % np.pi - np.pi / 2) / (2 * step))


class Cells(NamedTuple):
    """A division of the plane into the neighbourhoods of seeds (Voronoi; Worley 1996)."""

    owner: NDArray[np.intp]
    """(H, W), the nearest seed."""
    edge: Array
    """(H, W), distance to the border with the second nearest."""


def cells(x: Array, y: Array, seeds: Array) -> Cells:
    """The cells of seeds (N, 2) as x, y."""
    from scipy.spatial import cKDTree

    found = cKDTree(seeds).query(np.stack([x, y], -1), k=2)
    distance, nearest = np.asarray(found[0], np.float32), np.asarray(found[1])
    first, second = nearest[..., 0], nearest[..., 1]
    between = np.hypot(seeds[first, 0] - seeds[second, 0], seeds[first, 1] - seeds[second, 1])
    edge = (distance[..., 1] ** 2 - distance[..., 0] ** 2) / (2 * np.maximum(between, 1e-6))
    return Cells(first, edge)


def bubbles(x: Array, y: Array, seed: int) -> Array:
    """Distance to the nearest of points strewn one to a unit square of a jittered lattice (Worley 1996, F1)."""
    rng = np.random.default_rng(seed)
    jitter_x, jitter_y = uniform(rng, 0.1, 0.9, 4096), uniform(rng, 0.1, 0.9, 4096)
    left, top = np.floor(x), np.floor(y)
    u, v = x - left, y - top
    column, row = left.astype(np.int32), top.astype(np.int32)
    best = np.full(x.shape, 9, np.float32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            at = ((row + dy) & 63) * 64 + ((column + dx) & 63)
            best = np.minimum(best, (jitter_x[at] + dx - u) ** 2 + (jitter_y[at] + dy - v) ** 2)
    return np.sqrt(best)


# --- tones and colours ------------------------------------------------------------------------------------------------


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, smooth between; falls instead where low > high."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def inside(distance: Array, pixel: float | Array) -> Array:
    """Share of a pixel covered by the shape whose signed distance (negative inside) is given."""
    return np.asarray(np.clip(0.5 - distance / pixel, 0, 1))


def line(distance: Array, width: float, pixel: float | Array) -> Array:
    """Share of a pixel covered by a line of a width, at a distance from its middle; thin lines fade, not vanish."""
    # A scalar of NumPy's own would widen float32 pixels to float64.
    half, strength = (np.asarray(v, np.float32) for v in (np.maximum(width, pixel) / 2, np.minimum(1, width / pixel)))
    return np.asarray(inside(np.abs(distance) - half, pixel) * strength)


def colours(*codes: str) -> Array:
    """Palette (N, 3) in [0, 1] from six-digit hexadecimal RGB codes."""
    return np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes], np.float32)


def ramp(palette: Array, position: Array) -> Array:
    """Colours (..., 3) along a palette (N, 3), linear between its entries; position 0 is the first, 1 the last."""
    place = np.clip(position, 0, 1) * (len(palette) - 1)
    lower = np.minimum(place.astype(np.int32), len(palette) - 2)
    share = (place - lower)[..., None]
    return np.asarray(palette[lower] + share * (palette[lower + 1] - palette[lower]))


def mix(below: Array, above: Array, share: Array) -> Array:
    """`above` over `below`, both colours (..., 3), with an opacity (...) in [0, 1]."""
    return below + share[..., None] * (above - below)


def light(height: Array, pixel: float, strength: float, blur: float = 0.0012) -> Array:
    """Shading (H, W) about 1 of a surface whose height is in units, lit from the upper left.

    The surface is smoothed by `blur` units first: otherwise edges would be steeper, and brighter, in larger pictures.
    """
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(height, blur / pixel)
    down, right = np.gradient(smooth, pixel)
    return np.asarray(1 + strength * np.tanh(-(right + down) * 0.7))
