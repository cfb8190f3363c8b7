"""Sums over positions against loops over positions, and their gradients against autograd's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.losses.moments import Moments, first_moment, moments, moments_backward, precise, second_moment, weigh


def sample(height: int, width: int, channels: int = 5) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(1, channels, height, width, generator=rng, dtype=torch.float64)
    return features, torch.rand(1, 1, height, width, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize("size", [(3, 4), (1, 1), (40, 60), (70, 71)])
def test_moments_are_sums_over_positions(size: tuple[int, int]) -> None:
    features, mask = sample(*size)
    found = moments(features, mask)
    second, first = torch.zeros(5, 5, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)
    for column, weight in zip(features[0].flatten(1).T, mask.flatten(), strict=True):
        second += weight * torch.outer(column, column)
        first += weight * column
    torch.testing.assert_close(found.second, second)
    torch.testing.assert_close(found.first, first)
    assert float(found.weight) == pytest.approx(float(mask.sum()))
    without = moments(features, mask, mean=False)
    torch.testing.assert_close(without.second, second)
    assert not without.first.any()
    assert float(moments(features, mask, torch.tensor(7.0)).weight) == 7, "the weight is known"


def test_mean_and_covariance_are_those_of_a_sample() -> None:
    features, _ = sample(9, 11)
    found = moments(features, torch.ones(1, 1, 9, 11, dtype=torch.float64))
    flat = features[0].flatten(1)
    torch.testing.assert_close(found.mean, flat.mean(1))
    torch.testing.assert_close(found.covariance, torch.cov(flat, correction=0))
    torch.testing.assert_close(found.gram, flat @ flat.T / 99)
    nothing = Moments(torch.zeros(2, 2), torch.zeros(2), torch.zeros(()))
    assert bool(torch.isfinite(nothing.covariance).all()), "of a region that is nowhere"


@pytest.mark.parametrize("mean", [True, False])
def test_gradients_are_those_of_autograd(mean: bool) -> None:
    features, mask = sample(40, 60)
    features.requires_grad_()
    rng = torch.Generator().manual_seed(1)
    by_second, by_first = torch.randn(5, 5, generator=rng).double(), torch.randn(5, generator=rng).double()

    def loss(second: Tensor, first: Tensor) -> Tensor:
        return (by_second * second).sum() + ((by_first * first).sum() if mean else 0)

    found = moments(features, mask, mean=mean)
    (gradient,) = torch.autograd.grad(loss(found.second, found.first), features)
    flat, weights = features[0].flatten(1), mask.flatten()
    (wanted,) = torch.autograd.grad(loss((flat * weights) @ flat.T, flat @ weights), features)
    torch.testing.assert_close(gradient, wanted)
    pulled = torch.ones_like(features)
    moments_backward(pulled.detach(), weigh(features, mask).detach(), mask, by_second, by_first if mean else None)
    torch.testing.assert_close(pulled - 1, wanted)
    fast = torch.ones_like(features).contiguous(memory_format=torch.channels_last)
    moments_backward(fast, weigh(features, mask).detach(), mask, by_second)
    slow = torch.ones_like(features)
    moments_backward(slow, weigh(features, mask).detach(), mask, by_second)
    torch.testing.assert_close(fast, slow)


def test_half_precision_is_summed_in_float32() -> None:
    features, mask = sample(80, 80)
    half, weights = features.bfloat16(), mask.float()
    weighted = weigh(half, weights)
    assert weighted.dtype == torch.bfloat16 and second_moment(half, weighted).dtype == torch.float32
    exact = weighted.double().T @ half[0].flatten(1).T.double()
    assert float((second_moment(half, weighted) - exact).abs().max() / exact.abs().max()) < 2e-3
    torch.testing.assert_close(first_moment(weighted), weighted.double().sum(0).float(), atol=1e-2, rtol=1e-4)
    assert precise(half).dtype == torch.float32 and precise(features).dtype == torch.float64
