"""Strands of hair beyond a coarse mask: found before a plain background, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.images import resize
from styfie.segmentation import matting, portrait
from styfie.segmentation.matting import refine
from styfie.segmentation.networks import PersonNet
from styfie.segmentation.portrait import PortraitSegmenter
from styfie.segmentation.strands import find_strands

SIDE, RADIUS = 240, 60.0
WALL, HAIR = np.array([0.8, 0.75, 0.7]), np.array([0.25, 0.15, 0.1])
ASIDE = np.array([0.18, -0.18, 0.0])  # nearly at right angles to the way from one to the other
Plane = NDArray[np.float64]


def head() -> Plane:
    """A disc of hair: alpha (H, W)."""
    y, x = np.indices((SIDE, SIDE)) - SIDE / 2
    return np.asarray(np.clip(RADIUS - np.hypot(y, x) + 0.5, 0, 1))


def strand(alpha: Plane, length: int = 25) -> Plane:
    """The same with a strand two pixels wide, straight up for so many."""
    drawn = alpha.copy()
    drawn[int(SIDE / 2 - RADIUS - length) : SIDE // 2, SIDE // 2 - 1 : SIDE // 2 + 1] = 1
    return drawn


def photo_of(alpha: Plane, wall: Plane | None = None, noise: float = 0.01) -> Plane:
    """Hair before a wall, both with a little noise, (H, W, 3)."""
    rng = np.random.default_rng(0)
    behind = np.broadcast_to(WALL, (SIDE, SIDE, 3)) if wall is None else wall
    mixed = alpha[..., None] * HAIR + (1 - alpha[..., None]) * behind
    return np.asarray(mixed + rng.normal(0, noise, mixed.shape)).clip(0, 1)


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


def test_a_blurred_strand_keeps_its_soft_sides() -> None:
    truth = np.maximum(head(), ndimage.gaussian_filter(strand(head()), (0, 1.5)))
    found = above(refined(photo_of(truth), head()))
    assert np.minimum(found, above(truth)).sum() > 0.8 * above(truth).sum()


def test_what_is_in_doubt_is_no_background() -> None:
    """A dark thing in doubt, far from the head, and hair: the wall stays one colour."""
    alpha, thing = head(), np.zeros((SIDE, SIDE), bool)
    thing[: SIDE // 2, 10:44] = True
    photo = photo_of(strand(alpha), np.where(thing[..., None], HAIR, WALL))
    trusts = [find_strands(photo, alpha, alpha, doubt)[50, SIDE // 2] for doubt in (thing, np.zeros_like(thing))]
    assert trusts[0] > 0.9 > 0.5 > trusts[1]


@pytest.mark.parametrize("kind", ["nothing", "a wide thing", "apart", "no hair", "a wild wall", "noise", "blue"])
def test_all_else_is_as_without(kind: str) -> None:
    alpha, hair, noise = head(), head(), 0.01
    wall = np.broadcast_to(WALL, (SIDE, SIDE, 3)).copy()
    if kind == "a wide thing":  # of the hair's colour, behind it
        alpha[int(SIDE / 2 - RADIUS - 25) : SIDE // 2, SIDE // 2 - 15 : SIDE // 2 + 15] = 1
    elif kind == "apart":  # a line that does not reach the head
        alpha[32:48, SIDE // 2 - 1 : SIDE // 2 + 1] = 1
    elif kind == "no hair":
        alpha, hair = strand(alpha), np.zeros_like(hair)
    elif kind == "a wild wall":  # of two colours that both are as unlike the hair
        alpha = strand(alpha)
        wall += np.random.default_rng(1).choice([-1, 1], (SIDE // 8, SIDE // 8, 1)).repeat(8, 0).repeat(8, 1) * ASIDE
    elif kind == "noise":
        noise = 0.08
    elif kind == "blue":  # a wire
        wall[strand(alpha) > 0.5] = (0.2, 0.2, 0.9)
    photo = photo_of(alpha, wall, noise)
    changed = np.abs(refined(photo, hair) - refined(photo))[: int(SIDE / 2 - RADIUS - 6)]
    assert changed.mean() < 1e-3 and changed.max() < 0.2


def test_stripes_of_the_wall_are_no_strands() -> None:
    """Pale ones, as dark as a strand of little alpha: the background varies by as much."""
    alpha, dark = head(), np.where(np.indices((SIDE, SIDE))[1] // 6 % 2, 0.1, -0.1)[..., None]
    striped = find_strands(photo_of(alpha, WALL + dark * (HAIR - WALL), 0), alpha, alpha, np.zeros(alpha.shape, bool))
    assert (above(striped) > 0).mean() < 0.02


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


def test_trust_is_a_share_at_the_strand_and_the_strand_ends_where_it_is_far() -> None:
    alpha = head()
    long = strand(alpha, 60)
    trust = find_strands(photo_of(long), alpha, alpha, np.zeros(alpha.shape, bool))
    assert trust.min() >= 0 and trust.max() <= 1
    assert not trust[alpha > 0.5].any()
    assert trust[int(SIDE / 2 - RADIUS - 10), SIDE // 2] > 0.6
    seen = np.flatnonzero(trust[:, SIDE // 2])
    assert SIDE / 2 - RADIUS - seen.min() == pytest.approx(0.5 * RADIUS, abs=4), "of its length"
    assert np.abs(np.flatnonzero(above(trust).any(0)) - SIDE // 2).max() <= 4, "nothing beside it"
