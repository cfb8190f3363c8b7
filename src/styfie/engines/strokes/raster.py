"""An analytic rasteriser of brush strokes that gradients pass through.

Lengths are in shares of the picture's longest side, x to the right and y down from its upper left corner. A stroke is
a `bar`, (x, y, length, width, angle, bend) with angles in radians: a rectangle, sheared so that its middle line is the
parabola that lies `bend` lengths aside at both ends; or a `curve`, (x0, y0, x1, y1, x2, y2, r0, r2): a disc swept along
a quadratic Bézier curve, its radius going from r0 to r2.

The picture is cut into square tiles, and a stroke is drawn in those that it reaches: the work is the strokes' area,
not their number times the picture's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

BAR, CURVE = "bar", "curve"
COLUMNS = {BAR: 6, CURVE: 8}
SHARP = 0.25  # softness in pixels at which the logistic has the slope of a pixel's own coverage
SAMPLES = 9  # points of a curve among which the nearest one is looked for
TURNS = 2  # of Newton's method from there
ELEMENTS = 1 << 17  # strokes times pixels that are worked on at a time: what stands between stays in the cache
REACH = 6.0  # softnesses beyond a stroke's edge at which it is as good as gone: 0.25 %


@dataclass(frozen=True, eq=False)
class Local:
    """Where points are in the frame of strokes (..., K, P): `distance` beyond the edge, negative inside.

    `along` goes from 0 to 1 from a stroke's start to its end, `across` from -1 to 1 between its sides.
    """

    distance: Tensor
    along: Tensor
    across: Tensor


def locate(family: str, shape: Tensor, points: Tensor) -> Local:
    """Points (..., P, 2) in the frames of strokes (..., K, columns).

    Distances are Euclidean but at a bar's corners, where the larger of the two axes' counts, and beside a bent one,
    where they are so to first order. All is differentiable in `shape`, but for a curve's `along`, which is found by
    search: by the envelope theorem the distance at the nearest point has the right gradient with that point held.
    """
    return _in_bars(shape, points) if family == BAR else _on_curves(shape, points)


def _in_bars(shape: Tensor, points: Tensor) -> Local:
    x, y, length, width, angle, bend = shape.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    ones = torch.ones_like(points[..., :1])
    places = torch.cat([points, ones], -1).transpose(-1, -2)  # (..., 3, P)
    u = torch.stack([cos, sin, -x * cos - y * sin], -1) @ places
    v = torch.stack([-sin, cos, x * sin - y * cos], -1) @ places
    inside = torch.minimum(torch.maximum(u, -length[..., None] / 2), length[..., None] / 2)  # straight on at the ends
    curvature = (4 * bend / length)[..., None]
    v = v - curvature * inside.square()
    steep = (1 + (2 * curvature * inside).square()).rsqrt()
    along = inside / length[..., None] + 0.5
    distance = torch.maximum(u.abs() - length[..., None] / 2, (v.abs() - width[..., None] / 2) * steep)
    return Local(distance, along, v * (2 / width)[..., None])


def _on_curves(shape: Tensor, points: Tensor) -> Local:
    ends = shape[..., :6].unflatten(-1, (3, 2))  # (..., K, 3, 2)
    r0, r2 = shape[..., 6, None], shape[..., 7, None]
    px, py = points[..., None, :, 0], points[..., None, :, 1]
    with torch.no_grad():
        t = _nearest(ends, r0, r2, px, py)
        first, middle, last = (1 - t).square(), 2 * t * (1 - t), t.square()
    x, y = ((first * c[..., 0, None] + middle * c[..., 1, None] + last * c[..., 2, None]) for c in ends.unbind(-1))
    dx, dy = px - x, py - y
    distance = (dx.square() + dy.square() + 1e-12).sqrt()
    radius = r0 + (r2 - r0) * t
    with torch.no_grad():
        bx, by = _velocity(ends, t)
        side = (bx * dy - by * dx).sign()
    return Local(distance - radius, t, side * distance / radius)


def _velocity(ends: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Half the derivative of Bézier curves (..., K, 3, 2) at t (..., K, P)."""
    start, turn = ends[..., 1, :] - ends[..., 0, :], ends[..., 0, :] - 2 * ends[..., 1, :] + ends[..., 2, :]
    x, y = (start[..., i, None] + turn[..., i, None] * t for i in (0, 1))
    return x, y


def _nearest(ends: Tensor, r0: Tensor, r2: Tensor, px: Tensor, py: Tensor) -> Tensor:
    """Where on each curve (..., K, P) the swept disc reaches nearest to each point: the least distance less radius."""
    best, t = torch.full_like(px + ends[..., 0, 0, None], math.inf), torch.zeros(())
    for i in range(SAMPLES):
        at = i / (SAMPLES - 1)
        weights = torch.tensor([(1 - at) ** 2, 2 * at * (1 - at), at * at], dtype=ends.dtype, device=ends.device)
        q = (ends * weights[:, None]).sum(-2)
        reach = torch.hypot(px - q[..., 0, None], py - q[..., 1, None]) - (r0 + (r2 - r0) * at)
        t = torch.where(reach < best, at, t.to(best))
        best = torch.minimum(best, reach)
    turn = ends[..., 0, :] - 2 * ends[..., 1, :] + ends[..., 2, :]
    for _ in range(TURNS):
        bx, by = _velocity(ends, t)
        first, middle, last = (1 - t).square(), 2 * t * (1 - t), t.square()
        dx, dy = (
            p - (first * ends[..., 0, i, None] + middle * ends[..., 1, i, None] + last * ends[..., 2, i, None])
            for i, p in ((0, px), (1, py))
        )
        speed = bx.square() + by.square()
        bending = (dx * turn[..., 0, None] + dy * turn[..., 1, None]) / 2
        slope = 2 * (bx * dx + by * dy) + (r2 - r0) * torch.hypot(dx, dy)
        step = slope / (4 * torch.maximum(speed - bending, 0.25 * speed) + 1e-12)
        t = (t + step.clamp(-0.5 / (SAMPLES - 1), 0.5 / (SAMPLES - 1))).clamp(0, 1)  # no further than the samples
    return t


def coverage(distance: Tensor, softness: float | Tensor) -> Tensor:
    """Alpha of a stroke from the distance beyond its edge, both in the same unit: a logistic."""
    return (-distance / softness).sigmoid()


def blend(canvas: Tensor, alpha: Tensor, start: Tensor, end: Tensor, along: Tensor) -> tuple[Tensor, Tensor]:
    """Strokes laid over a canvas (..., C, P), the topmost first.

    `alpha` (..., K, P) is below 1, `start` and `end` (..., K, C) are the colours between which `along` (..., K, P)
    leads.

    Returns:
        The canvas, and each stroke's share of it (..., K, P).
    """
    through = (1 - alpha).cumprod(-2)
    seen = alpha * torch.cat([torch.ones_like(through[..., :1, :]), through[..., :-1, :]], -2)
    colour = start.transpose(-1, -2) @ seen + (end - start).transpose(-1, -2) @ (seen * along)
    return colour + canvas * through[..., -1:, :], seen


@dataclass(frozen=True)
class Tiles:
    """Squares of `side` pixels that cover a picture of (height, width) `size`, row by row."""

    size: tuple[int, int]
    side: int

    @property
    def rows(self) -> int:
        """Tiles from top to bottom."""
        return -(-self.size[0] // self.side)

    @property
    def columns(self) -> int:
        """Tiles from left to right."""
        return -(-self.size[1] // self.side)

    @property
    def pixel(self) -> float:
        """A pixel's side in shares of the longest side."""
        return 1 / max(self.size)

    def points(self, tiles: Tensor) -> Tensor:
        """The pixels' middles (T, P, 2) of some tiles (T)."""
        corner = torch.stack([tiles % self.columns, tiles // self.columns], -1) * self.side
        steps = torch.arange(self.side, device=tiles.device)
        inner = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1).reshape(-1, 2)
        return (corner[:, None] + inner + 0.5) * self.pixel

    def cut(self, picture: Tensor) -> Tensor:
        """A picture (1, C, H, W) as tiles (T, C, P), with 0 beyond its borders."""
        height, width = self.size
        padding = (0, self.columns * self.side - width, 0, self.rows * self.side - height)
        padded = torch.nn.functional.pad(picture, padding)[0]
        parts = padded.unflatten(-1, (self.columns, self.side)).unflatten(-3, (self.rows, self.side))
        cut: Tensor = parts.permute(1, 3, 0, 2, 4).flatten(-2).flatten(0, 1)
        return cut

    def join(self, tiles: Tensor) -> Tensor:
        """Tiles (T, C, P) as a picture (1, C, H, W)."""
        parts = tiles.unflatten(0, (self.rows, self.columns)).unflatten(-1, (self.side, self.side))
        whole = parts.permute(2, 0, 3, 1, 4).flatten(-2).flatten(-3, -2)
        joined: Tensor = whole[None, :, : self.size[0], : self.size[1]]
        return joined


@dataclass(frozen=True, eq=False)
class Batch:
    """Some tiles (T) and the strokes that reach them (T, K), the topmost first; -1 where a tile has fewer than K."""

    tiles: Tensor
    strokes: Tensor


@torch.no_grad()
def reached(family: str, shape: Tensor, tiles: Tiles, margin: float) -> list[Batch]:
    """Which strokes (N, columns), painted in their order, reach which tiles within a margin in pixels.

    Tiles with about as many strokes stand together; a tile without any is in none.
    """
    if not len(shape):
        return []
    every = torch.arange(tiles.rows * tiles.columns, device=shape.device)
    middles = (torch.stack([every % tiles.columns, every // tiles.columns], -1) + 0.5) * (tiles.side * tiles.pixel)
    limit = (tiles.side * math.sqrt(0.5) + margin) * tiles.pixel
    step = max(1, (1 << 21) // max(1, len(shape)))
    near = [limit >= locate(family, shape, part.to(shape)).distance.T for part in middles.split(step)]
    hits = torch.cat(near).flip(1).nonzero()  # (pairs, 2), by tile and then by stroke, the topmost first
    counts = torch.bincount(hits[:, 0], minlength=len(every))
    rank = torch.arange(len(hits), device=shape.device) - (counts.cumsum(0) - counts)[hits[:, 0]]
    lists = torch.full((len(every), int(counts.max())), -1, device=shape.device)
    lists[hits[:, 0], rank] = len(shape) - 1 - hits[:, 1]
    order = counts.argsort(stable=True)
    return list(_batches(order[counts[order] > 0], counts, lists, tiles.side**2))


def _batches(order: Tensor, counts: Tensor, lists: Tensor, pixels: int) -> Iterator[Batch]:
    """Tiles in order of their counts, cut where a batch becomes too large or its counts too unlike."""
    numbers = counts[order].tolist()
    first = 0
    for i, count in enumerate(numbers):
        if i > first and (count * (i + 1 - first) * pixels > ELEMENTS or count > 1.3 * numbers[first] + 1):
            yield Batch(order[first:i], lists[order[first:i], : numbers[i - 1]])
            first = i
    if numbers:
        yield Batch(order[first:], lists[order[first:], : numbers[-1]])
