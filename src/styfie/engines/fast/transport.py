"""From a photo's features to a style's: the map between two Gaussians that moves features least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from styfie.losses import Moments

RIDGE = 3e-3  # added to the photo's variances, as a share of their mean: what is hardly there is not blown up


class Gaussian(NamedTuple):
    """Of features: `mean` (B, C) and `covariance` (B, C, C)."""

    mean: Tensor
    covariance: Tensor


class Affine(NamedTuple):
    """What is done to features: `matrix` (B, C, C) and then `offset` (B, C)."""

    matrix: Tensor
    offset: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Of features (B, C, H, W), in their own precision."""
        flat = features.permute(0, 2, 3, 1).flatten(1, 2)
        matrix, offset = self.matrix.mT.to(flat.dtype), self.offset[:, None].to(flat.dtype)
        moved = torch.baddbmm(offset, flat, matrix)
        height, width = features.shape[-2:]
        return moved.view(len(moved), height, width, -1).permute(0, 3, 1, 2)


def gaussian(features: Tensor) -> Gaussian:
    """Of each picture's features (B, C, H, W) over all positions, in float32."""
    flat = features.permute(0, 2, 3, 1).flatten(1, 2).float()
    mean = flat.mean(1)
    return Gaussian(mean, flat.mT @ flat / flat.shape[1] - mean[:, :, None] * mean[:, None])


def gaussian_of(moments: Moments) -> Gaussian:
    """Of sums over a region's positions."""
    return Gaussian(moments.mean[None], moments.covariance[None])


def blend(gaussians: Sequence[Gaussian], shares: Sequence[float]) -> Gaussian:
    """Between several, by shares that sum to 1."""
    mean, covariance = (
        torch.stack([share * one for share, one in zip(shares, each, strict=True)]).sum(0)
        for each in zip(*gaussians, strict=True)
    )
    return Gaussian(mean, covariance)


def transport(photo: Gaussian, style: Gaussian) -> Affine:
    """The optimal transport of one Gaussian to another: A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2 (Olkin and Pukelsheim 1982).

    Whitening and colouring (Li et al. 2017) reaches the same statistics by a longer way; this one keeps content best
    (Lu et al. 2019, "A closed-form solution to universal style transfer").
    """
    eye = torch.eye(photo.mean.shape[1], device=photo.mean.device)
    mean_variance = photo.covariance.diagonal(dim1=-2, dim2=-1).mean(-1)[:, None, None]
    values, vectors = torch.linalg.eigh(photo.covariance + (RIDGE * mean_variance + 1e-8) * eye)
    roots = values.clamp_min(1e-10).sqrt()
    root = (vectors * roots[:, None]) @ vectors.mT
    inverse = (vectors / roots[:, None]) @ vectors.mT
    between, axes = torch.linalg.eigh(root @ style.covariance @ root)
    middle = (axes * between.clamp_min(0).sqrt()[:, None]) @ axes.mT
    matrix = inverse @ middle @ inverse
    return Affine(matrix, style.mean - (matrix @ photo.mean[..., None])[..., 0])
