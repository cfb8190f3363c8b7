"""Anisotropic Kuwahara filter: each pixel gets the mean of the calmest sectors of an ellipse along the form.

Kyprianidis, Kang and Döllner (2009), "Image and video abstraction by anisotropic Kuwahara filtering". Departure: a
sector is a Gaussian around its middle instead of a smoothed slice, as the sectors of Papari, Petkov and Campisi (2007)
nearly are: eight looks at a smoothed picture then do for a pixel, whatever the radius.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.engines.filters.flow import Flow, places, smooth

SECTORS = 8
MIDDLE = 0.62  # of the radius: where a sector's Gaussian stands
BREADTH = 0.3  # of the radius: its standard deviation
FINEST = 1.5  # standard deviation in pixels, at least, where the picture is reduced before it is smoothed


def anisotropic_kuwahara(picture: Tensor, flow: Flow, radius: float, sharpness: float = 8.0) -> Tensor:
    """Paint (1, 3, H, W) in dabs of about `radius` pixels along a flow.

    The ellipse's axes are radius * (1 + anisotropy) and radius / (1 + anisotropy). With standard deviation s of each
    sector, over all colours in 255ths, its weight is 1 / (1 + s^sharpness): where an edge passes through, only the
    sectors on the pixel's own side count.
    """
    maps = sector_maps(picture, BREADTH * radius, sharpness)
    height, width = picture.shape[-2:]
    scale = MIDDLE * radius * picture.new_tensor([2 / width, 2 / height])
    stretch = 1 + flow.anisotropy
    tangent = (flow.tangent * stretch).permute(0, 2, 3, 1) * scale
    normal = (torch.cat([-flow.tangent[:, 1:], flow.tangent[:, :1]], 1) / stretch).permute(0, 2, 3, 1) * scale
    here, found = places((height, width), picture.device), None
    for sector in range(SECTORS):
        angle = 2 * math.pi * sector / SECTORS
        place = torch.add(here, tangent, alpha=math.cos(angle)).add_(normal, alpha=math.sin(angle))
        there = F.grid_sample(maps, place, padding_mode="border", align_corners=False)
        found = there if found is None else found.add_(there)
    assert found is not None
    return found[:, :3] / found[:, 3:]


def sector_maps(picture: Tensor, sigma: float, sharpness: float) -> Tensor:
    """Of the sector around each place its mean times its weight, and its weight (1, 4, h, w); reduced if smooth enough.

    Weights are far apart: they are given a floor, so that there is one everywhere.
    """
    factor = max(1, int(sigma / FINEST))
    both = torch.cat([picture, picture.square().sum(1, keepdim=True)], 1)
    if factor > 1:
        height, width = picture.shape[-2:]
        both = F.interpolate(both, (-(-height // factor), -(-width // factor)), mode="area")
    mean, square = smooth(both, sigma / factor).split([3, 1], 1)
    spread = (square - mean.square().sum(1, keepdim=True)).clamp_min_(0)
    weight = 1 / (1 + (255**2 * spread).pow_(sharpness / 2))
    return torch.cat([mean * weight, weight], 1).add_(1e-30)
