"""J: how far apart the places of a class map's classes lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

REACH = 4  # the window's samples to each side
ROWS = (3, 7, 7, 9, 9, 9, 7, 7, 3)  # samples in each of its rows: a disc of 61
MAX_J = 2.0  # local J is cut there; also its value where each class stands at one place

Labels = NDArray[np.int32]
Small = NDArray[np.float32]
Mask = NDArray[np.bool_]


def j_value(classes: Labels, inside: Mask | None = None) -> float:
    """J = (S_T - S_W) / S_W of a class map (H, W), or of the pixels `inside` it (Deng and Manjunath 2001, eq. 4).

    S_T is the scatter of all pixels' places, S_W the summed scatters of each class's: near 0 where classes are mixed
    evenly, large where each has its own part. Infinite if each class is one pixel.
    """
    inside = np.ones(classes.shape, bool) if inside is None else inside
    place = np.stack(np.nonzero(inside)).astype(np.float64)
    scatters, number = class_scatters(classes[inside], place)
    within = float(scatters.sum())
    if within < 1e-6:  # whole numbers, but for rounding
        return float("inf") if len(number) > 1 else 0.0
    total = float(np.square(place - place.mean(1, keepdims=True)).sum())
    return (total - within) / within


def class_scatters(label: Labels, place: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The scatter of each class's places, and how many it has, from labels (P) and places (2, P)."""
    _, belongs, number = np.unique(label, return_inverse=True, return_counts=True)
    scatter = np.zeros(len(number))
    for one in place - place.mean(1, keepdims=True) if place.size else place:
        scatter += np.bincount(belongs, one**2) - np.bincount(belongs, one) ** 2 / number
    return scatter, number.astype(np.int64)


def local_j(classes: Labels, inside: Mask, scale: int) -> Small:
    """J (H, W) in a disc of 61 samples around each pixel, only of pixels `inside`; there in [0, `MAX_J`].

    Scale 1, 2, 3, 4 takes the samples at a step of 1, 2, 4, 8 pixels. Above 1 the J-image is smoothed twice, with
    tapered windows of one step. What it holds outside says nothing.
    """
    step = 2 ** (scale - 1)
    height, width = classes.shape
    rest = (-height % step, -width % step)
    padded = np.pad(np.where(inside, classes, -1), ((0, rest[0]), (0, rest[1])), constant_values=-1)
    found = np.empty(padded.shape, np.float32)
    for top in range(step):  # each a picture of its own, in which the samples are neighbours
        for left in range(step):
            found[top::step, left::step] = _dense_j(padded[top::step, left::step])
    found = found[:height, :width]
    return found if step == 1 else _smooth(_smooth(found, inside, step), inside, step)


def _dense_j(classes: Labels) -> Small:
    """J over the window's samples that are neighbours; class -1 does not count."""
    sums = within = None
    for one in np.unique(classes[classes >= 0]):
        count, across, down, square = _window_sums(classes == one)
        mean = (across**2 + down**2) / np.maximum(count, 1)
        parts = np.stack([count, across, down, square])
        sums = parts if sums is None else sums + parts
        within = square - mean if within is None else within + square - mean
    if sums is None or within is None:
        return np.zeros(classes.shape, np.float32)
    count, across, down, square = sums
    total = square - (across**2 + down**2) / np.maximum(count, 1)
    apart = within > 1e-3  # sums of whole numbers, in float32 off by much less
    j = np.where(apart, (total - within) / np.where(apart, within, 1), np.where(total > 1e-3, MAX_J, 0.0))
    return np.clip(j, 0, MAX_J).astype(np.float32)


def _window_sums(mask: Mask) -> tuple[Small, Small, Small, Small]:
    """In the window around each pixel: how many of a mask's pixels, and the sums of their x, y and x² + y²."""
    height, width = mask.shape
    padded = np.pad(mask, REACH).astype(np.float32)
    runs: dict[int, tuple[Small, Small, Small]] = {}
    shifted = [padded[:, REACH + x : REACH + x + width] for x in range(-REACH, REACH + 1)]
    count, across, square = shifted[REACH].copy(), np.zeros_like(shifted[REACH]), np.zeros_like(shifted[REACH])
    for x in range(1, REACH + 1):
        left, right = shifted[REACH - x], shifted[REACH + x]
        both = left + right
        count, across, square = count + both, across + x * (right - left), square + x * x * both
        runs[2 * x + 1] = count, across, square
    out = [np.zeros((height, width), np.float32) for _ in range(4)]
    for y, length in enumerate(ROWS):
        n, x1, x2 = (one[y : y + height] for one in runs[length])
        off = y - REACH
        out[0] += n
        out[1] += x1
        out[2] += off * n
        out[3] += x2 + off * off * n
    return out[0], out[1], out[2], out[3]


def _smooth(values: Small, inside: Mask, step: int) -> Small:
    """The mean over a window of step + 1 pixels whose ends count half, of pixels inside."""
    taper = np.ones(step + 1, np.float32)
    taper[[0, -1]] = 0.5

    def along(picture: Small) -> Small:
        once = ndimage.correlate1d(picture, taper, 0, mode="constant")
        both: Small = ndimage.correlate1d(once, taper, 1, mode="constant")
        return both

    weight = inside.astype(np.float32)
    smooth: Small = (along(values * weight) / np.maximum(along(weight), 1e-6)).astype(np.float32)
    return smooth
