"""Merging regions whose colours are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from styfie.segmentation.jseg.jvalues import Labels

LIKE = 0.4  # distance of two histograms from which on they are different


def merge_regions(regions: Labels, classes: Labels, count: int | None = None) -> Labels:
    """Merge neighbours (sides touching), the most alike first, until `count` are left.

    Regions (H, W) are alike by the Euclidean distance of their colour histograms, taken from the class map (H, W),
    each summing to 1. Without a count they are merged until the nearest are `LIKE` apart, as in JSEG. Departure: where
    a count wants more than that, small ones go first (Ward's distance), or many a speck would outlive the sky.

    Returns:
        Regions numbered from 0 by area, the largest first.
    """
    regions = np.unique(regions, return_inverse=True)[1].reshape(classes.shape).astype(np.int32)
    number = int(regions.max()) + 1
    pixels = np.zeros((number, int(classes.max()) + 1))
    np.add.at(pixels, (regions.ravel(), classes.ravel()), 1.0)
    touch, owner = adjacency(regions, number), np.arange(number)
    left, ward = number, False
    apart = _distances(pixels, touch, ward)
    while left > (count or 1):
        a, b = np.unravel_index(np.argmin(apart), apart.shape)
        if not ward and not apart[a, b] < LIKE:
            if count is None:
                break
            ward = True
            apart = _distances(pixels, touch, ward)
            continue
        owner[owner == b] = a
        pixels[a] += pixels[b]
        touch[a] |= touch[b]
        touch[:, a] = touch[a]
        touch[a, a] = False
        touch[b] = touch[:, b] = False
        apart[b] = apart[:, b] = np.inf
        apart[a] = apart[:, a] = _distances(pixels, touch, ward, a)
        left -= 1
    return _by_area(owner[regions])


def adjacency(regions: Labels, number: int) -> NDArray[np.bool_]:
    """Which regions have pixels side by side, (number, number)."""
    touch = np.zeros((number, number), bool)
    for a, b in ((regions[1:], regions[:-1]), (regions[:, 1:], regions[:, :-1])):
        touch[a, b] = touch[b, a] = True
    np.fill_diagonal(touch, False)
    return touch


def _distances(
    pixels: NDArray[np.float64], touch: NDArray[np.bool_], ward: bool, one: np.intp | slice = slice(None)
) -> NDArray[np.float64]:
    """Between neighbours, all (R, R) or those of `one` (R); infinite between others."""
    area = pixels.sum(1)
    shares = pixels / area[:, None]
    apart = np.sqrt(np.square(shares[one][..., None, :] - shares).sum(-1))
    if ward:
        apart = apart**2 * (area[one][..., None] * area / (area[one][..., None] + area))
    return np.where(touch[one], apart, np.inf)


def _by_area(regions: NDArray[np.integer[Any]]) -> Labels:
    _, numbers, areas = np.unique(regions, return_inverse=True, return_counts=True)
    place = np.empty(len(areas), np.int32)
    place[np.argsort(-areas, kind="stable")] = np.arange(len(areas), dtype=np.int32)
    found: Labels = place[numbers].reshape(regions.shape)
    return found
