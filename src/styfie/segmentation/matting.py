"""From a coarse mask to a matte along the photo's own edges."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.images import resize


def guided_filter(guide: Tensor, target: Tensor, radius: int, epsilon: float) -> tuple[Tensor, Tensor]:
    """Coefficients of the guided filter (He, Sun and Tang 2010) with a colour guide.

    For a guide (1, 3, H, W) and a target (1, 1, H, W) in [0, 1], in windows of 2 * radius + 1 pixels, the matte is
    locally `a . colour + b`; `epsilon` is the colour variance below which an edge is smoothed over.

    Returns:
        a (1, 3, H, W) and b (1, 1, H, W), averaged over the windows; apply them to a guide of any size.
    """
    mean_guide, mean_target = _box(guide, radius), _box(target, radius)
    pairs = (guide[:, :, None] * guide[:, None]).flatten(1, 2)  # (1, 9, H, W)
    spread = _box(pairs, radius) - (mean_guide[:, :, None] * mean_guide[:, None]).flatten(1, 2)
    shared = _box(guide * target, radius) - mean_guide * mean_target  # (1, 3, H, W)
    matrix = spread[0].unflatten(0, (3, 3)).permute(2, 3, 0, 1) + epsilon * torch.eye(3)
    a = torch.linalg.solve(matrix, shared[0].permute(1, 2, 0)).permute(2, 0, 1)[None]
    b = mean_target - (a * mean_guide).sum(1, keepdim=True)
    return _box(a, radius), _box(b, radius)


def refine(coarse: Tensor, photo: Tensor, work: int = 512, radius: float = 12 / 512, epsilon: float = 1e-4) -> Tensor:
    """Bring a coarse matte (1, 1, h, w) to the photo's (1, 3, H, W) resolution along its edges.

    Fast guided filter (He and Sun 2015): coefficients at a longest side of at most `work` pixels, applied to the
    full photo. Only the doubtful band follows the photo: where the network is sure over the whole window, its word
    stands, so that a pattern on the clothes cannot make holes.

    Returns:
        The matte (1, 1, H, W) in [0, 1].
    """
    size = (photo.shape[-2], photo.shape[-1])
    scale = min(1.0, work / max(size))
    small = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    window = max(1, round(radius * max(small)))
    guide, target = resize(photo, small), resize(coarse, small)
    a, b = guided_filter(guide, target, window, epsilon)
    doubt = _box((4 * target * (1 - target)), window)
    a, b, doubt = (F.interpolate(x, size, mode="bilinear", align_corners=False) for x in (a, b, doubt))
    fine = ((a * photo).sum(1, keepdim=True) + b).clamp(0, 1)
    return torch.lerp(resize(coarse, size), fine, (4 * doubt).clamp(0, 1)).clamp(0, 1)


def _box(x: Tensor, radius: int) -> Tensor:
    """Mean over a square window, only over pixels that exist."""
    side = 2 * radius + 1
    return F.avg_pool2d(x, side, 1, radius, count_include_pad=False)
