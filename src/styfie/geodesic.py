"""Distance along a picture: short within one colour, long across an edge."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

STEP = 0.02  # cost of one pixel without any change of colour; the change itself, 0..1 in RGB, is added
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))  # each way of an 8-connected grid, once

Mask = NDArray[np.bool_]


class PixelGrid:
    """Pixels of a picture (C, H, W) as a graph: neighbours are as far apart as their values, and a little more.

    Ways lead only through `allowed` pixels (H, W). Made once, distances from any seeds are found on it.
    """

    def __init__(self, picture: Tensor, allowed: Mask | None = None) -> None:
        values = picture.permute(1, 2, 0).double().numpy()
        height, width = self.size = values.shape[:2]
        self.allowed = np.ones(self.size, np.bool_) if allowed is None else allowed
        self.numbers = np.arange(height * width).reshape(height, width)
        edges = list(_edges(values, self.allowed, self.numbers))
        a, b, cost = (np.concatenate(column) for column in zip(*edges, strict=True))
        self.graph = coo_array((cost, (a, b)), shape=(height * width,) * 2).tocsr()

    def distance(self, seeds: Mask) -> NDArray[np.float64]:
        """Length (H, W) of the cheapest way to the nearest seed (H, W); infinite where no way leads."""
        starts = self.numbers[seeds & self.allowed]
        if not len(starts):
            return np.full(self.size, np.inf)
        found: NDArray[np.float64] = dijkstra(self.graph, directed=False, indices=starts, min_only=True)
        return found.reshape(self.size)


def geodesic_distance(photo: Tensor, seeds: Mask, allowed: Mask | None = None) -> NDArray[np.float64]:
    """Length of the cheapest way from each pixel to the nearest seed (Criminisi, Sharp and Blake 2008).

    For a photo (1, 3, H, W) and `seeds` (H, W), found with Dijkstra's algorithm on the pixels' grid; ways lead only
    through `allowed` pixels. Time is about linear in the pixels: 0.2 s for 256 x 256.

    Returns:
        Distances (H, W); infinite where no way leads.
    """
    return PixelGrid(photo[0], allowed).distance(seeds)


def stable_patch(distance: NDArray[np.float64], largest: float = 0.3) -> Tensor:
    """The pixels that belong together around a seed, as a soft mask (1, 1, H, W).

    Of all thresholds on the distance that take at most the share `largest` of the picture, the one at which the
    patch grows least is taken (the stability criterion of maximally stable extremal regions, Matas et al. 2002).
    """
    finite = np.sort(distance[np.isfinite(distance)])
    if len(finite) < 10:
        return torch.from_numpy(np.isfinite(distance)).float()[None, None]
    least, most = max(9, round(0.0015 * distance.size)), max(10, round(largest * distance.size))
    areas = np.unique(np.geomspace(least, min(most, len(finite)), 60).round().astype(int)) - 1
    levels = np.maximum(finite[areas], STEP)
    # How far the threshold can rise while the patch grows by a fifth: an edge all around stops it for longest.
    further = finite[np.minimum(areas * 6 // 5 + 4, len(finite) - 1)]
    best = np.argmax((further - levels) / (levels + 5 * STEP))
    level = float(levels[best] + further[best]) / 2
    soft = np.clip((level - distance) / (2 * STEP) + 1, 0, 1)
    return torch.from_numpy(soft).float()[None, None]


def _edges(
    colour: NDArray[np.float64], allowed: Mask, numbers: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Both ends and the cost of every edge between neighbours."""
    height, width = allowed.shape
    for down, across in STEPS:
        here = (slice(0, height - down), slice(max(0, -across), width - max(0, across)))
        there = (slice(down, height), slice(max(0, across), width - max(0, -across)))
        ways = allowed[here] & allowed[there]
        change = np.sqrt(np.square(colour[here] - colour[there]).sum(-1))
        yield numbers[here][ways], numbers[there][ways], (STEP * np.hypot(down, across) + change)[ways]
