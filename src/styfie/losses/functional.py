"""Content, style and smoothness. Every function takes feature maps or pictures (1, C, H, W)."""

from __future__ import annotations

from torch import Tensor


def gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """Gram matrix (C, C) of features (1, C, H, W), divided by the number of positions.

    With a mask (1, 1, H, W) in [0, 1] the positions are weighted by it and the divisor is its sum, so that
    a region's statistics do not depend on how much of the picture it covers. (Gatys et al. 2016; the guided
    Gram matrix of Gatys et al. 2017 multiplies the features by the mask, which weights by its square: ours by
    its square root.)
    """
    # Positions first: a view of channels-last features, and their gradient keeps that layout, which is twice as fast.
    flat = features.float().permute(0, 2, 3, 1).flatten(0, 2)
    if mask is None:
        return flat.T @ flat / len(flat)
    weight = mask.float().flatten()[:, None]
    return flat.T @ (flat * weight) / weight.sum().clamp_min(1e-6)


def relative_gram_loss(found: Tensor, target: Tensor) -> Tensor:
    """|G - A|^2 / |A|^2: 0 when equal, 1 for a black picture.

    Relative per layer, so that no layer needs a weight of its own (Gatys et al. divide by sizes and leave the
    layers' very different magnitudes to hand-set weights).
    """
    return (found - target).square().sum() / target.square().sum().clamp_min(1e-12)


def content_loss(found: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Squared difference of features within a mask (1, 1, H, W), over the variance of the wanted ones there."""
    total = mask.sum().clamp_min(1e-6) * target.shape[1]
    mean = (target * mask).sum((0, 2, 3), keepdim=True) / mask.sum().clamp_min(1e-6)
    variance = ((target - mean).square() * mask).sum() / total
    return ((found.float() - target).square() * mask).sum() / total / variance.clamp_min(1e-6)


def total_variation(picture: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels (the squared form of Mahendran and Vedaldi 2015)."""
    down = (picture[..., 1:, :] - picture[..., :-1, :]).square().mean()
    across = (picture[..., 1:] - picture[..., :-1]).square().mean()
    return down + across
