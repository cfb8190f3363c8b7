"""A picture cut into flat pieces: by colour, texture, what is what, and the features of faces.

JSEG's regions (Deng and Manjunath 2001) and its colour classes are cut along the borders of the regions that are
painted, along those of skin, hair and clothes, and in faces around eyes, brows and mouth; neighbours are then merged,
the cheapest first (Ward 1963), until as many are left as are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from torch import Tensor

from styfie.colour import luma_of
from styfie.engines.components.layers import to_lab
from styfie.images import fit_size, resize
from styfie.segmentation.jseg.grow import segment
from styfie.segmentation.jseg.jvalues import Labels
from styfie.segmentation.jseg.merge import adjacency, merge_regions
from styfie.segmentation.jseg.quantise import quantise
from styfie.segmentation.portrait import load_shipped, predict

CUTTING_SIZE = 448  # longest side of the picture that is cut, in pixels
SMOOTH = 1.6  # deviation in those pixels of the vote by which borders become smooth
SPECK, FEATURE = 40, 5  # pixels under which a piece goes to its neighbours, and a feature of a face
FEATURES = (-0.14, -0.06, 0.13)  # of luma beside its surroundings: pupils and nostrils; brows and lips; teeth
DEAR = 12.0  # times what it costs to merge a feature
WHITES = 0.015  # share of all faces up to which what is light is teeth or the white of an eye, not the light on a cheek
FACES = 20  # pieces of faces, beside the number that is asked for
FIRST = 700  # pieces, at most, that merging begins with

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces (h, w), numbered from 0, and of each the painted region that it is of, and whether it is in a face."""

    labels: Labels
    owner: NDArray[np.int64]
    face: NDArray[np.bool_]


def cut(photo: Tensor, alpha: Tensor, face: Tensor | None, count: int) -> Pieces:
    """About `count` pieces of a photo (1, 3, H, W) whose regions (R, 1, H, W) stay apart; more where faces are.

    `face` (1, 1, H, W) in [0, 1] is where features are kept.
    """
    size = (photo.shape[-2], photo.shape[-1])
    work = fit_size(size, min(CUTTING_SIZE, max(size)))
    small = resize(photo, work).clamp(0, 1)
    owner = resize(alpha, work)[:, 0].argmax(0).numpy()
    held = np.zeros(work, np.float32) if face is None else resize(face, work)[0, 0].numpy()
    classes = quantise(small)
    grown = merge_regions(segment(classes), classes, max(2, min(99, count)))
    tones, inside = _tones(luma_of(small)[0, 0].numpy(), held)
    parts = _parts(small) if face is not None else np.zeros(work, np.int32)
    key = np.where(inside, 1 + tones, 1000 + 100 * grown + classes)
    key = (key * 16 + parts) * len(alpha) + owner
    labels = _connected(np.unique(key, return_inverse=True)[1].reshape(work).astype(np.int32))
    labels = _without_specks(labels, inside & (tones > 0))
    return _merged(labels, owner, inside, tones, to_lab(small)[0].permute(1, 2, 0).double().numpy(), count)


def _tones(luma: NDArray[np.float32], face: NDArray[np.float32]) -> tuple[Labels, NDArray[np.bool_]]:
    """In faces 0 for skin in the light and in the shade 1, and above that features; and where faces are."""
    inside = face > 0.5
    found = np.zeros(luma.shape, np.int32)
    for rows, columns in ndimage.find_objects(ndimage.label(inside)[0]):
        here = (rows, columns)
        wide = max(2.0, 0.16 * inside[here].sum() ** 0.5)
        weight = ndimage.gaussian_filter(face, wide)[here].clip(1e-3)
        around = ndimage.gaussian_filter(luma * face, wide)[here] / weight
        beside = ndimage.gaussian_filter(luma, 0.6)[here] - around
        calm = ndimage.gaussian_filter(luma, 0.3 * wide)[here]
        shade = (calm < np.median(calm[inside[here]]) - 0.02).astype(np.int32)
        feature = np.digitize(beside, FEATURES)
        found[here] = np.where(inside[here], np.where(feature == 2, shade, 2 + feature), found[here])
    return found, inside


def _parts(small: Tensor) -> Labels:
    """Background, skin, hair, clothes and accessories (h, w), numbered so, as the built-in network sees them."""
    seen = predict(small, load_shipped()[0], scales=(1.0,), mirrored=False)
    found: Labels = resize(seen.parts, (small.shape[-2], small.shape[-1]))[0].argmax(0).numpy().astype(np.int32)
    return found


def _connected(labels: Labels) -> Labels:
    """The same with a number of its own for each piece that hangs together."""
    found, first = np.zeros(labels.shape, np.int32), 0
    for number, box in enumerate(ndimage.find_objects(labels + 1)):
        if box is None:
            continue
        here, count = ndimage.label(labels[box] == number)
        found[box] = np.where(here > 0, here + first - 1, found[box])
        first += count
    return found


def _without_specks(labels: Labels, feature: NDArray[np.bool_]) -> Labels:
    """Pieces that are too small given to those around them, pixel by pixel to the nearest."""
    area = np.bincount(labels.ravel())
    kept = np.bincount(labels.ravel(), feature.ravel()) > 0.5 * area
    least = np.where(kept, FEATURE, SPECK)
    small = (area < least)[labels]
    if small.all():
        return labels
    nearest = ndimage.distance_transform_edt(small, return_distances=False, return_indices=True)
    found: Labels = np.unique(labels[tuple(nearest)], return_inverse=True)[1].reshape(labels.shape).astype(np.int32)
    return _connected(found)


def _merged(
    labels: Labels, owner: NDArray[np.int64], inside: NDArray[np.bool_], tones: Labels, lab: Values, count: int
) -> Pieces:
    """Pieces merged until `count` are left, and `FACES` more in faces; of two regions none are."""
    number = int(labels.max()) + 1
    flat = labels.ravel()
    area = np.bincount(flat).astype(np.float64)
    mean = np.stack([np.bincount(flat, lab[..., c].ravel()) for c in range(3)], 1) / area[:, None]
    mine = np.array([np.bincount(flat, (owner == r).ravel(), number) for r in range(int(owner.max()) + 1)]).argmax(0)
    face = np.bincount(flat, inside.ravel(), number) > 0.5 * area
    dark, light = (
        np.bincount(flat, (inside & found).ravel(), number) > 0.5 * area
        for found in ((tones == 2) | (tones == 3), tones > 3)
    )
    dear = np.where(dark | (light & (area < WHITES * inside.sum())), DEAR, 1.0)
    touch = adjacency(labels, number) & (mine[:, None] == mine) & (face[:, None] == face)
    parent = np.arange(number)

    def costs(rows: NDArray[np.int64]) -> Values:
        apart = np.square(mean[rows, None] - mean[None]).sum(-1)
        joint = area[rows, None] * area[None] / (area[rows, None] + area[None])
        return np.where(touch[rows], apart * joint * np.maximum(dear[rows, None], dear[None]), np.inf)

    cost, left = costs(np.arange(number)), {True: int(face.sum()), False: int((~face).sum())}
    wanted = {True: FACES, False: count}
    while left[True] > FACES or left[False] > count:
        a, b = np.unravel_index(int(cost.argmin()), cost.shape)
        if not np.isfinite(cost[a, b]):
            break
        if left[bool(face[a])] <= wanted[bool(face[a])]:
            cost[face == face[a]] = np.inf  # of these there are few enough
            continue
        left[bool(face[a])] -= 1
        mean[a] = (area[a] * mean[a] + area[b] * mean[b]) / (area[a] + area[b])
        area[a], area[b], dear[a] = area[a] + area[b], 0.0, min(dear[a], dear[b])
        parent[parent == b] = a
        touch[a] |= touch[b]
        touch[:, a] = touch[a]
        touch[a, a] = False
        touch[b] = touch[:, b] = False
        cost[b] = cost[:, b] = np.inf
        cost[a] = cost[:, a] = costs(np.array([a]))[0]
    old, found = np.unique(parent[labels], return_inverse=True)
    return Pieces(found.reshape(labels.shape).astype(np.int32), mine[old], face[old])


def divided(pieces: Pieces, largest: float) -> Pieces:
    """The pieces with those that are more than a share `largest` of the picture cut up, as panes of glass have to be.

    Cells around points that are spread evenly by Lloyd's algorithm (1982); faces stay whole.
    """
    random, labels = np.random.default_rng(0), pieces.labels.copy()
    owner, face = list(pieces.owner), list(pieces.face)
    for number, area in enumerate(np.bincount(labels.ravel())):
        count = round(area / (largest * labels.size))
        if count < 2 or pieces.face[number]:
            continue
        places = np.stack((labels == number).nonzero(), 1).astype(np.float64)
        middles = places[random.choice(len(places), count, replace=False)]
        for _ in range(4):
            nearest = cKDTree(middles).query(places)[1]
            held = np.bincount(nearest, minlength=count).clip(1)
            middles = np.stack([np.bincount(nearest, places[:, c], count) for c in (0, 1)], 1) / held[:, None]
        nearest = cKDTree(middles).query(places)[1]
        rows, columns = places.astype(int).T
        labels[rows, columns] = np.where(nearest == 0, number, len(owner) - 1 + nearest)
        owner += [pieces.owner[number]] * (count - 1)
        face += [False] * (count - 1)
    return Pieces(labels, np.array(owner), np.array(face))


def smoothed(pieces: Pieces) -> Labels:
    """The pieces with smooth borders: each pixel is the piece's that prevails around it; small ones near faces too."""
    best, found = np.full(pieces.labels.shape, -1.0, np.float32), np.zeros(pieces.labels.shape, np.int32)
    for number, (rows, columns) in _boxes(pieces.labels):
        sigma = SMOOTH * (0.45 if pieces.face[number] else 1.0)
        reach = int(4 * sigma) + 1
        top, left = max(0, rows.start - reach), max(0, columns.start - reach)
        box = slice(top, rows.stop + reach), slice(left, columns.stop + reach)
        vote = ndimage.gaussian_filter((pieces.labels[box] == number).astype(np.float32), sigma, mode="nearest")
        more = vote > best[box]
        best[box] = np.where(more, vote, best[box])
        found[box] = np.where(more, number, found[box])
    return found


def _boxes(labels: Labels) -> Iterator[tuple[int, tuple[slice, slice]]]:
    for number, box in enumerate(ndimage.find_objects(labels + 1)):
        if box is not None:
            yield number, (box[0], box[1])
