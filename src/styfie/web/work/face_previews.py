"""Styles shown on one's own face: a small square around the head, painted in one pass."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from torch import Tensor

from styfie.engines import load_engine
from styfie.images import resize, to_image
from styfie.looks import Look
from styfie.painting import Painting
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.settings import Settings
from styfie.styles import resolve_looks
from styfie.web.work.paintings import REGIONS, load, look_specs
from styfie.web.workers import WorkerChannel

AROUND = 3.4  # times the face's height that the square has: hair, shoulders, and some of what is behind
MIN_SIDE = 0.4  # of the photo's shorter side that it has, so that strokes and background are seen
LOW = 0.06  # of the square that the face is above its middle


def face_preview(
    _channel: WorkerChannel,
    folder: str,
    styles: dict[str, str],
    own: dict[str, str],
    drawn: str,
    size: int,
    device: str,
) -> bytes:
    """The head with person and background in these `styles`, `size` pixels wide and high, as JPEG.

    A side without a style stays photo; where nobody was found there is but background. Without any style they are the
    gallery's first pair, as everywhere.
    """
    before = load(Path(folder) / REGIONS)
    box = head_box(before.regions)
    photo, sides = _cut(before.photo, box, size), _sides(before.regions, box, size)
    looks = {n: {"styles": [{"name": styles[n], "weight": 1.0}]} for n in sides.names if styles.get(n)}
    wanted: dict[str, Look] = resolve_looks(look_specs(Path(folder), looks, own, Path(drawn)), size)
    *_, last = load_engine("fast")(photo, sides, wanted, Settings(size=size, engine="fast", device=device))
    held = io.BytesIO()
    to_image(Painting(photo, sides, last.layers, wanted, {}).render()).save(held, "JPEG", quality=84)
    return held.getvalue()


def head_box(regions: Regions) -> tuple[int, int, int]:
    """Top, left and side of a square around the largest face, else around the upper end of who is there."""
    height, width = regions.size
    side, y, x = min(height, width), height / 2, width / 2
    face = regions.face[0, 0] > 0.5 if regions.face is not None else torch.zeros(regions.size, dtype=torch.bool)
    if face.any():
        rows, columns = face.any(1).nonzero(), face.any(0).nonzero()
        tall = float(rows[-1] - rows[0] + 1)
        side = round(min(side, max(AROUND * tall, MIN_SIDE * side)))
        y, x = float(rows[0] + rows[-1]) / 2 + LOW * side, float(columns[0] + columns[-1]) / 2
    elif SUBJECT in regions.names:
        body = _side(regions, SUBJECT)[0, 0] > 0.5
        if body.any():
            y, x = float(body.any(1).nonzero()[0]) + 0.45 * side, float(body.nonzero()[:, 1].float().mean())
    top, left = (
        round(max(0.0, min(at - side / 2, most - side))) for at, most in ((y, float(height)), (x, float(width)))
    )
    return top, left, side


def _cut(picture: Tensor, box: tuple[int, int, int], size: int) -> Tensor:
    top, left, side = box
    return resize(picture[..., top : top + side, left : left + side], (size, size)).clamp(0, 1)


def _sides(regions: Regions, box: tuple[int, int, int], size: int) -> Regions:
    """Person and background alone, in the square."""
    if SUBJECT not in regions.sides:
        return Regions((BACKGROUND,), torch.ones(1, 1, size, size), (1.0,))
    subject = _cut(_side(regions, SUBJECT), box, size)
    face = _cut(regions.face, box, size) if regions.face is not None else None
    return Regions((SUBJECT, BACKGROUND), torch.cat([subject, 1 - subject]), (1.0, 1.0), face=face)


def _side(regions: Regions, side: str) -> Tensor:
    """The alpha (1, 1, H, W) of all regions of one side."""
    return regions.alpha[[n for n, one in enumerate(regions.sides) if one == side]].sum(0, keepdim=True)
