"""What each region looks like where others share its pixels."""

from __future__ import annotations

import torch
from torch import Tensor


def region_colours(photo: Tensor, alpha: Tensor) -> Tensor:
    """Each region's own colours (R, 3, H, W), for a photo (1, 3, H, W) and a partition `alpha` (R, 1, H, W).

    The photo to the bit where a region's alpha is 1; in soft pixels its estimated colour without the others'.
    """
    from styfie.segmentation.foreground import estimate_foreground

    return torch.cat([estimate_foreground(photo, one[None]) for one in alpha])
