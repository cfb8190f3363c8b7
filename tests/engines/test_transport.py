"""The map between two Gaussians: it arrives, it is the optimal one, and it is known for one channel."""

from __future__ import annotations

import pytest
import torch

from styfie.engines.fast.transport import PLAIN, RIDGE, Gaussian, blend, gaussian, gaussian_of, transport, transports
from styfie.losses.moments import moments


def cloud(seed: int, channels: int = 6, spread: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn((channels, channels), generator=generator)
    noise = torch.randn((1, channels, 40, 50), generator=generator)
    return spread * torch.einsum("dc,bchw->bdhw", mix, noise) + torch.randn((1, channels, 1, 1), generator=generator)


def test_statistics_are_numpys() -> None:
    features = cloud(0)
    mean, covariance = gaussian(features)
    flat = features[0].flatten(1)
    assert torch.allclose(mean[0], flat.mean(1), atol=1e-5)
    assert torch.allclose(covariance[0], torch.cov(flat, correction=0), atol=1e-4)


def test_statistics_of_a_region_are_of_its_positions() -> None:
    features, mask = cloud(1), torch.zeros(1, 1, 40, 50)
    mask[..., 10:20, 5:30] = 1
    found = gaussian_of(moments(features, mask))
    known = gaussian(features[..., 10:20, 5:30])
    assert torch.allclose(found.mean, known.mean, atol=1e-4)
    assert torch.allclose(found.covariance, known.covariance, atol=1e-3)


def test_moved_features_have_the_styles_statistics() -> None:
    photo, style = cloud(2), cloud(3, spread=2.0)
    moved = gaussian(transport(gaussian(photo), gaussian(style))(photo))
    wanted = gaussian(style)
    assert torch.allclose(moved.mean, wanted.mean, atol=1e-3)
    error = (moved.covariance - wanted.covariance).norm() / wanted.covariance.norm()
    assert float(error) < 5 * RIDGE


def test_the_map_is_symmetric_and_so_the_gradient_of_a_convex_function() -> None:
    """Brenier (1991): of all maps with this result only that one moves features least."""
    matrix = transport(gaussian(cloud(4)), gaussian(cloud(5))).matrix[0]
    assert torch.allclose(matrix, matrix.T, atol=1e-4)
    assert float(torch.linalg.eigvalsh(matrix).min()) > 0


def test_one_channel_is_scaled_and_shifted() -> None:
    photo = Gaussian(torch.tensor([[2.0]]), torch.tensor([[[4.0]]]))
    style = Gaussian(torch.tensor([[-1.0]]), torch.tensor([[[9.0]]]))
    affine = transport(photo, style)
    assert float(affine.matrix) == pytest.approx(1.5 / (1 + RIDGE) ** 0.5, rel=1e-3)
    assert float(affine(torch.full((1, 1, 1, 1), 2.0))) == pytest.approx(-1.0, abs=1e-4)


def test_a_flat_photo_does_not_blow_up() -> None:
    flat = torch.full((1, 6, 8, 8), 0.3)
    moved = transport(gaussian(flat), gaussian(cloud(6)))(flat)
    assert torch.isfinite(moved).all()
    assert torch.allclose(moved.mean((2, 3)), gaussian(cloud(6)).mean, atol=0.05)


def test_a_blend_of_one_is_itself_and_lies_between_two() -> None:
    a, b = gaussian(cloud(7)), gaussian(cloud(8))
    assert torch.equal(blend([a], [1.0]).covariance, a.covariance)
    assert torch.allclose(blend([a, b], [0.25, 0.75]).mean, 0.25 * a.mean + 0.75 * b.mean)


def test_a_plain_region_is_not_given_all_of_the_contrast() -> None:
    eye = torch.eye(3)[None]
    wall, lively = (Gaussian(torch.full((1, 3), 0.5), variance * eye) for variance in (1e-6, 0.05))
    style = Gaussian(torch.full((1, 3), 0.5), 0.04 * eye)
    (bare, *_), (full, *_) = (transports([one], [style]) for one in (wall, lively))
    gain = (0.04 / PLAIN) ** 0.5
    assert torch.allclose(bare.matrix, gain * eye, rtol=1e-3)
    assert torch.allclose(full.matrix, transport(lively, style).matrix)
    assert torch.allclose(transport(wall, style).matrix, 200 * eye, rtol=0.02), "as features have it"


def test_a_calm_transport_amplifies_no_plain_region() -> None:
    """A photo with a hundredth of the style's variance has no more afterwards; one with as much is moved as ever."""
    photo, style = cloud(6, spread=0.1), cloud(7)

    def spread_of(picture: torch.Tensor) -> float:
        return float(picture.var(dim=(2, 3)).mean())

    plain, calm = (transports([gaussian(photo)], [gaussian(style)], one)[0](photo) for one in (False, True))
    assert spread_of(plain) > 30 * spread_of(photo)
    assert spread_of(calm) < 2.5 * spread_of(photo)
    assert torch.allclose(calm.mean((2, 3)), style.mean((2, 3)), atol=1e-3), "its colours are the style's"
    lively = cloud(6, spread=3.0)
    moved = [transports([gaussian(lively)], [gaussian(style)], one)[0](lively) for one in (False, True)]
    assert torch.allclose(*moved, atol=1e-4)
