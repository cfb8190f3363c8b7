"""Motion between frames: a known shift is found, and what was hidden is not trusted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from styfie.film.flow import carry, motion_between

pytest.importorskip("cv2")


def texture(height: int, width: int, seed: int = 0) -> Tensor:
    noise = np.random.default_rng(seed).random((3, height, width))
    smooth = ndimage.gaussian_filter(noise, (0, 3, 3))
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return torch.from_numpy(smooth.astype(np.float32))[None]


def test_a_shift_is_found() -> None:
    wide = texture(96, 128)
    before, now = wide[..., 10:106], wide[..., 6:102]  # what is seen moves 4 pixels to the right
    motion = motion_between(now, before)
    x = motion.where[16:-16, 16:-16, 0] - np.arange(96)[None, 16:-16]
    assert abs(float(np.median(x)) + 4) < 0.3
    assert float(motion.trust[..., 16:-16, 16:-16].mean()) > 0.8
    carried = carry(before, motion)
    inside = (..., slice(16, -16), slice(16, -16))
    assert float((carried - now)[inside].abs().mean()) < 0.25 * float((before - now)[inside].abs().mean())


def test_no_motion_keeps_every_pixel() -> None:
    frame = texture(64, 80)
    motion = motion_between(frame, frame)
    assert float((carry(frame, motion) - frame).abs().max()) < 0.02
    assert float(motion.trust.min()) > 0.9


def test_another_scene_is_not_trusted() -> None:
    motion = motion_between(texture(96, 96, 1), texture(96, 96, 2))
    assert float(motion.trust.mean()) < 0.4


def test_what_was_hidden_is_not_trusted() -> None:
    """A square that moves away uncovers what no frame has shown before."""
    ground, square = 0.3 * texture(96, 96, 3), 0.5 + 0.5 * texture(40, 40, 4)
    before, now = ground.clone(), ground.clone()
    before[..., 28:68, 20:60] = square
    now[..., 28:68, 28:68] = square
    trust = motion_between(now, before).trust
    uncovered, on_square = trust[..., 34:62, 21:27], trust[..., 34:62, 36:60]
    assert float(uncovered.mean()) < 0.5 * float(on_square.mean())


@pytest.mark.parametrize("size", [(1, 1), (2, 320), (320, 2), (8, 300), (15, 320), (11, 11)])
def test_strips_too_narrow_for_the_finder_stay_where_they_are(size: tuple[int, int]) -> None:
    frame = texture(320, 320)[..., : size[0], : size[1]].contiguous()
    motion = motion_between(frame, frame)
    assert motion.where.shape == (*size, 2)
    assert float((carry(frame, motion) - frame).abs().max()) < 0.02


def test_motion_is_found_as_it_was() -> None:
    from tests.conftest import fingerprint

    wide = texture(96, 128)
    before, now = wide[..., 10:106], (wide[..., 6:102] + 0.1 * texture(96, 96, 7)).clamp(0, 1)
    motion = motion_between(now, before)
    assert fingerprint(carry(before, motion)) == pytest.approx(
        [0.4926, 0.0208, 0.0222, 0.5027, 0.4721, 0.5105, 0.4851], abs=2e-3
    )
    assert fingerprint(motion.trust) == pytest.approx([0.4977, 0.018, 0.0176, 0.492, 0.5196, 0.4748, 0.5042], abs=1e-2)
