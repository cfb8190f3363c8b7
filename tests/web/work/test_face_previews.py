"""Styles on one's own face: which square is shown, and that it is painted."""

from __future__ import annotations

import io
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.regions import Regions
from styfie.web.work.face_previews import face_preview, head_box
from styfie.web.work.paintings import REGIONS, save, unpainted
from styfie.web.workers import WorkerChannel

LINE = cast(WorkerChannel, None)


def person(face: tuple[slice, slice] | None = (slice(20, 36), slice(60, 72))) -> Regions:
    """Who stands in the right half of 120 x 100 pixels."""
    alpha = torch.zeros(2, 1, 100, 120)
    alpha[0, :, 15:, 50:85] = 1
    alpha[1] = 1 - alpha[0]
    found = torch.zeros(1, 1, 100, 120)
    if face:
        found[0, 0][face] = 1
    return Regions(("subject", "background"), alpha, (1.0, 1.0), face=found if face else None)


def test_the_square_is_around_the_face_and_within_the_photo() -> None:
    top, left, side = head_box(person())
    assert top <= 20 and top + side >= 36 + 8, "some of the shoulders"
    assert left <= 60 and left + side >= 72
    assert 16 < side <= 100 and 0 <= top <= 100 - side and 0 <= left <= 120 - side
    corner = head_box(person((slice(0, 16), slice(110, 120))))
    assert corner[0] == 0 and corner[1] + corner[2] == 120


@pytest.mark.parametrize("who", [person(None), Regions(("background",), torch.ones(1, 1, 100, 120), (1.0,))])
def test_without_a_face_it_is_as_large_as_can_be(who: Regions) -> None:
    assert head_box(who)[2] == 100


def test_both_sides_are_painted_as_asked(tmp_path: Path) -> None:
    photo = torch.full((1, 3, 100, 120), 0.5)
    save(unpainted(photo, person()), tmp_path / REGIONS)

    def current_painting(**styles: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        data = face_preview(LINE, str(tmp_path), styles, {}, str(tmp_path), 64, "cpu")
        return np.asarray(Image.open(io.BytesIO(data))).astype(np.int16)

    both, one = current_painting(subject="ink", background="waves"), current_painting(background="waves")
    assert both.shape == (64, 64, 3)
    top, left, side = head_box(person())
    inside = np.s_[
        round(64 * (25 - top) / side) : round(64 * (32 - top) / side),
        round(64 * (62 - left) / side) : round(64 * (70 - left) / side),
    ]
    assert np.abs(both[inside] - 128).mean() > 10 > np.abs(one[inside] - 128).mean()
    assert np.abs(one - 128)[:, :6].mean() > 10, "the background is painted"
