"""Regions of a class map: valleys of J as seeds, and growing them, from coarse scales to fine ones."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from styfie.segmentation.jseg.jvalues import Labels, Mask, Small, class_scatters, j_value, local_j

SIDES = (64, 128, 256, 512)  # of a square picture from which on the scales 1, 2, 3, 4 are used
VALLEY = (0.5, 0.3, 0.1, -0.1, -0.3, -0.5)  # levels that are tried, in deviations of J from its mean
JOINED = -0.35  # the level below which what touches one seed alone joins it
SCATTERED = 1.0  # a region of more J is looked at once more, one scale finer
GATHERED = 0.25  # so is one with a colour that keeps to less than this share of the region's spatial variance
ROUNDS = 8  # of splitting at one scale, at most

Box = tuple[slice, slice]


def segment(classes: Labels) -> Labels:
    """Regions (H, W), numbered from 0, of a class map (H, W) (Deng and Manjunath 2001, section 4); not merged yet.

    Two scales, as large as the picture allows, and one more for regions that are still mixed. At each a region is
    split until nothing is new; pieces smaller than an eighth of the scale's square are left as they are.
    """
    area = classes.size
    largest = max([scale for scale, side in enumerate(SIDES, 1) if area >= side**2], default=1)
    scales = [scale for scale in (largest, largest - 1) if scale >= min(2, largest)]
    regions = np.zeros(classes.shape, np.int32)
    for scale in scales:
        regions = _split_all(classes, regions, scale)
    if scales[-1] > 1:
        mixed = [n for n, box in _boxes(regions) if _is_mixed(classes[box], regions[box] == n, scales[-1])]
        regions = _split_all(classes, regions, scales[-1] - 1, mixed)
    return regions


def _split_all(classes: Labels, regions: Labels, scale: int, numbers: list[int] | None = None) -> Labels:
    """Split regions, all or those of the given `numbers`, and what comes of them, at one scale."""
    least = SIDES[scale - 1] ** 2 // 8
    for _ in range(ROUNDS):
        fresh: list[int] = []
        regions = regions.copy()
        boxes = dict(_boxes(regions))
        for number in boxes if numbers is None else numbers:
            box = boxes[number]
            inside = regions[box] == number
            if inside.sum() <= least:
                continue
            parts = split_region(classes[box], inside, scale)
            if (count := int(parts.max()) + 1) > 1:
                first = int(regions.max()) + 1
                regions[box][inside & (parts > 0)] = parts[inside & (parts > 0)] + first - 1
                fresh += [number, *range(first, first + count - 1)]
        if not fresh:
            break
        numbers = fresh
    return regions


def _boxes(regions: Labels) -> Iterator[tuple[int, Box]]:
    """Each region's number and the box around it."""
    for number, box in enumerate(ndimage.find_objects(regions + 1)):
        if box is not None:
            yield number, (box[0], box[1])


def _is_mixed(classes: Labels, inside: Mask, scale: int) -> bool:
    """Whether a region holds more than one texture still, by its own J or by one colour's place in it."""
    if j_value(classes, inside) > SCATTERED:
        return True
    place = np.stack(np.nonzero(inside)).astype(np.float64)
    scatter, number = class_scatters(classes[inside], place)
    whole = float(np.square(place - place.mean(1, keepdims=True)).sum()) / place.shape[1]
    return bool(((scatter / number < GATHERED * whole) & (number > 2 * least_valley(scale))).any())


def least_valley(scale: int) -> int:
    """Pixels that a valley has at least."""
    return 2 * (4 << (scale - 1)) ** 2


def split_region(classes: Labels, inside: Mask, scale: int) -> Labels:
    """The parts (H, W) of one region, numbered from 0, and -1 outside: its valleys of J at a scale, grown."""
    j = local_j(classes, inside, scale)
    seeds, count = find_valleys(j, inside, least_valley(scale))
    if count < 2:
        return np.where(inside, 0, -1).astype(np.int32)
    seeds = _filled(seeds, count, inside)
    for finer in range(scale, max(scale - 3, 0), -1):
        j = j if finer == scale else local_j(classes, inside, finer)
        seeds = _join(seeds, j, inside)
    return flood(seeds, j, inside)


def find_valleys(j: Small, inside: Mask, least: int) -> tuple[Labels, int]:
    """Valleys (H, W), numbered from 0, -1 elsewhere, and how many: of several levels the one that gives most."""
    mean, deviation = float(j[inside].mean()), float(j[inside].std())
    best, most = np.full(j.shape, -1, np.int32), 0
    for level in VALLEY:
        found, count = ndimage.label((j <= mean + level * deviation) & inside)
        sizes = np.bincount(found.ravel(), minlength=count + 1)
        large = (sizes >= least) & (np.arange(count + 1) > 0)
        if int(large.sum()) > most:
            most = int(large.sum())
            best = np.where(large, np.cumsum(large) - 1, -1).astype(np.int32)[found]
    return best, most


def _filled(seeds: Labels, count: int, inside: Mask) -> Labels:
    """Seeds with the holes in them, as far as nothing else is there."""
    free = (seeds < 0) & inside
    holes, number = ndimage.label(free)
    return _given(seeds, holes, number, count, closed=True)


def _join(seeds: Labels, j: Small, inside: Mask) -> Labels:
    """Give each stretch of low J among what is left to the seed it touches, if it touches one alone."""
    free = (seeds < 0) & inside
    if not free.any():
        return seeds
    level = float(j[free].mean()) + JOINED * float(j[free].std())
    stretches, number = ndimage.label(free & (j <= level))
    return _given(seeds, stretches, number, int(seeds.max()) + 1, closed=False)


def _given(seeds: Labels, stretches: NDArray[np.integer[Any]], number: int, count: int, *, closed: bool) -> Labels:
    """Stretches (numbered from 1) that touch one seed alone become part of it; if `closed`, none at the border do."""
    touches = np.zeros((number + 1, count), bool)
    for a, b in (((slice(1, None),), (slice(-1),)), ((slice(None), slice(1, None)), (slice(None), slice(-1)))):
        for here, there in ((a, b), (b, a)):
            one, other = stretches[here], seeds[there]
            meet = (one > 0) & (other >= 0)
            touches[one[meet], other[meet]] = True
    alone = touches.sum(1) == 1
    if closed:
        rim = np.concatenate([stretches[[0, -1]].ravel(), stretches[:, [0, -1]].ravel()])
        alone[rim] = False
    alone[0] = False
    owner = np.where(alone, touches.argmax(1), -1)[stretches]
    return np.where(owner >= 0, owner, seeds).astype(np.int32)


def flood(seeds: Labels, j: Small, inside: Mask) -> Labels:
    """Every pixel inside to one of the seeds: from low J to high, each to that neighbour whose J is nearest.

    Of pixels with the same J the first in the picture goes first.
    """
    height, width = seeds.shape
    wide = width + 2  # a rim that is outside: no neighbour has to be looked for at the border
    label = np.pad(np.where(inside, seeds, -2), 1, constant_values=-2).ravel().tolist()
    value = np.pad(j, 1).ravel().tolist()
    queued = bytearray(len(label))
    touched = np.pad(inside & (seeds < 0) & ndimage.binary_dilation(seeds >= 0), 1)
    heap = [(value[at], at) for at in np.flatnonzero(touched).tolist()]
    heapq.heapify(heap)
    for _, at in heap:
        queued[at] = 1
    while heap:
        here, at = heapq.heappop(heap)
        nearest, owner = float("inf"), -1
        for to in (at - 1, at + 1, at - wide, at + wide):
            if (held := label[to]) >= 0:
                if (off := abs(value[to] - here)) < nearest:
                    nearest, owner = off, held
            elif held == -1 and not queued[to]:
                queued[to] = 1
                heapq.heappush(heap, (value[to], to))
        label[at] = owner
    found = np.array(label, np.int32).reshape(height + 2, wide)[1:-1, 1:-1]
    found[~inside] = -1
    return _reached(found, inside)


def _reached(found: Labels, inside: Mask) -> Labels:
    """Pieces of a region that no seed touches go to the nearest seed."""
    left = inside & (found < 0)
    if not left.any():
        return found
    y, x = ndimage.distance_transform_edt(found < 0, return_distances=False, return_indices=True)
    return np.where(left, found[y, x], found).astype(np.int32)
