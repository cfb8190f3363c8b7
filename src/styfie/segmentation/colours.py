"""What each region looks like where others share its pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from styfie.segmentation.foreground import estimate_foreground


@torch.no_grad()
def region_colours(photo: Tensor, alpha: Tensor) -> Tensor:
    """Each region's own colours (R, 3, H, W), for a photo (1, 3, H, W) and a partition `alpha` (R, 1, H, W).

    The photo to the bit where a region's alpha is 1; in soft pixels its estimated colour without the others', all moved
    by the least amount with which their sum, weighted by alpha, is the photo; it may take them a little beyond [0, 1].
    """
    colours = torch.cat([estimate_foreground(photo, one[None]) for one in alpha])
    missing = photo - (alpha * colours).sum(0, keepdim=True)
    moved = colours + alpha * missing / alpha.square().sum(0, keepdim=True)
    return torch.where(alpha >= 1, photo, moved)
