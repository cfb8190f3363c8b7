"""Where one thing ends in front of another."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.images import fit_size, resize

BORDER_SIZE = 512  # longest side at which they are looked for, in pixels
REACH = 0.008  # half their width, of the longest side
NO_STEP, FULL_STEP = 0.04, 0.1  # jumps of depth that are no border and wholly one


@torch.no_grad()
def depth_borders(depth: Tensor) -> Tensor:
    """Where depth (1, 1, H, W) jumps, as a weight (1, 1, H, W) in [0, 1].

    In a window around each pixel the range of depth is compared with that in one twice as wide: where depth rises
    evenly the second is twice the first, and at a step both are the same. So `2 * near - wide` is the height of a step
    and 0 on ramps, however steep.
    """
    size = (depth.shape[-2], depth.shape[-1])
    small = resize(depth, fit_size(size, min(BORDER_SIZE, max(size))))
    smooth = F.avg_pool2d(F.pad(small, (1, 1, 1, 1), mode="replicate"), 3, 1)  # 8 bits are noisy
    reach = max(3, round(REACH * max(small.shape[-2:])))
    step = 2 * _range(smooth, reach) - _range(smooth, 2 * reach)
    return resize(((step - NO_STEP) / (FULL_STEP - NO_STEP)).clamp(0, 1), size)


def _range(values: Tensor, reach: int) -> Tensor:
    """Largest less smallest value within `reach` pixels."""
    both = torch.cat([values, -values], 1)
    return F.max_pool2d(both, 2 * reach + 1, 1, reach).sum(1, keepdim=True)
