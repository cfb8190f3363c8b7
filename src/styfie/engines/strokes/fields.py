"""What is known of a picture everywhere: along which direction it runs, and what is spread from where it is sure."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.blur import gaussian

PLAIN = 0.7  # contrast, in means of the picture's, at which half of a direction is the place's own


def filled(colours: Tensor, alpha: Tensor) -> Tensor:
    """Colours (1, C, H, W) as they are where alpha (1, 1, H, W) is 1, and elsewhere spread from there.

    By pulling up a pyramid and pushing down again (Gortler et al. 1996): strokes can go on beyond a region's border
    without a rim of what is behind it.
    """
    height, width = alpha.shape[-2:]
    if max(height, width) == 1:
        return colours
    size = (max(1, height // 2), max(1, width // 2))
    weight = F.interpolate(alpha, size, mode="area")
    coarse = F.interpolate(colours * alpha, size, mode="area") / weight.clamp_min(1e-6)
    around = filled(torch.where(weight > 1e-6, coarse, 0), weight.clamp(0, 0.25) * 4)
    around = F.interpolate(around, (height, width), mode="bilinear", align_corners=False)
    return torch.lerp(around, colours, alpha)


def directions(picture: Tensor, deviation: float) -> Tensor:
    """The direction (H, W), in radians, along which a picture (1, 3, H, W) changes least.

    From the structure tensor, smoothed over `deviation` pixels. Where hardly anything is to be seen, directions are
    spread from the contours around: there grain would lay strokes in all directions, and so they flow around a figure.
    """
    smooth = gaussian(picture, 1.0)
    dx = F.pad(smooth[..., 2:] - smooth[..., :-2], (1, 1, 0, 0))
    dy = F.pad(smooth[..., 2:, :] - smooth[..., :-2, :], (0, 0, 1, 1))
    xx, xy, yy = gaussian(torch.stack([(dx * dx).sum(1), (dx * dy).sum(1), (dy * dy).sum(1)], 1), deviation)[0]
    turned = torch.stack([xx - yy, 2 * xy])[None]  # twice the angle: opposite gradients are one direction
    length = turned.norm(dim=1, keepdim=True).clamp_min(1e-12)
    contrast = length.sqrt()
    own = contrast.square() / (contrast.square() + (PLAIN * contrast.mean()).square())
    across = filled(turned / length, own)[0]
    return torch.atan2(across[1], across[0]) / 2 + math.pi / 2
