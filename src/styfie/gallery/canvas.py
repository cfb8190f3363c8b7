"""What all the pictures are drawn with: coordinates, chance, noise, flow, cells, colours and light.

Every picture is designed on the unit square: x to the right, y downwards, 1 = the picture's longest side. A picture
that is not square is the middle of the square one. Random numbers are drawn for the design, never per pixel, so the
same strokes appear at every size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Picture: TypeAlias = NDArray[np.float32]


BAND = 2**16
"""Points of a picture that are computed together: few enough for their fields to stay in the processor's cache."""
WIDE_BAND = 2**20
"""The same for drawings made of many things, each in its own window, and where bands overlap by a margin."""
LIT = 0.005
"""How far around a pixel `light` looks, in units: four deviations of its smoothing."""
PATCHES = 64
"""Parts of the unit square, along a side, for which the seeds nearby are looked up."""
FINEST = 4096
"""Points along the longest side beyond which a picture is no longer sampled more than once a pixel."""


class Grid(NamedTuple):
    """Where the pixels of a picture, or of a band of its rows, lie in the unit square; an open mesh that broadcasts."""

    x: Array
    """(1, W), centres of pixels, rightwards."""
    y: Array
    """(H, 1), centres of pixels, downwards."""
    pixel: float
    """Side of a pixel."""

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.y.shape[0], self.x.shape[1]


def grid_of(height: int, width: int) -> Grid:
    """The pixels of a (height, width) picture, centred on the unit square."""
    pixel = 1 / max(height, width)
    x = 0.5 + (np.arange(width, dtype=np.float32) - (width - 1) / 2) * pixel
    y = 0.5 + (np.arange(height, dtype=np.float32) - (height - 1) / 2) * pixel
    return Grid(x[None, :], y[:, None], pixel)


def drawn(
    samples: int = 1, margin: float = 0.0, band: int = BAND
) -> Callable[[Callable[[Grid], Array]], Callable[[int, int], Picture]]:
    """Makes a drawing on a grid, (H, W, 3), into a picture of any (height, width), RGB in [0, 1].

    With `samples` n, each pixel is the mean of n × n points: the antialiasing of drawings made of hard-edged fields;
    of fewer where the points would be more than 4096 along the longest side, as long as there is one in each pixel.
    The picture is drawn band by band of rows, so that memory beyond the picture's own does not grow with its size. A
    drawing whose pixels depend on their neighbours names how far as `margin`, in units; bands are drawn that much
    higher and cut. `band` is how many points are drawn together.
    """

    def decorate(design: Callable[[Grid], Array]) -> Callable[[int, int], Picture]:
        @wraps(design)
        def draw(height: int, width: int) -> Picture:
            n = max(1, min(samples, FINEST // max(height, width)))
            grid = grid_of(height * n, width * n)
            extra = int(np.ceil(margin / grid.pixel)) + 2 if margin else 0
            rows = max(1, band // (width * n * n))
            picture = sheet((height, width))
            for top in range(0, height, rows):
                bottom = min(top + rows, height)
                first, last = max(top * n - extra, 0), bottom * n + extra
                fine = design(Grid(grid.x, grid.y[first:last], grid.pixel))
                _average(fine[top * n - first :][: (bottom - top) * n], n, picture[top:bottom])
            return picture

        return draw

    return decorate


def sheet(shape: tuple[int, ...]) -> Picture:
    """A black picture (..., 3). Its colours lie in memory one plane after the other, which NumPy works through faster;
    so do the results of `ramp`, `mix`, `dyed`, and of sums and products with them.
    """
    return np.moveaxis(np.zeros((3, *shape), np.float32), 0, -1)


def _average(fine: Array, n: int, out: Picture) -> None:
    """The means of n × n points (H n, W n, 3), each in [0, 1] first, into `out` (H, W, 3)."""
    fine = np.clip(fine, 0, 1)
    if n == 1:
        out[:] = fine
        return
    down = sum(fine[i::n] for i in range(n))
    out[:] = sum(np.asarray(down)[:, i::n] for i in range(n))
    out /= n * n


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


@cache
def _slopes(seed: int) -> tuple[Array, Array]:
    """Slopes rightwards and downwards at the 64 × 64 lattice points that noise repeats after, (4096,) each."""
    angle = uniform(np.random.default_rng(seed), 0, 2 * np.pi, 4096)
    return np.cos(angle), np.sin(angle)


def noise(x: Array, y: Array, seed: int) -> Array:
    """Gradient noise (Perlin 1985, with the fade curve of 2002) at any points, about [-1, 1], features of size 1.

    On an open mesh, x (1, W) and y (H, 1), it is a product of small matrices, since a lattice point's part in it is a
    function of x times one of y: fifty times faster than point by point.
    """
    slope_x, slope_y = _slopes(seed)
    if x.ndim == y.ndim == 2 and x.shape[0] == y.shape[1] == 1:
        column, weight_x, ramp_x = _lattice(x[0])
        row, weight_y, ramp_y = _lattice(y[:, 0])
        at = (row & 63)[:, None] * 64 + (column & 63)
        return np.asarray(weight_y.T @ (slope_x[at] @ ramp_x) + ramp_y.T @ (slope_y[at] @ weight_x))
    left, top = np.floor(x), np.floor(y)
    u, v = x - left, y - top
    column, row = left.astype(np.int32), top.astype(np.int32)
    columns = (column & 63, (column + 1) & 63)
    rows = ((row & 63) << 6, ((row + 1) & 63) << 6)

    def corner(dx: int, dy: int) -> Array:
        at = rows[dy] + columns[dx]
        return np.asarray(slope_x.take(at) * (u - dx) + slope_y.take(at) * (v - dy))

    fade_u, fade_v = u * u * u * (u * (6 * u - 15) + 10), v * v * v * (v * (6 * v - 15) + 10)
    first = corner(0, 0)
    upper = first + fade_u * (corner(1, 0) - first)
    first = corner(0, 1)
    lower = first + fade_u * (corner(1, 1) - first)
    return np.asarray(1.5 * (upper + fade_v * (lower - upper)))


def _lattice(place: Array) -> tuple[NDArray[np.int64], Array, Array]:
    """For places (N,) along one axis: lattice points (K,), their weights (K, N), and weights times distance.

    1.5 is the noise's scale, its root taken once on either axis.
    """
    low = np.floor(place)
    u = (place - low).astype(np.float32)
    first = int(low.min()) if place.size else 0
    points = np.arange(first, (int(low.max()) if place.size else 0) + 2)
    here, rank = low.astype(np.int64) - first, np.arange(len(place))
    fade = u * u * u * (u * (6 * u - 15) + 10)
    weight = np.zeros((2, len(points), len(place)), np.float32)
    weight[0, here, rank], weight[0, here + 1, rank] = 1 - fade, fade
    weight[1, here, rank], weight[1, here + 1, rank] = (1 - fade) * u, fade * (u - 1)
    weight *= np.float32(1.5**0.5)
    return points, weight[0], weight[1]


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

    owner: NDArray[np.int32]
    """(H, W), the nearest seed."""
    edge: Array
    """(H, W), distance to the border with the second nearest."""


def neighbours(seeds: Array, count: int) -> NDArray[np.int32]:
    """The `count` seeds nearest to the middle of each of PATCHES × PATCHES parts of the unit square, (P, P, count)."""
    from scipy.spatial import cKDTree

    middle = (np.arange(PATCHES) + 0.5) / PATCHES
    points = np.stack(np.meshgrid(middle, middle), -1)
    return np.asarray(cKDTree(seeds).query(points, k=count)[1], np.int32)


def candidates(grid: Grid, near: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    """For each pixel (H, W) the seeds near it, one after the other, of the `neighbours` of its part of the square."""
    rows, columns = (np.clip((side.ravel() * PATCHES).astype(np.intp), 0, PATCHES - 1) for side in (grid.y, grid.x))
    for i in range(near.shape[-1]):
        yield near[rows, :, i][:, columns]


def cells(grid: Grid, x: Array, y: Array, seeds: Array, near: NDArray[np.int32]) -> Cells:
    """The cells of seeds (N, 2) at points x, y (H, W) that lie not far from a grid's; near are the `neighbours`."""
    seed_x, seed_y = np.ascontiguousarray(seeds.T)
    first, second = np.full(x.shape, 9, np.float32), np.full(x.shape, 9, np.float32)
    owner, other = np.zeros(x.shape, np.int32), np.zeros(x.shape, np.int32)
    for seed in candidates(grid, near):
        dx, dy = seed_x.take(seed) - x, seed_y.take(seed) - y
        away = dx * dx + dy * dy
        best, better = away < first, away < second
        np.copyto(second, away, where=better)
        np.copyto(other, seed, where=better)
        np.copyto(second, first, where=best)
        np.copyto(other, owner, where=best)
        np.copyto(first, away, where=best)
        np.copyto(owner, seed, where=best)
    dx, dy = seed_x.take(owner) - seed_x.take(other), seed_y.take(owner) - seed_y.take(other)
    return Cells(owner, (second - first) / (2 * np.maximum(np.sqrt(dx * dx + dy * dy), 1e-6)))


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
            best = np.minimum(best, (jitter_x.take(at) + dx - u) ** 2 + (jitter_y.take(at) + dy - v) ** 2)
    return np.sqrt(best)


def length(x: Array, y: Array) -> Array:
    """Length of the vector (x, y); several times faster than np.hypot, which fears overflow."""
    return np.asarray(np.sqrt(x * x + y * y))


def fraction(x: Array) -> Array:
    """What is left of x above the whole number below, [0, 1]; several times faster than x % 1."""
    return np.asarray(x - np.floor(x))


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


def dyed(palette: Array, index: NDArray[Any]) -> Picture:
    """Colours (..., 3) of a palette (N, 3) by their index (...)."""
    picture = sheet(index.shape)
    for i in range(3):
        picture[..., i] = palette[:, i].take(index)
    return picture


def ramp(palette: Array, position: Array) -> Array:
    """Colours (..., 3) along a palette (N, 3), linear between its entries; position 0 is the first, 1 the last."""
    place = np.clip(position, 0, 1) * (len(palette) - 1)
    lower = np.minimum(place.astype(np.int32), len(palette) - 2)
    share = (place - lower)[..., None]
    return np.asarray(dyed(palette, lower) + share * dyed(palette[1:] - palette[:-1], lower))


def mix(below: Array, above: Array, share: Array) -> Array:
    """`above` over `below`, both colours (..., 3) or one colour (3,), with an opacity (...) in [0, 1]."""
    shape = np.broadcast_shapes(below.shape[:-1], above.shape[:-1], share.shape)
    picture = sheet(shape)
    for i in range(3):
        picture[..., i] = below[..., i] + share * (above[..., i] - below[..., i])
    return picture


def light(height: Array, pixel: float, strength: float, blur: float = 0.0012) -> Array:
    """Shading (H, W) about 1 of a surface whose height is in units, lit from the lower right.

    The surface is smoothed by `blur` units first: otherwise edges would be steeper, and brighter, in larger pictures.
    """
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(height, blur / pixel)
    down, right = np.gradient(smooth, pixel)
    return np.asarray(1 + strength * np.tanh(-(right + down) * 0.7))
