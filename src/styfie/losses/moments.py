"""Sums over positions from which a region's statistics follow; they add up over tiles."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

CHUNK = 1024  # positions, at least, in a partial product
CHUNKS = 64  # partial products, at most


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


def moments(features: Tensor, mask: Tensor, weight: Tensor | None = None, mean: bool = True) -> Moments:
    """Of features (1, C, H, W), positions weighted by a mask in [0, 1].

    The mask is (1, 1, H, W) with its sum as `weight`, if that is known; or already repeated for all channels and in the
    features' own format, which is faster where it is used again and again, and then `weight` must be given. Without
    `mean` the first moment stays 0: Gram matrices do without, and it costs as much as they.
    """
    total = mask.float().sum() if weight is None else weight
    second, first = _Sums.apply(features, mask, mean)  # type: ignore[no-untyped-call]
    return Moments(second, first, total)


class _Sums(torch.autograd.Function):
    """Weighted second and first moments, in float32 whatever the features are.

    Half-precision features are multiplied as they are, by the processor's own instructions, which sum in float32 but
    round each result: partial products are kept short enough that their float32 sum is as good as exact.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, mask: Tensor, mean: bool) -> tuple[Tensor, Tensor]:
        flat = features.permute(0, 2, 3, 1).flatten(0, 2)
        spread = mask.permute(0, 2, 3, 1).flatten(0, 2).to(flat.dtype)
        weighted = flat * spread
        ctx.save_for_backward(weighted, spread)
        ctx.shape = features.shape
        ctx.set_materialize_grads(False)
        count = max(1, min(CHUNKS, len(flat) // CHUNK))
        even = len(flat) // count * count
        parts = torch.bmm(_chunks(flat[:even], count).mT, _chunks(weighted[:even], count)).float().sum(0)
        if even < len(flat):
            parts = parts + (flat[even:].T @ weighted[even:]).float()
        first = weighted.sum(0, dtype=torch.float32) if mean else parts.new_zeros(len(parts))
        return parts, first

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        weighted, spread = ctx.saved_tensors
        second, first = gradients
        found = torch.zeros_like(weighted) if second is None else weighted @ (second + second.T).to(weighted.dtype)
        if first is not None:
            found = found + spread * first.to(weighted.dtype)
        batch, channels, height, width = ctx.shape
        return found.view(batch, height, width, channels).permute(0, 3, 1, 2), None, None


def _chunks(flat: Tensor, count: int) -> Tensor:
    return flat.view(count, -1, flat.shape[1])
