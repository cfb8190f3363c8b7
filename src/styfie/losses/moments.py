"""Sums over positions from which a region's statistics follow; they add up over tiles."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

CHUNK = 1024  # positions, at least, in a partial product
CHUNKS = 64  # partial products, at most
TINY = 1e-12  # under divisions, where a style is black


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
    total = precise(mask).sum() if weight is None else weight
    second, first = _Sums.apply(features, mask, mean)  # type: ignore[no-untyped-call]
    return Moments(second, first, total)


def precise(x: Tensor) -> Tensor:
    """In float32, or in float64 if it is that already."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def first_moment(weighted: Tensor) -> Tensor:
    """The sum (C,) of m f, in float32 or better, from what `weigh` gives."""
    return weighted.sum(0, dtype=torch.promote_types(weighted.dtype, torch.float32))


class _Sums(torch.autograd.Function):
    """Weighted second and first moments, in float32 or better whatever the features are."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, mask: Tensor, mean: bool) -> tuple[Tensor, Tensor]:
        weighted = weigh(features, mask)
        ctx.save_for_backward(weighted, mask)
        ctx.shape = features.shape
        ctx.set_materialize_grads(False)
        second = second_moment(features, weighted)
        return second, first_moment(weighted) if mean else second.new_zeros(len(second))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        weighted, mask = ctx.saved_tensors
        batch, channels, height, width = ctx.shape
        found = torch.zeros_like(weighted).view(batch, height, width, channels).permute(0, 3, 1, 2)
        moments_backward(found, weighted, mask, *gradients)
        return found, None, None


def weigh(features: Tensor, mask: Tensor) -> Tensor:
    """Features (1, C, H, W) by position (H * W, C), each times its weight; the mask as `moments` takes it."""
    return _rows(features) * _rows(mask).to(features.dtype)


def second_moment(features: Tensor, weighted: Tensor) -> Tensor:
    """The sum (C, C) of m f f^T, in float32 or better, from features (1, C, H, W) and what `weigh` gives.

    Half-precision features are multiplied as they are, by the processor's own instructions, which sum in float32 but
    round each result: partial products are kept short enough that their float32 sum is as good as exact.
    """
    flat = _rows(features)
    count = max(1, min(CHUNKS, len(flat) // CHUNK))
    even = len(flat) // count * count
    second = precise(torch.bmm(_chunks(flat[:even], count).mT, _chunks(weighted[:even], count))).sum(0)
    return second if even == len(flat) else second + precise(flat[even:].T @ weighted[even:])


def moments_backward(
    gradient: Tensor, weighted: Tensor, mask: Tensor, second: Tensor | None, first: Tensor | None = None
) -> None:
    """Add to a gradient (1, C, H, W) by features, in place, what gradients by `second` (C, C) and `first` (C,) come to.

    `weighted` is what `weigh` gave, and `mask` what it was given.
    """
    places = gradient.permute(0, 2, 3, 1)
    if second is not None:
        both = (second + second.T).to(weighted.dtype)
        if places.is_contiguous() and gradient.dtype == weighted.dtype:  # no map in between
            places.view(-1, len(both)).addmm_(weighted, both)
        else:
            places += (weighted @ both).view(places.shape)
    if first is not None:
        places += mask.permute(0, 2, 3, 1) * first


def _rows(maps: Tensor) -> Tensor:
    return maps.permute(0, 2, 3, 1).flatten(0, 2)


def _chunks(flat: Tensor, count: int) -> Tensor:
    return flat.view(count, -1, flat.shape[1])
