"""A second look at people who are small in a picture, at a part of it in which they are large."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.images import resize
from styfie.segmentation.people import LEAST_PIECE, Box

FAINT, LEAST_FOUND = 0.25, 0.003  # a probability that is looked at where next to nothing is more than half likely
ROOM = 0.25  # around what is found, of its own height and width
NARROWEST = 0.5  # of one side of a box to the other, in shares of the picture
ZOOM, ZOOM_EACH = 1.3, 1.8  # from which on a look at all, or at one of several who are far apart, is worth it
MOST_BOXES = 2
MOST_SIDE = 384  # of maps with details, where those of the first look have 256
SHARE = 0.7  # of the second look within its box: where they differ, the first knows what is around
RIM = 0.12  # of a box, where the second look fades into the first


def boxes_to_see(matte: Tensor) -> list[Box]:
    """The parts of a picture to look at closer, by its matte (1, 1, S, S): none where people fill it.

    One around everybody if that is small enough, else one each around the largest of those who stand apart.
    """
    values = matte[0, 0].numpy()
    body = values > 0.5
    if body.mean() < LEAST_FOUND:
        body = values > FAINT
    pieces, count = ndimage.label(body)
    if not count:
        return []
    areas = np.bincount(pieces.ravel())[1:]
    places = ndimage.find_objects(pieces)
    large = [places[i] for i in areas.argsort()[::-1] if areas[i] >= LEAST_PIECE * areas.max()]
    spans = [(place[0].start, place[1].start, place[0].stop, place[1].stop) for place in large]
    ends = list(zip(*spans, strict=True))
    whole = _with_room((min(ends[0]), min(ends[1]), max(ends[2]), max(ends[3])), len(values))
    if zoom_of(whole) >= ZOOM:
        return [whole]
    each = [_with_room(span, len(values)) for span in spans] if len(spans) > 1 else []
    return [box for box in each if zoom_of(box) >= ZOOM_EACH][:MOST_BOXES]


def zoom_of(box: Box) -> float:
    """How much larger things are in a look at a box, by the root of its area."""
    return float(((box[2] - box[0]) * (box[3] - box[1])) ** -0.5)


def _with_room(span: tuple[int, int, int, int], side: int) -> Box:
    top, left, bottom, right = (edge / side for edge in span)
    high, wide = bottom - top, right - left
    high, wide = (1 + 2 * ROOM) * max(high, NARROWEST * wide), (1 + 2 * ROOM) * max(wide, NARROWEST * high)
    y, x = (top + bottom) / 2, (left + right) / 2
    return max(0.0, y - high / 2), max(0.0, x - wide / 2), min(1.0, y + high / 2), min(1.0, x + wide / 2)


def pixels_of(box: Box, size: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns of a picture (H, W) that a box covers, at least one each."""
    rows, columns = (
        slice(min(int(low * length), length - 1), max(math.ceil(high * length), 1))
        for low, high, length in ((box[0], box[2], size[0]), (box[1], box[3], size[1]))
    )
    return rows, columns


def put_closer(first: Tensor, boxes: Sequence[Box], looks: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """Maps (1, C, S, S) of a first look, mixed with those of closer ones (1, C, s, s) in their boxes, less at the rims.

    `size` (H, W) is the photo's, whose pixels the boxes were cut at. The side grows with what was seen larger.
    """
    if not boxes:
        return first
    most = MOST_SIDE * first.shape[-1] // 256
    side = min(most, round(first.shape[-1] * max(map(zoom_of, boxes)) / 32) * 32)
    found = resize(first, (side, side))
    for box, look in zip(boxes, looks, strict=True):
        cut = pixels_of(box, size)
        exact = (cut[0].start / size[0], cut[1].start / size[1], cut[0].stop / size[0], cut[1].stop / size[1])
        rows, columns = pixels_of(exact, (side, side))
        inner = resize(look, (rows.stop - rows.start, columns.stop - columns.start))
        ramps = [
            _ramp(inner.shape[-2], exact[0] > 0, exact[2] < 1)[:, None],
            _ramp(inner.shape[-1], exact[1] > 0, exact[3] < 1),
        ]
        weight = SHARE * torch.from_numpy(np.minimum(*np.broadcast_arrays(*ramps))).to(found)
        place = (..., rows, columns)
        found[place] = torch.lerp(found[place], inner, weight)
    return found


def _ramp(length: int, starts: bool, ends: bool) -> NDArray[np.float32]:
    """1, rising from 0 at its start and falling to it at its end, where these lie inside the picture."""
    at = (np.arange(length, dtype=np.float32) + 0.5) / (RIM * length)
    rising = at.clip(max=1) if starts else np.ones_like(at)
    return rising * (at[::-1].clip(max=1) if ends else np.ones_like(at))
