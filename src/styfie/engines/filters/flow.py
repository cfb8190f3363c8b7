"""Directions of a picture, by its smoothed structure tensor, and smoothing along them.

After Kyprianidis and Döllner (2008), "Image abstraction by structure adaptive filtering". Lengths are in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.images import fit_size, resize

TRUNCATE = 2.5  # standard deviations that a Gaussian reaches
LARGEST = 512  # longest side at which directions are looked for: they vary slowly


def smooth(picture: Tensor, sigma: float) -> Tensor:
    """Gaussian filter of (B, C, H, W) with its border repeated; sums of shifted planes, which processors do best."""
    if sigma < 0.2:
        return picture
    reach = max(1, math.ceil(TRUNCATE * sigma))
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(reach + 1)]
    total = weights[0] + 2 * sum(weights[1:])
    return _shifted(_shifted(picture, weights, total, 2), weights, total, 3)


def _shifted(picture: Tensor, weights: list[float], total: float, dim: int) -> Tensor:
    reach, length = len(weights) - 1, picture.shape[dim]
    padding = (reach, reach, 0, 0) if dim == 3 else (0, 0, reach, reach)
    wide = F.pad(picture, padding, mode="replicate")
    found = wide.narrow(dim, reach, length) * (weights[0] / total)
    for i, weight in enumerate(weights[1:], 1):
        found.add_(wide.narrow(dim, reach - i, length), alpha=weight / total)
        found.add_(wide.narrow(dim, reach + i, length), alpha=weight / total)
    return found


@dataclass(frozen=True, eq=False)
class Flow:
    """Where edges run: `tangent` (1, 2, H, W), right and down, of length 1; `anisotropy` (1, 1, H, W) in [0, 1]."""

    tangent: Tensor
    anisotropy: Tensor


def flow_of(picture: Tensor, sigma: float, size: tuple[int, int] | None = None) -> Flow:
    """The directions of (1, C, H, W), at its own size or another: the tensor of all channels smoothed by `sigma`."""
    return directions(smooth_structure(picture, sigma), size or (picture.shape[-2], picture.shape[-1]))


def smooth_structure(picture: Tensor, sigma: float) -> Tensor:
    """The structure tensor (1, 3, h, w) of (1, C, H, W), smoothed by `sigma`, at `LARGEST` pixels at most."""
    size = (picture.shape[-2], picture.shape[-1])
    small = resize(picture, fit_size(size, min(LARGEST, max(size))))
    return smooth(structure(small), max(0.5, sigma * max(small.shape[-2:]) / max(size)))


def directions(tensor: Tensor, size: tuple[int, int]) -> Flow:
    """The ways of least change of a smoothed structure tensor (1, 3, h, w), at a size."""
    if tensor.shape[-2:] != size:
        tensor = F.interpolate(tensor, size, mode="bilinear", align_corners=False)
    across, both, down = tensor.split(1, 1)
    gap = ((across - down).square() + 4 * both.square()).sqrt_()
    right, low = (gap + down - across) / 2, -both  # the eigenvector of the lesser eigenvalue
    length = (right.square() + low.square()).sqrt_()
    plain = length < 1e-12  # across it all change, or none at all: upright
    low = torch.where(plain, 1.0, low / length.clamp_min(1e-12))
    right = torch.where(plain, 0.0, right / length.clamp_min(1e-12))
    return Flow(torch.cat([right, low], 1), gap / (across + down).clamp_min(1e-6))


def structure(picture: Tensor) -> Tensor:
    """The structure tensor (1, 3, H, W), not smoothed: products xx, xy, yy of Sobel's differences, over channels."""
    wide = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    rows = wide[..., :-2, :] + 2 * wide[..., 1:-1, :] + wide[..., 2:, :]
    columns = wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]
    x, y = (rows[..., 2:] - rows[..., :-2]) / 8, (columns[..., 2:, :] - columns[..., :-2, :]) / 8
    return torch.cat([(a * b).sum(1, keepdim=True) for a, b in ((x, x), (x, y), (y, y))], 1)


@lru_cache(maxsize=2)
def places(size: tuple[int, int], device: torch.device) -> Tensor:
    """The middles of all pixels (1, H, W, 2) as `grid_sample` counts them, right and down in [-1, 1]."""
    y, x = ((torch.arange(n, device=device) + 0.5) * 2 / n - 1 for n in size)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None].contiguous()


def along(picture: Tensor, flow: Flow, sigma: float, step: float = 1.0, rounds: int = 2) -> Tensor:
    """A Gaussian mean of (1, C, H, W) along the streamline through each pixel; `sigma` and `step` in pixels.

    Line integral convolution (Cabral and Leedom 1993), by `rounds` of short straight ways: together they bend.
    """
    height, width = picture.shape[-2:]
    here = places((height, width), picture.device)
    way = flow.tangent.permute(0, 2, 3, 1) * picture.new_tensor([2 / width, 2 / height])
    sigma = sigma / math.sqrt(rounds)
    for _ in range(rounds):
        found, total = picture.clone(), 1.0
        for i in range(1, math.ceil(2 * sigma / step) + 1):
            weight = math.exp(-0.5 * (i * step / sigma) ** 2)
            for far in (i * step, -i * step):
                place = torch.add(here, way, alpha=far)
                there = F.grid_sample(picture, place, padding_mode="border", align_corners=False)
                found.add_(there, alpha=weight)
            total += 2 * weight
        picture = found.div_(total)
    return picture
