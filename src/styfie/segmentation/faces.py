"""From the discs that are faces to a soft map of them: the skin of the heads with eyes, brows, nose, mouth, glasses."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.geodesic import Mask
from styfie.images import fit_size, resize
from styfie.segmentation.people import Disc, find_faces

# Longest side in pixels at which faces are looked for, proportions kept: stretched heads are measured wrongly.
FACE_MAP_SIZE = 256
# In radii of the largest disc in a face: half the head's width with some ear, how far up a brow can go, from hairline
# to chin, and from where the face is narrower than `NARROW` of the disc's width to the chin.
WIDE, BROW, LONG, JAW = 1.2, 2.0, 2.7, 0.65
NARROW, TALL = 0.88, 0.8  # and what is worn and taller than this is a hat
CLOSE, RIM = 0.3, 0.25  # in radii: gaps to close, as of an eye beside hair; and the width over which the map falls


@torch.no_grad()
def face_map(matte: Tensor, parts: Tensor, size: tuple[int, int]) -> Tensor | None:
    """Where faces are, (1, 1, H, W) in [0, 1] at `size`: 1 on them, falling smoothly to 0 across the rim.

    `matte` (1, 1, S, S) is the probability of "person" and `parts` (1, 5, s, s) those of background, skin, hair,
    clothes, accessories, of a photo of `size` stretched to squares. None if there is no face.
    """
    work = fit_size(size, FACE_MAP_SIZE)
    body, likely = resize(matte, work)[0, 0].numpy() > 0.5, resize(parts, work)[0].numpy()
    soft = np.zeros(work, np.float32)
    for y, x, radius in find_faces(likely, body):
        reach = int(3 * radius) + 3
        top, left = max(0, y - reach), max(0, x - reach)
        near = (..., slice(top, y + reach), slice(left, x + reach))
        face = grow((y - top, x - left, radius), likely[near], body[near])
        soft[near] = np.maximum(soft[near], _softened(face, radius))
    return resize(torch.from_numpy(soft)[None, None], size).clamp(0, 1) if soft.any() else None


def grow(disc: Disc, parts: NDArray[np.float32], body: Mask) -> Mask:
    """The face around a disc: the skin, and what is worn on it, that hangs together within an ellipse like a head's.

    The ellipse goes from where the skin ends over the disc down to a chin, by the disc's width: parts do not tell a
    face from its neck. Holes are filled, and gaps up to a third of the radius: eyes, strands of hair.
    """
    y, x, radius = disc
    skin, seen = (parts[1] > 0.5) & body, (parts[1] + parts[4] > 0.5) & body
    seen &= ~_hat(disc, (parts[4] > 0.5) & body)
    top = _hairline(disc, skin, seen)
    bottom = _chin(disc, top, seen)
    rows, columns = np.ogrid[: body.shape[0], : body.shape[1]]
    inside = np.hypot((2 * rows - top - bottom) / (bottom - top), (columns - x) / (WIDE * radius)) <= 1
    pieces, _ = ndimage.label(_closed(seen & inside, CLOSE * radius) & inside)
    held = np.unique(pieces[np.hypot(rows - y, columns - x) <= radius / 2])
    face: Mask = ndimage.binary_fill_holes(np.isin(pieces, held[held > 0]))
    return face


def _closed(mask: Mask, radius: float) -> Mask:
    """Morphological closing by a disc."""
    wide = int(radius) + 2
    grown = ndimage.distance_transform_edt(np.pad(~mask, wide, constant_values=True)) <= radius
    closed: Mask = ndimage.distance_transform_edt(grown) > radius
    return closed[wide:-wide, wide:-wide]


def _hat(disc: Disc, worn: Mask) -> Mask:
    """What is worn that is higher than glasses are, and mostly above the middle of a disc."""
    pieces, _ = ndimage.label(worn)
    hat = np.zeros_like(worn)
    for number, (rows, columns) in enumerate(ndimage.find_objects(pieces), 1):
        if rows.stop - rows.start > TALL * disc[2] and rows.start + rows.stop < 2 * disc[0]:
            hat[rows, columns] |= pieces[rows, columns] == number
    return hat


def _hairline(disc: Disc, skin: Mask, seen: Mask) -> float:
    """The row where skin ends over a disc, going up through skin and glasses."""
    y, x, radius = disc
    strip = slice(max(0, int(x - radius / 2)), int(x + radius / 2) + 1)
    top = y - 1.1 * radius  # eyes behind glasses under a fringe count, and the disc's own rim
    for row in range(y, max(0, int(y - BROW * radius)) - 1, -1):
        if seen[row, strip].mean() <= 0.5:
            break
        if skin[row, strip].mean() > 0.5:
            top = min(top, row)
    return top


def _chin(disc: Disc, top: float, seen: Mask) -> float:
    """The row of the chin: by the height of the head, or sooner where the face narrows to a neck."""
    y, x, radius = disc
    lowest = top + LONG * radius
    near = seen[:, max(0, int(x - WIDE * radius)) : int(x + WIDE * radius) + 1]
    for row in range(y, min(len(seen), int(lowest))):
        if near[row].sum() < NARROW * 2 * radius:
            return max(y + 1.1 * radius, min(lowest, row + JAW * radius))
    return lowest


def _softened(face: Mask, radius: float) -> NDArray[np.float32]:
    """1 inside and 0 outside with a smooth step across the rim."""
    padded = np.pad(face, 1, mode="edge")  # a face goes on beyond the picture
    signed = ndimage.distance_transform_edt(padded) - ndimage.distance_transform_edt(~padded)
    step = np.clip(0.5 + signed / max(2.0, RIM * radius), 0, 1)
    smooth = ndimage.gaussian_filter(step * step * (3 - 2 * step), 1.0, mode="nearest")  # no stairs when enlarged
    return smooth[1:-1, 1:-1].astype(np.float32)
