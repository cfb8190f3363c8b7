"""Bilateral filter: means of what is near in place and in colour, so that edges stay.

Tomasi and Manduchi (1998), "Bilateral filtering for gray and color images"; along rows and then along columns, which
for small windows looks the same (Pham and van Vliet 2005, "Separable bilateral filtering").
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 2.0  # standard deviations


def bilateral(picture: Tensor, sigma: float, tonal: float, rounds: int = 1) -> Tensor:
    """(B, 3, H, W) with flat parts flatter: `sigma` in pixels, `tonal` the distance in colour that still counts."""
    for _ in range(rounds):
        picture = _one_way(_one_way(picture, sigma, tonal, 3), sigma, tonal, 2)
    return picture


def _one_way(picture: Tensor, sigma: float, tonal: float, dim: int) -> Tensor:
    reach, length = max(1, math.ceil(REACH * sigma)), picture.shape[dim]
    wide = F.pad(picture, (reach, reach, 0, 0) if dim == 3 else (0, 0, reach, reach), mode="replicate")
    found, total = picture.clone(), torch.ones_like(picture[:, :1])
    for i in (j for j in range(-reach, reach + 1) if j):
        there = wide.narrow(dim, reach + i, length)
        far = (there - picture).square().sum(1, keepdim=True).mul_(-0.5 / tonal**2).sub_(0.5 * (i / sigma) ** 2)
        weight = far.exp_()
        found += weight * there
        total += weight
    return found / total
