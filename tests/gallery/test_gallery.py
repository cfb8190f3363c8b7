"""The gallery's pictures: valid, the same every time and at every size, rich all over, unlike each other."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from styfie.errors import InputError
from styfie.gallery import GALLERY, PAIRS, draw
from tests.gallery.drawings import small, stored

SIDE = 256
every_style = pytest.mark.parametrize("name", GALLERY)


@cache
def picture(name: str, side: int = SIDE) -> NDArray[np.float32]:
    return GALLERY[name].draw(side, side)


def luma(name: str) -> NDArray[np.float32]:
    return picture(name) @ np.array([0.299, 0.587, 0.114], np.float32)


def tiles(plane: NDArray[np.float32], across: int) -> NDArray[np.float32]:
    """(across, across, h, w) from (H, W)."""
    side = len(plane) // across
    return plane.reshape(across, side, across, side).swapaxes(1, 2)


@every_style
@pytest.mark.parametrize("size", [(97, 61), (16, 120)])
def test_any_size_gives_valid_colours(name: str, size: tuple[int, int]) -> None:
    drawn = GALLERY[name].draw(*size)
    assert drawn.shape == (*size, 3)
    assert drawn.dtype == np.float32
    assert np.isfinite(drawn).all()
    assert drawn.min() >= 0
    assert drawn.max() <= 1


@every_style
def test_same_bytes_every_time(name: str) -> None:
    assert GALLERY[name].draw(SIDE // 2, SIDE // 2).tobytes() == picture(name, SIDE // 2).tobytes()


@every_style
def test_same_picture_at_every_size(name: str) -> None:
    half = SIDE // 2
    shrunk = picture(name).reshape(half, 2, half, 2, 3).mean((1, 3))
    assert np.abs(shrunk - picture(name, half)).mean() < 0.06


@every_style
def test_full_range_of_tones(name: str) -> None:
    dark, bright = np.quantile(luma(name), [0.05, 0.95])
    assert bright - dark > 0.4


@every_style
def test_no_part_is_empty(name: str) -> None:
    """Each of 4 × 4 parts varies within neighbourhoods of a sixteenth of the picture, in most of them."""
    local = tiles(luma(name), 16).std((-1, -2))
    assert np.median(tiles(local, 4), axis=(-1, -2)).min() > 0.025


def signature(name: str) -> NDArray[np.float64]:
    """Histogram of colours, 4 × 4 × 4, beside one of the direction and strength of luma's gradient, 8 × 4."""
    bins = (np.minimum(picture(name) * 4, 3).astype(int) @ [16, 4, 1]).ravel()
    down, right = np.gradient(luma(name))
    turn = np.minimum((np.arctan2(down, right) % np.pi) / np.pi * 8, 7).astype(int)
    strength = np.digitize(np.hypot(down, right), [0.02, 0.06, 0.15])
    both = np.bincount(bins, minlength=64), np.bincount((turn * 4 + strength).ravel(), minlength=32)
    return np.concatenate([part / part.sum() for part in both])


def test_no_two_are_alike() -> None:
    alike = {(a, b): np.abs(signature(a) - signature(b)).sum() for a, b in combinations(GALLERY, 2)}
    assert min(alike.values()) > 0.5, min(alike, key=lambda pair: alike[pair])


def test_pairs_are_of_the_gallery() -> None:
    assert PAIRS
    assert all(subject != background and {subject, background} <= set(GALLERY) for subject, background in PAIRS)


def test_draw_gives_a_batch_of_one() -> None:
    drawn = draw("linocut", 48)
    assert drawn.shape == (1, 3, 48, 48)
    assert drawn.dtype == torch.float32
    assert draw("linocut", 32, 48).shape == (1, 3, 32, 48)


def test_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'nihgt'.*night.*linocut"):
        draw("nihgt")


@pytest.mark.parametrize("size", [(8, 64), (64, 15), (0, 0)])
def test_too_small_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="16 pixels"):
        draw("night", *size)


@every_style
def test_a_drawing_is_what_it_was(name: str) -> None:
    """To half a step of 255 in the mean; a stroke's place may be decided otherwise by another processor's rounding."""
    away = np.abs(small(name) - stored()[name])
    assert away.mean() < 0.5 / 255
    assert away.max() < 12 / 255
