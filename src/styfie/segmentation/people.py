"""From one mask of everybody to a mask for each person.

Whoever stands alone is a connected piece of the mask. People who touch are told apart by their faces: every pixel
goes to the face from which the way to it, within the mask and across as few edges as possible, is shortest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.geodesic import Mask, geodesic_distance
from styfie.images import resize

LEAST_PIECE = 0.06  # of the largest piece: smaller ones belong to the nearest person
LEAST_FACE = 0.4  # of the largest face's inner radius
APART = 2.2  # radii of the larger one between the middles of two faces, at least
HAIRY = 0.12  # share of hair in the half ring above a face; hands and knees have none


@dataclass(frozen=True, eq=False)
class Person:
    """One person: a share of the matte (1, 1, H, W) in [0, 1] and how clearly it is told from the others' in [0, 1]."""

    share: Tensor
    score: float


def split_people(matte: Tensor, parts: Tensor, photo: Tensor) -> list[Person]:
    """The people of a matte (1, 1, S, S), from left to right.

    `parts` (1, 5, s, s) are probabilities of background, skin, hair, clothes, accessories; `photo` is of any size. The
    shares sum to 1 wherever there is anybody.
    """
    size = (matte.shape[-2], matte.shape[-1])
    body = matte[0, 0].numpy() > 0.5
    if not body.any():
        return []
    likely = resize(parts, size)[0].numpy()
    seeds = _seeds(body, find_faces((likely[1] > 0.5) & body, (likely[2] > 0.4) & body))
    small = resize(photo, size)
    ways = np.stack([geodesic_distance(small, seed, body) for seed in seeds])
    ways = np.where(
        np.isfinite(ways).any(0), ways, _straight(seeds)
    )  # pieces without a seed: the nearest as the crow flies
    nearest = ways.argmin(0)
    ordered = sorted(range(len(seeds)), key=lambda i: ndimage.center_of_mass(body & (nearest == i))[1])
    hard = np.stack([nearest == i for i in ordered]).astype(np.float32)
    soft = torch.from_numpy(ndimage.gaussian_filter(hard, (0, 1, 1), mode="nearest"))
    return [Person(soft[n][None, None], _clarity(ways, i, body & (nearest == i))) for n, i in enumerate(ordered)]


def find_faces(skin: Mask, hair: Mask) -> list[Mask]:
    """Discs of skin with hair over them, largest first: not hands, not knees."""
    deep = ndimage.distance_transform_edt(np.pad(skin, 1))[1:-1, 1:-1]
    peaks = np.argwhere((deep == ndimage.maximum_filter(deep, 5)) & (deep >= 2))
    rows, columns = np.ogrid[: skin.shape[0], : skin.shape[1]]
    hairy = [(int(y), int(x), float(deep[y, x])) for y, x in peaks if _hair_above(hair, y, x, deep[y, x]) >= HAIRY]
    heads = [one for one in hairy if not any(_is_below(one, other) for other in hairy)]
    middles: list[tuple[int, int, float]] = []
    for y, x, radius in sorted(heads, key=lambda head: -head[2]):
        small = middles and radius < LEAST_FACE * middles[0][2]
        if not small and all(np.hypot(y - v, x - u) > APART * r for v, u, r in middles):
            middles.append((y, x, radius))
    return [np.hypot(rows - y, columns - x) <= max(1.0, 0.8 * radius) for y, x, radius in middles]


def _is_below(one: tuple[int, int, float], other: tuple[int, int, float]) -> bool:
    """Whether a disc (y, x, radius) of skin is the neck, chest or hand under another, which is the face then."""
    largest = max(one[2], other[2])
    under = 0 < one[0] - other[0] < 6 * largest and abs(one[1] - other[1]) < 1.5 * largest
    return under and other[2] >= 0.5 * one[2]


def _hair_above(hair: Mask, y: int, x: int, radius: float) -> float:
    """Share of hair in the upper half of the ring from one to two and a half radii around a face's middle."""
    rows, columns = np.ogrid[: hair.shape[0], : hair.shape[1]]
    away = np.hypot(rows - y, columns - x)
    ring = (away > radius) & (away < 2.5 * radius) & (rows <= y)
    return float(hair[ring].mean()) if ring.any() else 0.0


def _seeds(body: Mask, faces: list[Mask]) -> list[Mask]:
    """Where each person starts: the faces, and the pieces of the mask that are large and have none."""
    pieces, count = ndimage.label(body)
    areas = np.atleast_1d(ndimage.sum_labels(body, pieces, range(1, count + 1)))
    seeds = list(faces)
    for number, area in enumerate(areas, 1):
        piece = pieces == number
        if area >= LEAST_PIECE * areas.max() and not any((piece & face).any() for face in faces):
            seeds.append(piece)
    return seeds


def _straight(seeds: list[Mask]) -> NDArray[np.float64]:
    return np.stack([ndimage.distance_transform_edt(~seed) for seed in seeds])


def _clarity(ways: NDArray[np.float64], mine: int, region: Mask) -> float:
    """Mean over a person's pixels of how much longer the way from the next person is, 1 = from nowhere else."""
    others = np.delete(ways, mine, 0)
    if not len(others) or not region.any():
        return 1.0
    here, there = ways[mine][region], others.min(0)[region]
    longer = np.where(np.isfinite(there), 1 - here / np.maximum(there, 1e-6), 1.0)
    return float(np.clip(2 * longer, 0, 1).mean())
