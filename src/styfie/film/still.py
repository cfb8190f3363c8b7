"""Where a scene is still: there a film of an engine whose lines are thresholds keeps what it has drawn, to the bit.

A threshold makes of noise that nobody sees in the clip ink and paper, one frame this and the next frame that. What is
drawn is therefore held until the clip has changed by more than its noise, compared with the frame that it was drawn of
and not with the last one: hysteresis in time, under which nothing that changes slowly is late for long.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.blur import gaussian

NOISE = 0.02  # of a smoothed channel: up to which nothing has changed; what has changed by twice as much is drawn anew
GRAIN = 2.0  # pixels per 512 of the longest side: standard deviation under which changes are noise
REACH = 6.0  # pixels per 512: how far what is drawn at a place depends on what is around it


def still_share(now: Tensor, drawn: Tensor, alpha: Tensor, earlier: Tensor) -> Tensor:
    """How far (1, 1, H, W) in [0, 1] a frame is as it was when something was drawn of it.

    `now` is the frame and `drawn` what was drawn of (1, 3, H, W), `alpha` its regions now and `earlier` (R, 1, H, W).
    """
    unit = max(now.shape[-2:]) / 512
    change = gaussian(now - drawn, max(1.0, GRAIN * unit)).abs().amax(1, keepdim=True)
    change = torch.maximum(change, 0.25 * (alpha - earlier).abs().amax(0, keepdim=True))
    reach = max(1, round(REACH * unit))
    widest = F.max_pool2d(change, (2 * reach + 1, 1), 1, (reach, 0))
    widest = F.max_pool2d(widest, (1, 2 * reach + 1), 1, (0, reach))
    return (2 - widest / NOISE).clamp(0, 1)
