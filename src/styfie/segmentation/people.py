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

LEAST_PIECE = 0.06  # of the largest piece: smaller ones are nobody
Disc = tuple[int, int, float]  # row and column of the middle, and radius
Box = tuple[float, float, float, float]  # top, left, bottom and right, as shares of height and width
SAME = 0.1  # overlap of masks from one frame to the next from which on they are of one person
HAZE = 3  # pixels around a piece that is removed
LEAST_FACE = 0.4  # of the largest face's inner radius
BARE_FACE = 0.75  # the same for one without hair or hat: a raised hand is smaller
APART = 2.2  # radii of the larger one between the middles of two faces, at least
HAIRY, RING = 0.15, 2.1  # share of hair above a face, at least, up to so many radii: hands and knees have none
# A head with its hair is a square of so many half widths of a face, the face's middle so many of them below its own.
HEAD, FACE_LOW, LONG_FACE = 3.8, 0.35, 1.3  # and a face is so many times longer than wide
BUST = 0.75  # of the shorter side of somebody without a face: the square at the upper end


@dataclass(frozen=True, eq=False)
class Person:
    """One person: a share of the matte (1, 1, H, W) in [0, 1], and how clearly it is told from the others' in [0, 1].

    `head` is the square of the photo that the head fills; None of what is no whole person.
    """

    share: Tensor
    score: float
    head: Box | None = None


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
    discs = find_faces(likely, body)
    seeds = _seeds(body, [_away(body, y, x) <= max(1.0, 0.8 * radius) for y, x, radius in discs])
    small = resize(photo, size)
    ways = np.stack([geodesic_distance(small, seed, body) for seed in seeds])
    ways = np.where(np.isfinite(ways).any(0), ways, _straight(seeds))  # a piece without a seed goes to the nearest
    nearest = ways.argmin(0)
    ordered = sorted(range(len(seeds)), key=lambda i: ndimage.center_of_mass(body & (nearest == i))[1])
    hard = np.stack([nearest == i for i in ordered]).astype(np.float32)
    soft = torch.from_numpy(ndimage.gaussian_filter(hard, (0, 1, 1), mode="nearest"))
    wide = (photo.shape[-2], photo.shape[-1])
    return [
        Person(
            soft[n][None, None],
            _clarity(ways, i, body & (nearest == i)),
            _head_at(discs[i], size, wide) if i < len(discs) else _upper_end(seeds[i], wide),
        )
        for n, i in enumerate(ordered)
    ]


def _head_at(face: Disc, seen: tuple[int, int], size: tuple[int, int]) -> Box:
    """The head around a face that was found in a map of the size `seen`, in a photo of `size`."""
    down, across = size[0] / seen[0], size[1] / seen[1]
    half = face[2] * max(across, down / LONG_FACE)  # the map is stretched, and the disc touches the nearer edge
    return _square((face[0] + 0.5) * down - FACE_LOW * half, (face[1] + 0.5) * across, HEAD * half, size)


def _upper_end(body: Mask, size: tuple[int, int]) -> Box:
    """Where the head of somebody would be whose face is not seen, in a photo of `size`."""
    down, across = size[0] / len(body), size[1] / body.shape[1]
    rows, columns = (np.flatnonzero(body.any(axis)) for axis in (1, 0))
    side = BUST * min(len(rows) * down, len(columns) * across)
    upper = body[rows[0] : rows[0] + max(1, round(0.6 * side / down))]
    middle = float(np.nonzero(upper)[1].mean()) + 0.5
    return _square(rows[0] * down + 0.42 * side, middle * across, side, size)


def _square(y: float, x: float, side: float, size: tuple[int, int]) -> Box:
    """The square of that side around a point, moved into a picture of `size`."""
    side = min(side, *size)
    top, left = (min(max(0.0, at - side / 2), most - side) for at, most in zip((y, x), size, strict=True))
    return top / size[0], left / size[1], (top + side) / size[0], (left + side) / size[1]


def match_people(found: Tensor, before: Tensor) -> list[int]:
    """The numbers, from 0, of people found in a frame, by their masks (P, 1, H, W), from left to right.

    `before` are the masks of numbers 0, 1, … where they were last. Who overlaps with one of them is that one, so that
    the overlaps (intersection over union) have the largest sum; the others take the first numbers that are free.
    """
    numbers = [-1] * len(found)
    if len(found) and len(before):
        from scipy.optimize import linear_sum_assignment  # a quarter of a second that only films need

        pairs = [
            [float(torch.minimum(a, b).sum() / torch.maximum(a, b).sum().clamp_min(1)) for b in before] for a in found
        ]
        overlap = np.array(pairs)
        for i, k in zip(*linear_sum_assignment(overlap, maximize=True), strict=True):
            numbers[int(i)] = int(k) if overlap[i, k] >= SAME else -1
    free = (n for n in range(len(found) + len(before)) if n not in set(numbers))
    return [n if n >= 0 else next(free) for n in list(numbers)]


def without_specks(matte: Tensor) -> Tensor:
    """A matte (1, 1, S, S) without the pieces that are too small to be anybody, and their haze."""
    values = matte[0, 0].numpy()
    pieces, count = ndimage.label(values > 0.5)
    if count < 2:
        return matte
    areas = ndimage.sum_labels(pieces > 0, pieces, np.arange(count + 1))
    large = areas >= LEAST_PIECE * areas.max()
    kept, specks = large[pieces], (pieces > 0) & ~large[pieces]
    haze = ndimage.binary_dilation(specks, iterations=HAZE) & ~kept
    return torch.from_numpy(np.where(haze, np.float32(0), values))[None, None]


def find_faces(parts: NDArray[np.float32], body: Mask) -> list[Disc]:
    """Discs that are faces, largest first: mostly skin, with hair over them, or a hat and nothing more, or bald.

    `parts` (5, H, W) are probabilities of background, skin, hair, clothes, accessories. Glasses lie on skin, and so
    they are part of a face; hats lie where hair would be, and so one under a hat is looked for without it; but a watch
    on an arm has somebody above it.
    """
    _, skin, hair, clothes, worn = parts
    discs, bare = _discs((skin + worn > 0.5) & body), _discs((skin > 0.5) & body)
    found = [one for one in discs if _is_face(one, skin > 0.5, hair > 0.35, worn > 0.35, body)]
    found += [one for one in bare if _is_face(one, skin > 0.5, hair > 1, worn > 0.35, body)]  # under a hat
    least = BARE_FACE * max((radius for _, _, radius in found), default=0.0)
    bald = [one for one in discs if one[2] >= least and _is_bald(one, skin > 0.5, clothes > 0.5, body)]
    found += [one for one in bald if one not in found]
    heads = [one for one in found if not any(_is_below(one, other) for other in found)]
    middles: list[Disc] = []
    for y, x, radius in sorted(heads, key=lambda head: -head[2]):
        small = middles and radius < LEAST_FACE * middles[0][2]
        if not small and all(np.hypot(y - v, x - u) > APART * r for v, u, r in middles):
            middles.append((y, x, radius))
    return middles


def _discs(mask: Mask) -> list[Disc]:
    """The largest discs within a mask, each where none beside it is larger."""
    deep = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    peaks = np.argwhere((deep == ndimage.maximum_filter(deep, 5)) & (deep >= 2))
    return [(int(y), int(x), float(deep[y, x])) for y, x in peaks]


def _is_face(disc: Disc, skin: Mask, hair: Mask, worn: Mask, body: Mask) -> bool:
    y, x, radius = disc
    away = _away(body, y, x)
    above = (y - np.arange(len(body)))[:, None] > 0.7 * abs(np.arange(body.shape[1]) - x)
    ring = (away > radius) & (away < RING * radius) & above
    beyond = (away > 3.5 * radius) & (away < 5 * radius) & above
    if not ring.any() or skin[away <= radius].mean() < 0.5:
        return False
    topmost = not beyond.any() or body[beyond].mean() < 0.3
    return bool(hair[ring].mean() >= HAIRY or (topmost and (hair | worn)[ring].mean() >= HAIRY))


def _is_bald(disc: Disc, skin: Mask, clothes: Mask, body: Mask) -> bool:
    """Whether a disc is skin all through, has nothing of anybody over it, and clothes below."""
    y, x, radius = disc
    away, aside = _away(body, y, x), 0.7 * abs(np.arange(body.shape[1]) - x)
    down = (np.arange(len(body)) - y)[:, None]
    under = (away > 1.5 * radius) & (away < 3.5 * radius) & (down > aside)
    if skin[away <= radius].mean() <= 0.9 or not under.any() or clothes[under].mean() <= 0.3:
        return False
    over = [(away > 1.5 * radius) & (away < reach * radius) & (down < -2 * aside) for reach in (3, 5)]
    return all(not ring.any() or bool(body[ring].mean() < 0.3) for ring in over)


def _is_below(one: Disc, other: Disc) -> bool:
    """Whether a disc of skin is the neck, chest or hand under another, which is the face then."""
    largest = max(one[2], other[2])
    under = 0 < one[0] - other[0] < 6 * largest and abs(one[1] - other[1]) < 1.5 * largest
    return under and other[2] >= 0.5 * one[2]


def _away(like: Mask, y: int, x: int) -> NDArray[np.float64]:
    """Distance of every pixel from one."""
    rows, columns = np.ogrid[: like.shape[0], : like.shape[1]]
    found: NDArray[np.float64] = np.sqrt((rows - y) ** 2 + (columns - x) ** 2)  # ten times faster than hypot
    return found


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
