"""From a photo's features to a style's: the map between two Gaussians that moves features least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from styfie.devices import in_float64
from styfie.losses.moments import Moments

PLAIN = 0.025**2  # mean variance of colours up to which a region is plain
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


def blend(gaussians: Sequence[Gaussian], weights: Sequence[float]) -> Gaussian:
    """Between several, by shares that sum to 1."""
    mean, covariance = (
        torch.stack([share * one for share, one in zip(weights, each, strict=True)]).sum(0)
        for each in zip(*gaussians, strict=True)
    )
    return Gaussian(mean, covariance)


def transport(photo: Gaussian, style: Gaussian, plain: float = 0.0) -> Affine:
    """The optimal transport of one Gaussian to another: A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2 (Olkin and Pukelsheim 1982).

    Whitening and colouring (Li et al. 2017) reaches the same statistics by a longer way; this one keeps content best
    (Lu et al. 2019, "A closed-form solution to universal style transfer"). Of a photo with less than `plain` mean
    variance so much is added that it has that: a bare wall would give its noise all of the style's contrast.
    """
    # In float32 eigenvalues of 256 channels are too coarse: beyond a region pictures came out up to 8/255 otherwise.
    (mean, covariance), (wanted_mean, wanted) = ((in_float64(one) for one in each) for each in (photo, style))
    eye = torch.eye(mean.shape[1], device=mean.device, dtype=mean.dtype)
    mean_variance = covariance.diagonal(dim1=-2, dim2=-1).mean(-1)[:, None, None]
    ridge = (RIDGE * mean_variance + 1e-8).maximum(plain - mean_variance)
    values, vectors = torch.linalg.eigh(covariance + ridge * eye)
    roots = values.clamp_min(1e-10).sqrt()
    root = (vectors * roots[:, None]) @ vectors.mT
    inverse = (vectors / roots[:, None]) @ vectors.mT
    between, axes = torch.linalg.eigh(root @ wanted @ root)
    middle = (axes * between.clamp_min(0).sqrt()[:, None]) @ axes.mT
    matrix = inverse @ middle @ inverse
    offset = wanted_mean - (matrix @ mean[..., None])[..., 0]
    return Affine(matrix.to(photo.mean), offset.to(photo.mean))


def transports(photo: Sequence[Gaussian], style: Sequence[Gaussian], calm: bool = False) -> list[Affine]:
    """Of the colours, which come first, and of the features at each tap.

    `calm` ones take a plain region's contrast no higher than it is: one thing beside another, a sweater beside a robe
    in folds, has less of it, and its grain would be drawn out to glitter.
    """
    floors = [_mean_variance(wanted.covariance) if calm else 0.0 for wanted in style]
    floors[0] = max(floors[0], PLAIN)
    return [transport(*each) for each in zip(photo, style, floors, strict=True)]


def _mean_variance(covariance: Tensor) -> float:
    return float(covariance.diagonal(dim1=-2, dim2=-1).mean())
