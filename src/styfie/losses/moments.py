"""Sums over positions from which a region's statistics follow; they add up over tiles."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Moments(NamedTuple):
    """Of features f with weights m: `second` (C, C), the sum of m f f^T; `first` (C,), of m f; `weight` (), of m."""

    second: Tensor
    first: Tensor
    weight: Tensor

    @property
    def gram(self) -> Tensor:
        """The Gram matrix (C, C) per position: a region's size does not matter."""
        return self.second / self.weight.clamp_min(1e-6)

    @property
    def mean(self) -> Tensor:
        """Mean (C,)."""
        return self.first / self.weight.clamp_min(1e-6)

    @property
    def covariance(self) -> Tensor:
        """Covariance (C, C)."""
        return self.gram - self.mean[:, None] * self.mean


def moments(features: Tensor, mask: Tensor) -> Moments:
    """Of features (1, C, H, W), positions weighted by a mask (1, 1, H, W) in [0, 1]."""
    flat, weight = features.float().permute(0, 2, 3, 1).flatten(0, 2), mask.float().flatten()[:, None]
    weighted = flat * weight
    return Moments(flat.T @ weighted, weighted.sum(0), weight.sum())
