"""Outlines of pieces as smooth lines that neighbours share, so that no gap is between them at any size.

Borders run along the edges of pixels. Between two corners where three pieces meet a border is one line, smoothed once
for both of its sides; a piece's outlines are chains of such lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from styfie.segmentation.jseg.jvalues import Labels

SMOOTH = 1.8  # pixels: deviation of the Gaussian along a line
OUTSIDE = -1  # the piece beyond the picture

Points = NDArray[np.float64]
Corner = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Line:
    """A border between two pieces: points (N, 2), right and down in pixels, with `left` and `right` along the way."""

    points: Points
    left: int
    right: int


@dataclass(frozen=True, eq=False)
class Ring:
    """A closed outline (N, 2) of a piece, which lies inside; `area` is what it encloses, in pixels."""

    points: Points
    piece: int
    area: float


def lines_of(labels: Labels) -> list[Line]:
    """The borders of pieces (h, w), smoothed, those along the picture's own border among them."""
    wide = np.pad(labels, 1, constant_values=OUTSIDE)
    sides: dict[tuple[Corner, Corner], tuple[int, int]] = {}  # from corner to corner: the pieces left and right
    rows, columns = np.nonzero(wide[1:] != wide[:-1])
    for y, x in zip(rows.tolist(), columns.tolist(), strict=True):
        sides[(x - 1, y), (x, y)] = int(wide[y, x]), int(wide[y + 1, x])
    rows, columns = np.nonzero(wide[:, 1:] != wide[:, :-1])
    for y, x in zip(rows.tolist(), columns.tolist(), strict=True):
        sides[(x, y - 1), (x, y)] = int(wide[y, x + 1]), int(wide[y, x])
    around: dict[Corner, list[Corner]] = defaultdict(list)
    for a, b in sides:
        around[a].append(b)
        around[b].append(a)
    return [_line(way, sides) for way in _ways(around)]


def _ways(around: dict[Corner, list[Corner]]) -> Iterator[list[Corner]]:
    """Ways from one corner where more than two borders meet to the next, and rings without any."""
    used: set[tuple[Corner, Corner]] = set()

    def follow(first: Corner, second: Corner) -> list[Corner]:
        way = [first, second]
        used.update(((first, second), (second, first)))
        while len(around[way[-1]]) == 2 and way[-1] != first:
            a, b = around[way[-1]]
            way.append(b if a == way[-2] else a)
            used.update(((way[-2], way[-1]), (way[-1], way[-2])))
        return way

    for corner, others in around.items():
        if len(others) != 2:
            yield from (follow(corner, other) for other in others if (corner, other) not in used)
    for corner, others in around.items():
        if (corner, others[0]) not in used:
            yield follow(corner, others[0])


def _line(way: list[Corner], sides: dict[tuple[Corner, Corner], tuple[int, int]]) -> Line:
    points, first = np.array(way, np.float64), (way[0], way[1])
    left, right = sides[first] if first in sides else sides[first[::-1]][::-1]
    if OUTSIDE not in (left, right):
        points = _smoothed(points, way[0] == way[-1])
    return Line(points, left, right)


def _smoothed(points: Points, closed: bool) -> Points:
    """A Gaussian along the line; the ends of an open one stay where they are."""
    if closed:
        inner = (points[:-1] + points[1:]) / 2
        found: Points = ndimage.gaussian_filter1d(inner, min(SMOOTH, len(inner) / 6), axis=0, mode="wrap")
        return np.concatenate([found, found[:1]])
    middle = np.concatenate([points[:1], (points[:-1] + points[1:]) / 2, points[-1:]])
    # Mirrored through its ends, what is smoothed passes through them.
    reach = len(middle) - 1
    before, after = 2 * middle[0] - middle[reach:0:-1], 2 * middle[-1] - middle[-2 : -reach - 2 : -1]
    whole = ndimage.gaussian_filter1d(np.concatenate([before, middle, after]), SMOOTH, axis=0, mode="nearest")
    found = whole[reach : reach + len(middle)]
    found[0], found[-1] = points[0], points[-1]
    return found


def rings_of(lines: list[Line]) -> list[Ring]:
    """The outer outlines of all pieces, the largest first: drawn one over the other they are the picture."""
    by_piece: dict[int, list[Points]] = defaultdict(list)
    for line in lines:
        by_piece[line.left].append(line.points)
        by_piece[line.right].append(line.points[::-1])
    by_piece.pop(OUTSIDE, None)
    found = []
    for piece, parts in by_piece.items():
        for points in _chained(parts):
            x, y = points[:, 0], points[:, 1]
            area = 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
            if area < 0:  # the piece lies to the left of its way: down is positive, so outer ones turn so
                found.append(Ring(points, piece, -area))
    return sorted(found, key=lambda ring: -ring.area)


def _chained(parts: list[Points]) -> Iterator[Points]:
    """Closed ways made of parts that begin where others end."""
    begins: dict[tuple[float, float], list[int]] = defaultdict(list)
    for n, part in enumerate(parts):
        begins[part[0, 0], part[0, 1]].append(n)
    left = set(range(len(parts)))
    for n in range(len(parts)):
        if n not in left:
            continue
        chain, at = [], n
        start = (parts[n][0, 0], parts[n][0, 1])
        while True:
            left.discard(at)
            chain.append(parts[at][:-1])
            end = (parts[at][-1, 0], parts[at][-1, 1])
            if end == start:
                break
            following = [m for m in begins[end] if m in left]
            if not following:
                break
            at = following[0]
        yield np.concatenate(chain)
