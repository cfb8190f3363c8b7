"""The Wasserstein-2 distance of a region's features from a style's, both taken for Gaussians."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from styfie.devices import in_float64
from styfie.losses.moments import TINY, Moments

RIDGE = 1e-3  # added to covariances, as a share of the style's mean square per channel
MIN_RIDGE_FRACTION = 1e-2  # share of the ridge that float32 sums leave of it, at least


class Gaussian(NamedTuple):
    """Of a style, in float64: `mean` (C,), `root` (C, K) of covariance and ridge, `ridge` (), mean square `power`.

    The covariance and ridge are `root @ root.T` in the K directions in which the style varies by more than the ridge:
    in the others it is as good as flat. Where there are fewer positions than channels, K is smaller than C.
    """

    mean: Tensor
    root: Tensor
    ridge: Tensor
    power: Tensor


def _gaussian(sample: Moments) -> tuple[Tensor, Tensor]:
    exact = Moments(*(in_float64(x) for x in sample))  # float32 loses the roots of small eigenvalues
    return exact.mean, exact.covariance


@torch.no_grad()
def wasserstein_target(style: Moments) -> Gaussian:
    """What a style asks for, from its moments."""
    mean, covariance = _gaussian(style)
    power = (covariance.trace() + mean.square().sum()).clamp_min(TINY)
    ridge = RIDGE * power / len(mean)
    values, vectors = torch.linalg.eigh(covariance)
    kept = values >= torch.minimum(ridge, values.amax())
    root = vectors[:, kept] * (values[kept].clamp_min(0) + ridge).sqrt()
    return Gaussian(mean, root, ridge, power)


def wasserstein_loss(sample: Moments, target: Gaussian) -> Tensor:
    """|m - n|^2 + tr A + tr B - 2 tr (R^T A R)^1/2 over the style's mean square, R R^T = B (Olkin and Pukelsheim 1982).

    A small ridge is added to both covariances in the style's directions, which keeps it a distance of Gaussians and its
    gradient finite where a picture is flat or a channel dead. Only eigenvalues are differentiated: equal ones do no
    harm. The moments must be products of float32: in bfloat16 the error of each exceeds the small eigenvalues.
    """
    mean, covariance = _gaussian(sample)
    product = target.root.T @ _lifted(covariance, target.ridge) @ target.root
    shared = torch.linalg.eigvalsh(product).clamp_min((MIN_RIDGE_FRACTION * target.ridge).square()).sqrt().sum()
    spread = covariance.trace() + len(product) * target.ridge + target.root.square().sum() - 2 * shared
    distance: Tensor = (mean - target.mean).square().sum() + spread
    return (distance / target.power).to(sample.second.dtype).to(sample.second.device)  # in turn, as gradients go back


def wasserstein_slope(sample: Moments, target: Gaussian) -> tuple[Tensor, Tensor, Tensor]:
    """`wasserstein_loss`, and its gradients by the second and the first moment.

    With R the style's root and P = R^T A R: d tr P^1/2 = tr(R P^-1/2 R^T dA) / 2. Eigenvalues of P that are lifted to
    the least do not change.
    """
    mean, covariance = _gaussian(sample)
    values, vectors = torch.linalg.eigh(target.root.T @ _lifted(covariance, target.ridge) @ target.root)
    least = (MIN_RIDGE_FRACTION * target.ridge).square()
    roots = values.clamp_min(least).sqrt()
    turned = target.root @ vectors
    by_covariance = -(turned * ((values > least) / roots)) @ turned.T
    by_covariance.diagonal().add_(1)
    away = mean - target.mean
    spread = covariance.trace() + len(values) * target.ridge + target.root.square().sum() - 2 * roots.sum()
    by_mean = 2 * (away - by_covariance @ mean)
    rate = 1 / (target.power * in_float64(sample.weight.clamp_min(1e-6)))
    distance = (away.square().sum() + spread) / target.power
    found = (distance, by_covariance * rate, by_mean * rate)
    return found[0].to(sample.second), found[1].to(sample.second), found[2].to(sample.second)


def _lifted(covariance: Tensor, ridge: Tensor) -> Tensor:
    lifted = covariance.clone()
    lifted.diagonal().add_(ridge)
    return lifted
