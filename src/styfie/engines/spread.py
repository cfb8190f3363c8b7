"""Where in a layer its style is asked for: everywhere, and in what is plain in the photo above all.

Statistics of a whole layer are content with motifs where the photo has something to hang them on, and leave its skies,
walls and fur empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import luma_of
from styfie.engines.measure import Targets
from styfie.images import resize

SEEN = 512  # pixels of the longer side at which plain and busy are told apart, at most
FINE, WIDE = 32, 16  # parts of the longer side: what is finer is contrast, and within what it is averaged
CONTRAST = 0.04  # deviation of luma at which a place is half plain
WINDOWS = 3  # along each side
ENOUGH = 0.3  # of the fullest window, what another holds of the layer if it is asked by itself


class Goal(NamedTuple):
    """A region (1, 1, H, W) of the picture, and what its style asks for."""

    alpha: Tensor
    targets: Targets


def emphasised(goals: Sequence[Goal], photo: Tensor, plain: float, face: Tensor) -> tuple[list[Goal], Tensor]:
    """The goals, and all their alphas (1, 1, H, W) together for the content: plain places counted more than busy ones.

    What is plain in the photo (1, 3, H, W) counts 1 + `plain` times as much. A `face` (1, 1, H, W) is to stay itself:
    its features, which are busy, count more for the content, and its skin, which is plain, less for the style.
    """
    together = torch.stack([goal.alpha for goal in goals]).sum(0).clamp(max=1)
    if not plain:
        return list(goals), together
    found = plainness(photo)
    style, content = ((1 + plain * counted) / (1 + plain) for counted in (found * (1 - face), found.maximum(face)))
    return [Goal(alpha * style, targets) for alpha, targets in goals], together * content


def with_windows(goals: Sequence[Goal], share: float) -> list[Goal]:
    """The goals, a share of what each weighs asked of parts of the picture by themselves."""
    return [one for goal in goals for one in _with_windows(goal, share)] if share else list(goals)


def plainness(photo: Tensor) -> Tensor:
    """How plain the photo (1, 3, H, W) is around each pixel: (1, 1, H, W) in [0, 1], by its local contrast of luma."""
    longest = max(photo.shape[-2:])
    size = (photo.shape[-2], photo.shape[-1])
    if longest > SEEN:
        small = (max(1, size[0] * SEEN // longest), max(1, size[1] * SEEN // longest))
        return resize(plainness(resize(photo, small)), size)
    shade = luma_of(photo)
    contrast = _blurred(shade - _blurred(shade, longest // FINE), longest // WIDE, square=True)
    return 1 / (1 + contrast / CONTRAST**2)


def _blurred(x: Tensor, width: int, square: bool = False) -> Tensor:
    """A map, or its square, averaged twice over a box about so wide, an odd number of pixels and 3 at least."""
    odd = max(3, width) // 2 * 2 + 1
    x = x.square() if square else x
    for _ in range(2):
        x = F.avg_pool2d(x, odd, 1, odd // 2, count_include_pad=False)
    return x


def _with_windows(goal: Goal, share: float) -> list[Goal]:
    """A goal, and with a share of what it weighs the same asked of each window that holds enough of it."""
    masks = [goal.alpha * window for window in _windows(goal.alpha)]
    held = torch.stack([mask.sum() for mask in masks])
    kept = [mask for mask, enough in zip(masks, (held > ENOUGH * held.max()).tolist(), strict=True) if enough]
    if len(kept) < 2:
        return [goal]
    each = share / len(kept)
    return [_weighted(goal, 1 - share)] + [_weighted(Goal(mask, goal.targets), each) for mask in kept]


def _windows(like: Tensor) -> list[Tensor]:
    """Windows (H, W) that overlap by half, and together are 1 everywhere."""
    rows, columns = (_hats(size, like) for size in like.shape[-2:])
    return [row[:, None] * column for row in rows for column in columns]


def _hats(size: int, like: Tensor) -> Tensor:
    """Linear rises and falls (WINDOWS, size) along one side."""
    place = (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) / size * (WINDOWS - 1)
    middle = torch.arange(WINDOWS, device=like.device, dtype=like.dtype)
    return (1 - (place - middle[:, None]).abs()).clamp_min(0)


def _weighted(goal: Goal, factor: float) -> Goal:
    """A goal of which everything weighs a factor of what it did."""
    return Goal(goal.alpha, {tap: [(factor * w, one) for w, one in found] for tap, found in goal.targets.items()})
