"""A painter of strokes: thousands of small oriented marks, laid one over the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from styfie.gallery.canvas import Array, Grid, uniform

FRAGMENTS = 2**17
"""Pixels under strokes that are computed together."""
HIDDEN = 1 / 512
"""Share of what lies below that may still show where a pixel counts as covered."""

Mark: TypeAlias = Callable[[Array, Array, Array], tuple[Array, Array]]
"""What a stroke leaves: (u along, v across, both in [-1, 1] on the stroke; streaks in [0, 1]) -> (tone, height)."""
Index: TypeAlias = NDArray[np.intp]


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


def joined(parts: list[Strokes]) -> Strokes:
    """Strokes one after the other, in float32."""
    names = [field.name for field in fields(Strokes)]
    return Strokes(**{name: np.concatenate([getattr(p, name) for p in parts]).astype(np.float32) for name in names})


def bristles(u: Array, v: Array, streaks: Array) -> tuple[Array, Array]:
    """Oil from a hog brush: streaks along the stroke, paint pushed up along its sides and at its end."""
    across, end = v * v, np.maximum(u, 0)
    end *= end
    rim = across * across + 0.5 * end * end
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


class Manner(NamedTuple):
    """How strokes are laid."""

    mark: Mark
    seed: int
    taper: float
    rough: float


class Easel:
    """Strokes over a ground, laid in order, to be seen at any size.

    They are composited from the top down, so that what is covered is never computed.
    """

    def __init__(self, ground: Array) -> None:
        """A bare easel; the ground is one colour (3,), its paint of height 0."""
        self.ground = ground
        self._laid: list[tuple[Manner, Strokes, Index]] = []

    def paint(self, strokes: Strokes, mark: Mark, seed: int, taper: float = 0.0, rough: float = 0.0) -> None:
        """Lays strokes over the ones before.

        `taper` in [0, 1] narrows strokes towards their ends; `rough` in [0, 1] makes the ends ragged, bristle by
        bristle. Each stroke is a capsule around a parabola of its curvature.
        """
        self._laid.append((Manner(mark, seed, taper, rough), strokes, np.arange(len(strokes.x))))

    def done(self) -> Easel:
        """The same, runs of strokes in one manner joined."""
        runs = [(manner, list(run)) for manner, run in groupby(self._laid, lambda laid: laid[0])]
        self._laid = [
            (manner, joined([part for _, part, _ in run]), np.concatenate([brush for *_, brush in run]))
            for manner, run in runs
        ]
        return self

    def canvas(self, grid: Grid) -> Array:
        """The strokes on a grid, (H, W, 4): RGB and the height of the paint."""
        height, width = grid.shape
        paint = np.zeros((height * width, 4), np.float32)
        shows = np.ones(height * width, np.float32)
        order = np.empty(height * width, np.int32)
        for manner, strokes, brush in reversed(self._laid):
            hairs = uniform(np.random.default_rng(manner.seed), 0, 1, (97, 24))
            for part, kinds in _chunks(grid, strokes, brush):
                _lay(paint, shows, order, grid, part, hairs[kinds % len(hairs)], manner)
        paint[:, :3] += shows[:, None] * self.ground
        return np.moveaxis(np.ascontiguousarray(paint.T).reshape(4, height, width), 0, -1)


def _extent(grid: Grid, strokes: Strokes) -> tuple[Array, ...]:
    """Boxes along strokes that hold all their paint: half length, half width, and the shift across by curvature."""
    half = np.maximum(strokes.width, grid.pixel) / 2
    core = np.maximum(strokes.length - strokes.width, 0) / 2
    reach = core + half + 0.5 * grid.pixel
    sag = strokes.bend / 4 * reach**2
    return reach, half + 0.5 * grid.pixel + np.abs(sag), sag


def _chunks(grid: Grid, strokes: Strokes, brush: Index) -> Iterator[tuple[Strokes, Index]]:
    """The strokes that meet the grid, from the last to the first, as many at a time as have enough pixels."""
    reach, aside, _ = _extent(grid, strokes)
    away = np.hypot(reach, aside)
    meets = (np.abs(strokes.y - grid.y.mean()) < away + grid.shape[0] / 2 * grid.pixel) & (
        np.abs(strokes.x - grid.x.mean()) < away + grid.shape[1] / 2 * grid.pixel
    )
    chosen = np.flatnonzero(meets)[::-1]
    pixels = ((2 * reach / grid.pixel + 1) * (2 * aside / grid.pixel + 1))[chosen]
    batch = np.cumsum(pixels, dtype=np.float64) // FRAGMENTS
    for part in np.split(chosen, np.flatnonzero(np.diff(batch)) + 1):
        if len(part):
            yield strokes.take(part), brush[part]


class Spans(NamedTuple):
    """Runs of pixels in rows, that cover strokes: stroke, first pixel, how many, and where they lie on the stroke."""

    stroke: Index
    first: Index
    pixels: Index
    along: Array
    across: Array


def _spans(grid: Grid, strokes: Strokes) -> Spans:
    """The pixels in the boxes of strokes, row by row; along and across are in units, at the first pixel of each."""
    pixel = grid.pixel
    height, width = grid.shape
    x0, y0 = float(grid.x[0, 0]), float(grid.y[0, 0])
    reach, aside, sag = _extent(grid, strokes)
    cos, sin = np.cos(strokes.angle), np.sin(strokes.angle)
    middle_x, middle_y = strokes.x - sag * sin, strokes.y + sag * cos
    tall = reach * np.abs(sin) + aside * np.abs(cos)
    top = np.maximum(np.ceil((middle_y - tall - y0) / pixel), 0).astype(np.intp)
    bottom = np.minimum(np.floor((middle_y + tall - y0) / pixel), height - 1).astype(np.intp)
    rows = np.maximum(bottom - top + 1, 0)
    stroke = np.repeat(np.arange(len(rows)), rows)
    row = np.arange(len(stroke)) - np.repeat(np.cumsum(rows) - rows - top, rows)
    # Where a row enters and leaves the pair of long sides and the pair of short ones.
    c, s = (np.where(np.abs(f) < 1e-4, 1e-4, f)[stroke] for f in (cos, sin))
    dy = y0 + row.astype(np.float32) * pixel - middle_y[stroke]
    long, short = -dy * s / c, dy * c / s
    half_long, half_short = reach[stroke] / np.abs(c), aside[stroke] / np.abs(s)
    origin = middle_x[stroke] - x0
    left = np.maximum(long - half_long, short - half_short) + origin
    right = np.minimum(long + half_long, short + half_short) + origin
    first = np.clip(np.ceil(left / pixel), 0, width).astype(np.intp)
    count = np.clip(np.floor(right / pixel), -1, width - 1).astype(np.intp) - first + 1
    some = count > 0
    stroke, row, first, count = stroke[some], row[some], first[some], count[some]
    dx = x0 + first.astype(np.float32) * pixel - strokes.x[stroke]
    dy = y0 + row.astype(np.float32) * pixel - strokes.y[stroke]
    cos, sin = cos[stroke], sin[stroke]
    return Spans(stroke, row * width + first, count, dx * cos + dy * sin, dy * cos - dx * sin)


def _lay(
    paint: Array, shows: Array, order: NDArray[np.int32], grid: Grid, part: Strokes, hairs: Array, manner: Manner
) -> None:
    """Lays strokes, given from the last to the first, under what is there already.

    paint (P, 4) and shows (P,), the share of a pixel that is not covered yet, are changed in place; order (P,) is room
    to work in; hairs (N, 24) are the paint on the brush of each stroke.
    """
    pixel = grid.pixel
    spans = _spans(grid, part)
    step = np.arange(spans.pixels.sum(), dtype=np.int32) - np.repeat(
        (np.cumsum(spans.pixels) - spans.pixels).astype(np.int32), spans.pixels
    )
    place = np.repeat(spans.first, spans.pixels) + step
    span = np.repeat(np.arange(len(spans.pixels)), spans.pixels)
    seen = np.flatnonzero(shows.take(place) > HIDDEN)
    if len(seen) < 0.9 * len(place):
        step, place, span = step.take(seen), place.take(seen), span.take(seen)
    stroke = spans.stroke.take(span)
    walk = step * np.float32(pixel)
    along = spans.along.take(span) + walk * np.cos(part.angle).take(stroke)
    across = spans.across.take(span) - walk * np.sin(part.angle).take(stroke)
    across -= (part.bend / 2).take(stroke) * along * along
    half = (part.width / 2).take(stroke)
    u = np.clip(along * (2 / part.length).take(stroke), -1, 1)
    v = np.clip(across / half, -1, 1)
    core = np.maximum((part.length - part.width) / 2, 0).take(stroke)
    if manner.rough:
        core *= 1 - manner.rough * _streaks(hairs, v, stroke)
    thick = half * (1 - manner.taper * u * u) if manner.taper else half
    beyond = np.maximum(np.abs(along) - core, 0)
    distance = np.sqrt(beyond * beyond + across * across) - np.maximum(thick, pixel / 2)
    alpha = np.clip(0.5 - distance / pixel, 0, 1) * np.minimum(1, thick * (2 / pixel))
    wet = np.flatnonzero(alpha > 0)
    shown, layers, weight = _peel(place.take(wet), alpha.take(wet), shows, order)
    shown = wet.take(shown)
    u, v, stroke, place = u.take(shown), v.take(shown), stroke.take(shown), place.take(shown)
    tone, height = manner.mark(u, v, _streaks(hairs, v, stroke))
    layer = np.empty((len(shown), 4), np.float32)
    layer[:, :3] = part.colour.take(stroke, 0)
    layer[:, :3] *= ((1 + tone) * weight)[:, None]
    layer[:, 3] = height * weight
    start = 0
    for stop in layers:
        paint[place[start:stop]] += layer[start:stop]
        start = stop


def _peel(place: Index, alpha: Array, shows: Array, order: NDArray[np.int32]) -> tuple[Index, list[int], Array]:
    """Which fragments (M,), given from the top down, are seen, topmost of each pixel first.

    Returns their indices layer by layer, no pixel twice in a layer, where each layer ends, and how much each is seen;
    `shows` is brought up to date.
    """
    left = np.arange(len(place), dtype=np.int32)
    found: list[NDArray[np.int32]] = []
    weights: list[Array] = []
    ends: list[int] = []
    while len(left):
        here = place.take(left)
        # The last number written to a pixel stays: written backwards, that is the topmost.
        order[here[::-1]] = left[::-1]
        top = order.take(here) == left
        front, where = left[top], here[top]
        clear = shows.take(where)
        cover = alpha.take(front)
        weights.append(clear * cover)
        shows[where] = clear * (1 - cover)
        found.append(front)
        ends.append((ends[-1] if ends else 0) + len(front))
        rest = ~top
        rest &= shows.take(here) > HIDDEN
        left = left[rest]
    if not found:
        return np.empty(0, np.intp), [], np.empty(0, np.float32)
    return np.concatenate(found).astype(np.intp), ends, np.concatenate(weights)


def _streaks(hairs: Array, v: Array, stroke: Index) -> Array:
    """How much paint the hairs (N, 24) of strokes' brushes carry at places v (M,) across them, in [0, 1]."""
    place = (v + 1) * np.float32((hairs.shape[1] - 1.001) / 2)
    lower = place.astype(np.int32)
    at = stroke * hairs.shape[1] + lower
    first = hairs.ravel().take(at)
    return np.asarray(first + (place - lower) * (hairs.ravel().take(at + 1) - first))
