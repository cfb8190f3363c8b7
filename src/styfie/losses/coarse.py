"""What a picture half the size has already settled."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def halved(picture: Tensor) -> Tensor:
    """The mean of each 2x2 pixels of (B, C, H, W), of as many as there are at the end of an odd side."""
    return F.avg_pool2d(picture, 2, ceil_mode=True, count_include_pad=False)


@torch.no_grad()
def coarse_slope(picture: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of (halved(picture) - wanted)^2, and its gradient by the picture, without autograd.

    `picture` is (B, C, H, W) and `wanted` half its size, rounded up.
    """
    change = halved(picture) - wanted
    back = torch.ops.aten.avg_pool2d_backward
    gradient: Tensor = back(2 * change, picture, [2, 2], [2, 2], [0, 0], True, False, None)
    return change.square_().sum(), gradient
