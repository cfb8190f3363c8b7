"""A picture in a few colours: peer-group filtering, vector quantisation, and merging of near colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

WINDOW = 2  # pixels to each side of the one that is filtered
IMPULSE, MOST_IMPULSES = 12.0, 3  # a step in the sorted distances that tells noise, and how many values may be noise
STRIP = 32  # rows filtered at a time: their windows fit in the processor's cache
CELL = 1.0  # side of the cells of Luv in which pixels of nearly one colour are put together
MIN_COLOURS, MAX_COLOURS = 17, 256  # colours before near ones are merged
LEAST_THRESHOLD, MOST_THRESHOLD = 260.0, 400.0  # squared distances in Luv below which colours are merged

Field = NDArray[np.float64]
Small = NDArray[np.float32]
Labels = NDArray[np.int32]

# Linear sRGB to XYZ, white at D65 (IEC 61966-2-1)
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(1)


def luv(photo: Tensor) -> Field:
    """CIE L*u*v* (H, W, 3) of sRGB (1, 3, H, W) in [0, 1]: L from 0 to 100, u and v about -130 to 220."""
    rgb = photo[0].permute(1, 2, 0).double().numpy()
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ TO_XYZ.T
    y = xyz[..., 1] / WHITE[1]
    light = np.where(y > (6 / 29) ** 3, 116 * np.cbrt(y) - 16, (29 / 3) ** 3 * y)
    shade = np.maximum(xyz @ np.array([1.0, 15.0, 3.0]), 1e-9)
    whole = WHITE @ np.array([1.0, 15.0, 3.0])
    u = 4 * (xyz[..., 0] / shade - WHITE[0] / whole)
    v = 9 * (xyz[..., 1] / shade - WHITE[1] / whole)
    return np.stack([light, 13 * light * u, 13 * light * v], -1)


def quantise(photo: Tensor) -> Labels:
    """The colour class (H, W) of each pixel of a photo (1, 3, H, W), numbered from 0; mostly 5 to 20 of them.

    As JSEG (Deng and Manjunath 2001) by peer-group filtering and quantisation (Deng, Kenney, Moore and Manjunath
    1999). Departure: pixels that filtering has left within a cell of side `CELL` in Luv are quantised as one, with
    their mean colour and summed weight, which costs a tenth of the time and moves centroids by less than the cell.
    """
    colours, spread = peer_group_filter(luv(photo))
    height, width = spread.shape
    cells, belongs = _cells(colours.reshape(-1, 3), np.exp(-spread.ravel()))
    count = int(np.clip(round(2 * float(spread.mean())), MIN_COLOURS, MAX_COLOURS))
    centroids = merge_colours(cells, generalised_lloyd(cells, count))
    classes = _nearest(cells.colour, _lloyd(cells, centroids, 0.03))
    _, numbers = np.unique(classes[belongs], return_inverse=True)
    return numbers.reshape(height, width).astype(np.int32)


def peer_group_filter(colours: Field) -> tuple[Small, Small]:
    """Replace each pixel of (H, W, 3) by the mean of those around that are like it.

    The 25 distances to the window's centre, sorted, are cut in two where Fisher's criterion is largest; the near ones
    are the peers. Ends that a step of more than `IMPULSE` sets apart are noise, left out of the search.

    Returns:
        The filtered colours (H, W, 3), and the largest distance among the peers (H, W).
    """
    height, width = colours.shape[:2]
    padded = np.pad(colours.astype(np.float32), ((WINDOW, WINDOW), (WINDOW, WINDOW), (0, 0)), mode="symmetric")
    smooth, spread = np.empty((height, width, 3), np.float32), np.empty((height, width), np.float32)
    for top in range(0, height, STRIP):
        rows = slice(top, min(top + STRIP, height))
        windows = np.lib.stride_tricks.sliding_window_view(
            padded[top : rows.stop + 2 * WINDOW], (2 * WINDOW + 1, 2 * WINDOW + 1), axis=(0, 1)
        ).reshape(rows.stop - top, width, 3, -1)
        centre = padded[top + WINDOW : rows.stop + WINDOW, WINDOW:-WINDOW, :, None]
        distance = np.sqrt(np.square(windows - centre).sum(2))
        least, spread[rows] = _peers(np.sort(distance, -1))
        peers = ((distance >= least[..., None]) & (distance <= spread[rows][..., None])).astype(np.float32)
        smooth[rows] = np.einsum("hwck,hwk->hwc", windows, peers) / peers.sum(-1, keepdims=True)
    return smooth, spread


def _peers(distance: Small) -> tuple[Small, Small]:
    """The least and the largest distance among the peers, from sorted distances (..., K)."""
    steps = np.diff(distance, axis=-1) > IMPULSE
    last = distance.shape[-1]
    near, far = steps[..., :MOST_IMPULSES], steps[..., : -MOST_IMPULSES - 1 : -1]
    first = np.where(near.any(-1), MOST_IMPULSES - np.argmax(near[..., ::-1], -1), 0)[..., None]
    end = np.where(far.any(-1), last - MOST_IMPULSES + np.argmax(far[..., ::-1], -1), last)[..., None]
    place = np.arange(last)
    kept = ((place >= first) & (place < end)).astype(np.float32)
    number = np.cumsum(kept, -1)
    total, square = np.cumsum(kept * distance, -1), np.cumsum(kept * distance**2, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = total / number, (total[..., -1:] - total) / (number[..., -1:] - number)
        scatter = square - number * means[0] ** 2
        scatter += square[..., -1:] - square - (number[..., -1:] - number) * means[1] ** 2
        criterion = (means[0] - means[1]) ** 2 / np.maximum(scatter, 1e-3)
    inside = (place >= first) & (place < end - 1)
    best = np.argmax(np.where(inside, criterion, -1.0), -1)[..., None]
    least, largest = (np.take_along_axis(distance, at, -1)[..., 0] for at in (first, best))
    return least, largest


@dataclass(frozen=True, eq=False)
class Cells:
    """Colours (N, 3) with the weights (N) of the pixels that have them."""

    colour: Field
    weight: Field


def _cells(colours: Small, weight: Small) -> tuple[Cells, NDArray[np.intp]]:
    """Put pixels (P, 3) of nearly one colour together; also which cell each pixel is in."""
    place = np.floor(colours / CELL).astype(np.int64)
    place -= place.min(0)
    sides = place.max(0) + 1
    _, belongs = np.unique((place[:, 0] * sides[1] + place[:, 1]) * sides[2] + place[:, 2], return_inverse=True)
    whole = np.bincount(belongs, weight) + 1e-12
    means = [np.bincount(belongs, (weight + 1e-12 / len(weight)) * one) / whole for one in colours.T]
    return Cells(np.stack(means, 1).astype(np.float64), whole.astype(np.float64)), belongs


def generalised_lloyd(cells: Cells, count: int) -> Field:
    """`count` centroids (count, 3) by splitting: the half of them with the largest scatter, each by one deviation."""
    centroids = np.average(cells.colour, 0, cells.weight)[None]
    while len(centroids) < count:
        belongs = _nearest(cells.colour, centroids)
        off = (cells.colour - centroids[belongs]) ** 2 * cells.weight[:, None]
        whole = np.bincount(belongs, cells.weight, len(centroids))
        scatter = np.stack([np.bincount(belongs, one, len(centroids)) for one in off.T], 1)
        widest = np.argsort(-scatter.sum(1), kind="stable")[: min(len(centroids) // 2 + 1, count - len(centroids))]
        widest = widest[scatter[widest].sum(1) > 1e-9 * whole[widest]]
        if not len(widest):
            break
        deviation = np.sqrt(scatter[widest] / whole[widest, None])
        parts = centroids[widest] - deviation, centroids[widest] + deviation
        split = _lloyd(cells, np.concatenate([np.delete(centroids, widest, 0), *parts]), 0.05)
        if len(split) <= len(centroids):
            break
        centroids = split
    return centroids


def _lloyd(cells: Cells, centroids: Field, least: float, most: int = 5) -> Field:
    """Lloyd's iteration, until the error falls by less than the share `least`; centroids that hold nothing go."""
    before = np.inf
    for _ in range(most):
        belongs = _nearest(cells.colour, centroids)
        error = float(cells.weight @ np.square(cells.colour - centroids[belongs]).sum(1))
        centroids = _means(cells, belongs, len(centroids))
        if error >= (1 - least) * before:
            break
        before = error
    return centroids


def _means(cells: Cells, belongs: NDArray[np.intp], count: int) -> Field:
    whole = np.bincount(belongs, cells.weight, count)
    sums = np.stack([np.bincount(belongs, cells.weight * one, count) for one in cells.colour.T], 1)
    return sums[whole > 0] / whole[whole > 0, None]


def _nearest(colours: Field, centroids: Field) -> NDArray[np.intp]:
    """The number of each colour's nearest centroid."""
    found: NDArray[np.intp] = np.argmin(np.square(centroids).sum(1) - 2 * colours @ centroids.T, 1)
    return found


def merge_colours(cells: Cells, centroids: Field) -> Field:
    """Merge the nearest centroids while their squared distance is below a threshold that the picture sets.

    A trial merges up to `MOST_THRESHOLD` and records how well the classes are apart in colour, (S_T - S_W) / S_W. The
    threshold begins at `LEAST_THRESHOLD` and goes between two merges wherever the second, beyond the threshold so far,
    costs more of that than any merge before.
    """
    centroids = centroids[np.lexsort(centroids.T)]
    belongs = _nearest(cells.colour, centroids)
    weight = np.bincount(belongs, cells.weight, len(centroids)).astype(np.float64)
    trial = _agglomerate(centroids, weight, MOST_THRESHOLD)
    total = float(cells.weight @ np.square(cells.colour - np.average(cells.colour, 0, cells.weight)).sum(1))
    within = float(cells.weight @ np.square(cells.colour - centroids[belongs]).sum(1))
    threshold, largest, before = LEAST_THRESHOLD, 0.0, 0.0
    for distance, added, _ in trial:
        drop = total / max(within, 1e-9) - total / max(within + added, 1e-9)
        within += added
        if drop > largest:
            largest = drop
            if distance > threshold:
                threshold = (before + distance) / 2
        before = distance
    kept = [after for distance, _, after in trial if distance < threshold]
    return kept[-1] if kept else centroids


def _agglomerate(centroids: Field, weight: Field, limit: float) -> list[tuple[float, float, Field]]:
    """Merges of the nearest two: their squared distance, what it adds to the scatter, the centroids that are left."""
    found = []
    while len(centroids) > 1:
        apart = np.square(centroids[:, None] - centroids).sum(-1)
        apart[np.tril_indices(len(centroids))] = np.inf
        a, b = np.unravel_index(np.argmin(apart), apart.shape)
        distance = float(apart[a, b])
        if distance >= limit:
            break
        whole = max(weight[a] + weight[b], 1e-12)
        added = float(weight[a] * weight[b] / whole) * distance
        centroids = centroids.copy()
        centroids[a] = (weight[a] * centroids[a] + weight[b] * centroids[b]) / whole
        weight = np.delete(np.where(np.arange(len(weight)) == a, whole, weight), b)
        centroids = np.delete(centroids, b, 0)
        found.append((distance, added, centroids))
    return found
