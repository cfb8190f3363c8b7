"""A painter of strokes: thousands of small oriented marks, laid one over the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from styfie.gallery.canvas import Array, Grid, uniform

CHUNK = 24
"""Strokes whose windows are computed together."""

Mark: TypeAlias = Callable[[Array, Array, Array], tuple[Array, Array]]
"""What a stroke leaves: (u along, v across, both in [-1, 1] on the stroke; streaks in [0, 1]) -> (tone, height)."""


@dataclass(frozen=True)
class Strokes:
    """N strokes in the order they are laid. Lengths are in units of the picture's longest side."""

    x: Array
    y: Array
    angle: Array
    """Radians, clockwise from rightwards."""
    length: Array
    width: Array
    bend: Array
    """Curvature in radians per unit."""
    colour: Array
    """(N, 3), RGB in [0, 1]."""

    def take(self, chosen: NDArray[Any] | slice) -> Strokes:
        """Those strokes that an index or a mask chooses."""
        return Strokes(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def bristles(u: Array, v: Array, streaks: Array) -> tuple[Array, Array]:
    """Oil from a hog brush: streaks along the stroke, paint pushed up along its sides and at its end."""
    rim = v * v * v * v + 0.5 * np.maximum(u, 0) ** 4
    return 0.30 * (streaks - 0.5), 0.006 * (0.6 * streaks + 0.5 * rim + 0.4)


def knife(u: Array, v: Array, streaks: Array) -> tuple[Array, Array]:
    """Paint spread by a palette knife: a flat smear thickening towards its end, with a ridge where the blade lifted."""
    ridge = np.exp(-((v - 0.8) ** 2) * 18) + np.exp(-((u - 0.85) ** 2) * 24)
    return 0.22 * (streaks - 0.5) + 0.07 * u, 0.008 * (0.35 * streaks + 0.9 * ridge + 0.5)


def thread(u: Array, v: Array, streaks: Array) -> tuple[Array, Array]:
    """A strand of twisted silk: round across, bright in the middle of its length, with diagonal plies."""
    round_ = np.sqrt(np.maximum(1 - v * v, 0))
    ply = 0.08 * np.sin(14 * u + 2.5 * v)
    return 0.5 * (round_ - 0.75) + 0.16 * (1 - 2 * u * u) + ply + 0.08 * (streaks - 0.5), 0.004 * round_ * (1.1 - u * u)


def plain(u: Array, v: Array, streaks: Array) -> tuple[Array, Array]:
    """A wet mark of ink or paint, hardly thicker at its rim."""
    return 0.10 * (streaks - 0.5) - 0.04 * (u * u + v * v), 0.002 * (1 - 0.5 * v * v)


def paint(
    canvas: Array, grid: Grid, strokes: Strokes, mark: Mark, seed: int, taper: float = 0.0, rough: float = 0.0
) -> None:
    """Lays strokes on a canvas (H, W, 4) in place: RGB and the height of the paint.

    `taper` in [0, 1] narrows strokes towards their ends; `rough` in [0, 1] makes the ends ragged, bristle by bristle.
    Each stroke is a capsule around a parabola of its curvature, computed in its own small window.
    """
    hairs = uniform(np.random.default_rng(seed), 0, 1, (97, 24))
    for start in range(0, len(strokes.x), CHUNK):
        part = strokes.take(slice(start, start + CHUNK))
        column, row, alpha, layer = _windows(grid, part, mark, hairs, start, taper, rough)
        for i in range(len(part.x)):
            _lay(canvas, int(row[i]), int(column[i]), alpha[i], layer[i])


def _windows(
    grid: Grid, part: Strokes, mark: Mark, hairs: Array, start: int, taper: float, rough: float
) -> tuple[Array, Array, Array, Array]:
    """Left column, top row, opacity (N, S, S) and colour with height (N, S, S, 4) of the windows around strokes."""
    pixel = grid.pixel
    reach = np.hypot(part.length, part.width).max() / 2 + np.abs(part.bend * part.length**2).max() / 8
    radius = int(np.ceil(reach / pixel)) + 1
    column = np.rint((part.x - grid.x[0, 0]) / pixel)
    row = np.rint((part.y - grid.y[0, 0]) / pixel)
    offset = np.arange(-radius, radius + 1, dtype=np.float32) * pixel
    dx = offset[None, None, :] + (grid.x[0, 0] + column * pixel - part.x)[:, None, None]
    dy = offset[None, :, None] + (grid.y[0, 0] + row * pixel - part.y)[:, None, None]
    cos, sin = (f(part.angle)[:, None, None] for f in (np.cos, np.sin))
    half_length, half_width = (side[:, None, None] / 2 for side in (part.length, part.width))
    along = dx * cos + dy * sin
    across = dy * cos - dx * sin - part.bend[:, None, None] / 2 * along**2
    v = np.clip(across / half_width, -1, 1)
    streaks = _streaks(hairs, v, start)
    core = np.maximum(half_length - half_width, 0) * (1 - rough * streaks)
    thick = half_width * (1 - taper * np.clip(along / half_length, -1, 1) ** 2)
    beyond = np.maximum(np.abs(along) - core, 0)
    distance = np.sqrt(beyond * beyond + across * across) - np.maximum(thick, pixel / 2)
    alpha = np.clip(0.5 - distance / pixel, 0, 1) * np.minimum(1, 2 * thick / pixel)
    tone, height = mark(np.clip(along / half_length, -1, 1), v, streaks)
    layer = np.empty((*alpha.shape, 4), np.float32)
    layer[..., :3] = part.colour[:, None, None, :] * (1 + tone[..., None])
    layer[..., 3] = height
    return column - radius, row - radius, alpha, layer


def _streaks(hairs: Array, v: Array, start: int) -> Array:
    """How much paint each hair of each stroke's brush carries, in [0, 1]; v (N, S, S) is the place across it."""
    place = (v + 1) / 2 * (hairs.shape[1] - 1.001)
    lower = place.astype(np.int32)
    brush = ((start + np.arange(len(v))) % len(hairs))[:, None, None]
    first, second = hairs[brush, lower], hairs[brush, lower + 1]
    return np.asarray(first + (place - lower) * (second - first))


def _lay(canvas: Array, top: int, left: int, alpha: Array, layer: Array) -> None:
    """Composites one window (S, S) on the canvas, cut at the canvas's borders."""
    size = len(alpha)
    rows = slice(max(top, 0), max(min(top + size, canvas.shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + size, canvas.shape[1]), 0))
    below = canvas[rows, columns]
    if below.size:
        inner = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        below += alpha[inner][..., None] * (layer[inner] - below)


def blank(grid: Grid, ground: Array) -> Array:
    """A canvas (H, W, 4) primed with one colour (3,), its paint of height 0."""
    canvas = np.zeros((*grid.x.shape, 4), np.float32)
    canvas[..., :3] = ground
    return canvas
