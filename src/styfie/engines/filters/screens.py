"""Screens of dots as printers have them, and grains of paper and graphite."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

SHADES = 256  # at which the area that a spot function covers is known


def screen(size: tuple[int, int], pitch: float, angle: float) -> Tensor:
    """Thresholds (1, 1, H, W), even in [0, 1], of a screen with dots `pitch` pixels apart, turned by degrees.

    The spot function is the euclidean one: round dots in the light, a chequerboard at half, round holes in the dark.
    """
    height, width = size
    turn = math.radians(angle)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    u = (x * math.cos(turn) + y * math.sin(turn)) * (2 * math.pi / pitch)
    v = (y * math.cos(turn) - x * math.sin(turn)) * (2 * math.pi / pitch)
    spot = (u.cos() + v.cos()) / 4 + 0.5
    return _even()[(spot * (SHADES - 1)).round().long()][None, None]


@lru_cache(maxsize=1)
def _even() -> Tensor:
    """The share of a dot's cell where its spot function is higher than each of `SHADES` values."""
    t = torch.arange(512) / 512 * 2 * math.pi
    spot = ((t.cos()[:, None] + t.cos()) / 4 + 0.5).flatten().sort().values
    places = torch.searchsorted(spot, torch.linspace(0, 1, SHADES), right=True)
    return 1 - places / len(spot)


def dots(amount: Tensor, size: tuple[int, int], pitch: float, angle: float) -> Tensor:
    """Ink (1, 1, H, W) in [0, 1] that covers the share `amount` (1, 1, H, W), in dots with edges of about a pixel."""
    thresholds = screen(size, pitch, angle).to(amount)
    return ((amount - thresholds) * (pitch / 2.2) + 0.5).clamp(0, 1)


@lru_cache(maxsize=16)
def grain(size: tuple[int, int], cell: float, seed: int, angle: float | None = None, long: float = 12.0) -> Tensor:
    """Noise (1, 1, H, W), even in [0, 1], of cells so many pixels wide; `long` times as long along an angle, if any."""
    height, width = size
    diagonal = math.ceil(math.hypot(height, width) / max(cell, 0.5)) + 4
    random = torch.Generator().manual_seed(seed)
    across, down = (diagonal, diagonal) if angle is None else (math.ceil(diagonal / long) + 4, diagonal)
    noise = torch.rand(1, 1, down, across, generator=random)
    turn = math.radians(angle or 0.0)
    y, x = torch.meshgrid(torch.arange(height) + 0.5 - height / 2, torch.arange(width) + 0.5 - width / 2, indexing="ij")
    u = (x * math.cos(turn) + y * math.sin(turn)) / (cell * (1 if angle is None else long))
    v = (y * math.cos(turn) - x * math.sin(turn)) / cell
    place = torch.stack([2 * u / across, 2 * v / down], -1)[None]
    found = F.grid_sample(noise, place, mode="bilinear", padding_mode="reflection", align_corners=False)
    return _ranked(found)


def _ranked(noise: Tensor) -> Tensor:
    """Values made even in [0, 1]: each its rank, by a table."""
    some = noise.flatten()[:: max(1, noise.numel() // 65_536)].sort().values
    return torch.searchsorted(some, noise.flatten()).view_as(noise) / len(some)
