"""Colours of one picture moved to those of another."""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)
LEAST = 1e-5  # variance along a colour axis; a grey picture has none there, and dividing by it would explode


def match_colours(
    picture: Tensor, palette: Tensor, alpha: Tensor | None = None, palette_alpha: Tensor | None = None
) -> Tensor:
    """The picture (1, 3, H, W) with the mean and covariance of the palette's colours.

    Statistics are taken within `alpha` (1, 1, H, W) and `palette_alpha`. The map is the optimal transport between
    two Gaussians (Pitié and Kokaram 2007), in RGB; a grey picture or palette leaves the missing axes flat.
    """
    weight = torch.ones_like(picture[:, :1]) if alpha is None else alpha
    palette_weight = torch.ones_like(palette[:, :1]) if palette_alpha is None else palette_alpha
    mean, covariance = _statistics(picture, weight)
    goal_mean, goal = _statistics(palette, palette_weight)
    root, back = _power(covariance, 0.5, LEAST), _power(covariance, -0.5, LEAST)
    transport = back @ _power(root @ goal @ root, 0.5) @ back
    flat = (picture.flatten(2)[0] - mean).double()
    moved = transport @ flat + goal_mean
    return moved.float().view_as(picture).clamp(0, 1)


def recolour(layer: Tensor, photo: Tensor, alpha: Tensor, color: str) -> Tensor:
    """A painted layer (1, 3, H, W) in other colours, as `Look.color` names them.

    `keep` gives it the mean and covariance of the photo's colours within the region `alpha` (1, 1, H, W); `luma` adds
    to the photo what the painting changed in luma alone, the luminance-only transfer of Gatys et al. (2017).
    """
    if color == "keep":
        return match_colours(layer, photo, alpha, alpha)
    if color == "luma":
        change = (layer - photo) * torch.tensor(LUMA, device=photo.device).view(1, 3, 1, 1)
        return (photo + change.sum(1, keepdim=True)).clamp(0, 1)
    return layer


def _statistics(picture: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted mean (3, 1) and covariance (3, 3), in float64."""
    flat, share = picture.double().flatten(2)[0], weight.double().flatten()
    share = share / share.sum().clamp_min(1e-6)
    mean = (flat * share).sum(1, keepdim=True)
    centred = flat - mean
    return mean, (centred * share) @ centred.T


def _power(matrix: Tensor, exponent: float, least: float = 0.0) -> Tensor:
    """A power of a symmetric matrix whose eigenvalues count as `least` at least."""
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = (vectors * values.clamp_min(least) ** exponent) @ vectors.T
    return power
