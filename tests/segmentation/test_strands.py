"""Strands of hair beyond a coarse mask: found before a plain background, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.images import resize
from styfie.segmentation import matting, portrait
from styfie.segmentation.matting import refine
from styfie.segmentation.networks import PersonNet
from styfie.segmentation.portrait import PortraitSegmenter
from styfie.segmentation.strands import find_strands

SIDE, RADIUS = 240, 60.0
WALL, HAIR = np.array([0.8, 0.75, 0.7]), np.array([0.25, 0.15, 0.1])
Plane = NDArray[np.float64]


def head() -> Plane:
    """A disc of hair: alpha (H, W)."""
    y, x = np.indices((SIDE, SIDE)) - SIDE / 2
    return np.asarray(np.clip(RADIUS - np.hypot(y, x) + 0.5, 0, 1))


def strand(alpha: Plane) -> Plane:
    """The same with a strand two pixels wide, straight up for 25."""
    drawn = alpha.copy()
    drawn[int(SIDE / 2 - RADIUS - 25) : SIDE // 2, SIDE // 2 - 1 : SIDE // 2 + 1] = 1
    return drawn


def photo_of(alpha: Plane, wall: Plane | None = None) -> Plane:
    """Hair before a wall, both with a little noise, (H, W, 3)."""
    rng = np.random.default_rng(0)
    behind = np.broadcast_to(WALL, (SIDE, SIDE, 3)) if wall is None else wall
    mixed = alpha[..., None] * HAIR + (1 - alpha[..., None]) * behind
    return np.asarray(mixed + rng.normal(0, 0.01, mixed.shape)).clip(0, 1)


def as_tensor(planes: Plane) -> Tensor:
    return torch.from_numpy(np.atleast_3d(planes).astype(np.float32)).permute(2, 0, 1)[None]


def refined(photo: Plane, hair: Plane | None = None) -> Plane:
    known = None if hair is None else as_tensor(hair)
    return refine(as_tensor(head()), as_tensor(photo), hair=known)[0, 0].double().numpy()


def above(matte: Plane) -> Plane:
    """The part where the strand is, clear of the head's own edge."""
    return matte[int(SIDE / 2 - RADIUS - 15) : int(SIDE / 2 - RADIUS - 6)]


def test_a_strand_beyond_the_mask_is_found() -> None:
    truth = strand(head())
    photo = photo_of(truth)
    before, after = above(refined(photo)), above(refined(photo, head()))
    there = above(truth) > 0.5
    assert before[there].mean() < 0.05, "the mask alone does not know it"
    assert after[there].mean() > 0.7
    assert after[~there].mean() < 0.02, "the wall beside it stays background"


@pytest.mark.parametrize("kind", ["nothing", "a wide thing", "apart", "no hair", "a wild wall"])
def test_all_else_is_as_without(kind: str) -> None:
    alpha, hair = head(), head()
    wall: Plane | None = None
    if kind == "a wide thing":  # of the hair's colour, behind it
        alpha[int(SIDE / 2 - RADIUS - 25) : SIDE // 2, SIDE // 2 - 15 : SIDE // 2 + 15] = 1
    elif kind == "apart":  # a line that does not reach the head
        alpha[20:40, SIDE // 2 - 1 : SIDE // 2 + 1] = 1
    elif kind == "no hair":
        alpha, hair = strand(alpha), np.zeros_like(hair)
    elif kind == "a wild wall":  # in which dark lines are nothing special
        alpha = strand(alpha)
        wall = np.random.default_rng(1).choice([0.0, 0.8], (SIDE // 4, SIDE // 4, 3)).repeat(4, 0).repeat(4, 1)
    photo = photo_of(alpha, wall)
    assert np.abs(above(refined(photo, hair)) - above(refined(photo))).mean() < 0.01


def test_what_is_far_from_hair_is_not_asked() -> None:
    truth = strand(head())
    low = head() * (np.indices((SIDE, SIDE))[0] > SIDE * 0.7)  # hair at the chin, the strand at the crown
    assert np.abs(above(refined(photo_of(truth), low)) - above(refined(photo_of(truth)))).max() < 0.02


def test_where_more_would_be_in_doubt_than_is_solved_for_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = photo_of(strand(head()))
    without = refined(photo)
    monkeypatch.setattr(matting, "MOST_UNKNOWN", 1 + matting._trimap(as_tensor(head()), (SIDE, SIDE), SIDE)[2].sum())
    assert np.array_equal(refined(photo, head()), without)


class Head(PersonNet):
    """Sees the disc, and hair all over it, whatever the photo."""

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        height, width = picture.shape[-2:]
        disc = resize(as_tensor(head()), (height, width)).expand(len(picture), 1, height, width)
        parts = torch.full((len(picture), 5, height // 2, width // 2), -9.0)
        hair = resize(disc, (height // 2, width // 2)) * 18 - 9
        parts[:, :1], parts[:, 2:3] = -hair, hair
        return disc * 18 - 9, parts


def test_the_segmenter_finds_them_where_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portrait, "boxes_to_see", lambda _matte: [])  # it sees a whole disc in any part, too
    photo = as_tensor(photo_of(strand(head())))
    segmenter = PortraitSegmenter(Head(), 256)
    careful, brief = (above(one(photo)["subject"][0, 0].double().numpy()) for one in (segmenter, segmenter.fast()))
    there = above(strand(head())) > 0.5
    assert careful[there].mean() > 0.7
    assert brief[there].mean() < 0.05


def test_trust_and_weight_are_shares_where_pixels_are_asked() -> None:
    alpha = head()
    found = find_strands(photo_of(strand(alpha)), alpha, alpha, np.zeros(alpha.shape, bool))
    assert found is not None
    assert found.doubt.any() and not found.doubt[alpha > 0.5].any()
    for plane in (found.alpha, found.weight, found.trust):
        assert plane.min() >= 0 and plane.max() <= 1
    assert not found.weight[~found.doubt].any()
    top = int(SIDE / 2 - RADIUS - 10)
    assert found.alpha[top, SIDE // 2] == pytest.approx(1 - (10 / (0.5 * RADIUS)) ** 2, abs=0.15), "fading outwards"
