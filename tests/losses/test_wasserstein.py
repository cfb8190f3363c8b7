from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from styfie.losses import load_loss
from styfie.losses.moments import Moments, moments
from styfie.losses.wasserstein import RIDGE
from tests.losses.test_style import distance, noise


def gaussian(mean: Tensor, covariance: Tensor, weight: float = 10.0) -> Moments:
    return Moments(weight * (covariance + mean[:, None] * mean), weight * mean, torch.tensor(weight))


def wasserstein(found: Moments, style: Moments) -> float:
    loss = load_loss("wasserstein")
    return float(loss.measure(found, loss.prepare(style)))


def test_wasserstein_of_numbers() -> None:
    """In one dimension it is (m - n)^2 + (s - t)^2."""
    for m, n, s, t in ((1.0, -2.0, 0.5, 1.5), (0.0, 3.0, 2.0, 0.1), (1.0, 1.0, 0.0, 1.0)):
        found = wasserstein(*(gaussian(torch.tensor([a]), torch.tensor([[b * b]])) for a, b in ((m, s), (n, t))))
        ridge = RIDGE * (n * n + t * t)
        wanted = (m - n) ** 2 + (math.sqrt(s * s + ridge) - math.sqrt(t * t + ridge)) ** 2
        assert found == pytest.approx(wanted / (n * n + t * t), rel=1e-5)
        assert found == pytest.approx(((m - n) ** 2 + (s - t) ** 2) / (n * n + t * t), abs=0.07)


def test_wasserstein_of_two_dimensions() -> None:
    """There tr (AB)^1/2 = (tr AB + 2 (det A det B)^1/2)^1/2."""
    for seed in range(5):
        roots, means = noise(2, 2, 2, seed=seed).double(), noise(2, 2, seed=seed + 10).double()
        a, b = roots @ roots.mT
        power = b.trace() + means[1].square().sum()
        found = wasserstein(gaussian(means[0], a), gaussian(means[1], b))
        a, b = (x + RIDGE / 2 * power * torch.eye(2) for x in (a, b))
        shared = ((a @ b).trace() + 2 * (a.det() * b.det()).sqrt()).sqrt()
        wanted = (means[0] - means[1]).square().sum() + a.trace() + b.trace() - 2 * shared
        assert found == pytest.approx(float(wanted / power), rel=1e-8)


def test_wasserstein_does_not_mind_rotation_and_sees_correlation() -> None:
    turn = torch.linalg.qr(noise(3, 3).double())[0]
    a, b = torch.diag(torch.tensor([4.0, 1, 0.2])).double(), torch.diag(torch.tensor([1.0, 2, 3])).double()
    m, n = noise(2, 3).double()
    turned = wasserstein(gaussian(turn @ m, turn @ a @ turn.T), gaussian(turn @ n, turn @ b @ turn.T))
    assert turned == pytest.approx(wasserstein(gaussian(m, a), gaussian(n, b)), rel=1e-9)
    assert wasserstein(gaussian(m, turn @ b @ turn.T), gaussian(m, b)) > 0.01


@pytest.mark.parametrize("channels", [6, 40])
def test_wassersteins_gradient_is_right_where_covariances_are_nearly_singular(channels: int) -> None:
    """Fewer positions than channels, a dead channel, and two that are the same but for a millionth."""
    found, style = noise(1, channels, 2, 2).double(), noise(1, channels, 2, 3, seed=1).double()
    for x in (found, style):
        x[:, 0] = 0
        x[:, 1] = x[:, 2] * (1 + 1e-6)
    assert torch.autograd.gradcheck(lambda x: distance("wasserstein", x, style), found.requires_grad_(), eps=1e-7)


def test_wasserstein_is_searched_in_the_directions_in_which_a_style_varies() -> None:
    generator = torch.Generator().manual_seed(3)
    few = torch.randn(1, 24, 3, 3, generator=generator, dtype=torch.float64)  # nine positions: eight directions
    mask = torch.ones(1, 1, 3, 3, dtype=torch.float64)
    target = load_loss("wasserstein").prepare(moments(few, mask))
    assert target.root.shape == (24, 8)
    centred = (few - few.mean((2, 3), keepdim=True)).flatten(2)[0]
    missed = centred @ centred.T / 9 - target.root @ target.root.T
    assert missed.abs().max() < 2 * target.ridge
    flat = load_loss("wasserstein").prepare(moments(torch.zeros_like(few), mask))
    assert flat.root.shape[0] == 24 and flat.root.shape[1] > 0 and flat.root.isfinite().all()


def test_wasserstein_in_float32_is_near_the_truth_of_many_channels() -> None:
    spectrum = torch.logspace(0, -4, 128)[:, None, None]
    found, style = noise(1, 128, 20, 20) * spectrum, (noise(1, 128, 20, 20, seed=1) * spectrum).roll(1, 1) + 0.1
    wanted = float(distance("wasserstein", found.double(), style.double()))
    assert float(distance("wasserstein", found, style)) == pytest.approx(wanted, rel=1e-4)
