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

from styfie.engines.filters.flow import Flow, smooth

SECTORS = 8
MIDDLE = 0.62  # of the radius: where a sector's Gaussian stands
BREADTH = 0.3  # of the radius: its standard deviation
LONG = 1.0  # the ellipse's axes are (LONG + anisotropy) / LONG, and its reciprocal


def anisotropic_kuwahara(picture: Tensor, flow: Flow, radius: float, sharpness: float = 8.0) -> Tensor:
    """Paint (1, 3, H, W) in dabs of about `radius` pixels along a flow.

    With mean m and variance s² of each sector, summed over the colours in 255ths, its weight is
    1 / (1 + s^sharpness): where an edge passes through, only the sectors on the pixel's own side count.
    """
    sigma = BREADTH * radius
    mean = smooth(picture, sigma)
    spread = (smooth(picture.square(), sigma) - mean.square()).clamp_min(0).sum(1, keepdim=True)
    weight = 1 / (1 + (255 * spread.sqrt()).pow(sharpness))
    maps = torch.cat([mean * weight, weight], 1)
    height, width = picture.shape[-2:]
    scale = picture.new_tensor([2 / width, 2 / height])
    y, x = torch.meshgrid(
        (torch.arange(height, device=picture.device) + 0.5) * 2 / height - 1,
        (torch.arange(width, device=picture.device) + 0.5) * 2 / width - 1,
        indexing="ij",
    )
    stretch = (LONG + flow.anisotropy) / LONG
    tangent = (flow.tangent * (MIDDLE * radius * stretch)).permute(0, 2, 3, 1) * scale
    normal = torch.cat([-flow.tangent[:, 1:], flow.tangent[:, :1]], 1)
    normal = (normal * (MIDDLE * radius / stretch)).permute(0, 2, 3, 1) * scale
    here, found = torch.stack([x, y], -1)[None], torch.zeros_like(maps)
    for sector in range(SECTORS):
        angle = 2 * math.pi * sector / SECTORS
        place = here + math.cos(angle) * tangent + math.sin(angle) * normal
        found += F.grid_sample(maps, place, mode="nearest", padding_mode="border", align_corners=False)
    return found[:, :3] / found[:, 3:].clamp_min(1e-30)
