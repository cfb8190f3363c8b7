"""Losses that painting networks are taught by, against the engine's own and against what is known of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.encoders import load_encoder
from styfie.encoders.loss_weights import PAINTED
from styfie.engines.measure import Measure
from styfie.engines.objective import TERMS, Objective
from styfie.engines.spread import Goal
from styfie.gallery import draw
from styfie.looks import Look, Style
from styfie.losses import load_loss
from styfie.training.perceptual import (
    Lesson,
    painting_terms,
    patch_distance,
    perceptual_targets,
    pixel_terms,
    style_distance,
    style_targets,
    texture_distance,
    tile_covariances,
)

WHOLE = Lesson(content=PAINTED.content, half=0)


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor, Tensor]:
    """A photo, a style, and a painted picture beyond [0, 1] in places."""
    photo, style = draw("mosaic", 96)[..., :64, :64].clone(), draw("night", 96)[..., :64, :64].clone()
    noise = torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    return photo, style, photo + 0.2 * noise


def test_terms_and_gradient_are_those_of_the_optimising_engine(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    photo, style, painted = pictures
    encoder = load_encoder("styfie-2")
    measure = Measure(encoder, load_loss("wasserstein"), replace(PAINTED, enlarged=9.0, plain=0.0, frame=0.0))
    look = Look((Style("style", style),), likeness=0)
    goal = Goal(torch.ones_like(photo[:, :1]), measure.targets(look, 64, photo.device))
    face = torch.zeros_like(photo[:, :1])
    engine = Objective(photo, [goal], measure, face, measure.contrast_of_styles(look, 64, photo.device))
    values, gradient = engine(painted)
    leaf = painted.clone().requires_grad_()
    terms, _ = painting_terms(encoder, leaf, encoder(photo), perceptual_targets(encoder, style), WHOLE)
    torch.stack(list(terms.values())).sum().backward()
    for name, value in zip(TERMS, values.tolist(), strict=True):
        if name in terms:
            assert float(terms[name].detach()) == pytest.approx(value, rel=0.02), (
                name
            )  # per pixel, and per step between them
    assert leaf.grad is not None
    assert float((leaf.grad - gradient).norm() / gradient.norm()) < 0.01


def test_the_style_itself_is_at_no_distance(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    _, style, painted = pictures
    maps = {"a": style, "b": style[..., ::2, ::2]}
    assert float(style_distance(maps, style_targets(maps))) == pytest.approx(0, abs=1e-3)
    assert float(style_distance({"a": painted, "b": painted[..., ::2, ::2]}, style_targets(maps))) > 0.05


def test_what_is_asked_at_half_the_size_counts_by_its_share(pictures: tuple[Tensor, Tensor, Tensor]) -> None:
    photo, style, painted = pictures
    encoder = load_encoder("styfie-2")
    kept, wanted = encoder(photo), perceptual_targets(encoder, style)
    shares = (0.0, 0.25, 1.0)
    none, some, all_of_it = (
        float(painting_terms(encoder, painted, kept, wanted, replace(WHOLE, half=half))[0]["style"]) for half in shares
    )
    assert some == pytest.approx(0.75 * none + 0.25 * all_of_it, rel=1e-4)
    assert none != pytest.approx(all_of_it, rel=0.01)


def test_pixels_of_a_ramp_that_leaves_the_range() -> None:
    ramp = torch.linspace(0, 2, 9).expand(1, 3, 5, 9)
    terms = pixel_terms(ramp, replace(WHOLE, total_variation=2.0, grain=0.0, range=1.0))
    assert float(terms["smooth"]) == pytest.approx(2 * 0.25**2)
    assert float(terms["range"]) == pytest.approx(sum(x**2 for x in (0.25, 0.5, 0.75, 1.0)) / 9)
    grained = pixel_terms(ramp, replace(WHOLE, total_variation=0.0, grain=1.0))
    assert float(grained["smooth"]) == pytest.approx((3 * 0.25**2 + 0.02**2) ** 0.5 - 0.02, rel=1e-5)


def test_patches_in_another_order_are_the_same_and_relief_is_not() -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    noise = torch.rand(1, 3, 96, 96, generator=generator)
    assert float(patch_distance(noise, noise)) == 0
    other = torch.rand(1, 3, 96, 96, generator=generator)
    near = float(patch_distance(noise, other))
    flat = noise.mean((2, 3), keepdim=True).expand_as(noise)
    assert near < 0.05
    assert float(patch_distance(flat, noise)) == pytest.approx(1, abs=0.1), "all of the style's variance is missing"
    assert float(patch_distance(0.5 + 2 * (noise - 0.5), noise)) == pytest.approx(1, abs=0.15), "twice the relief"
    assert np.isfinite(float(patch_distance(noise, torch.zeros_like(noise))))


def test_texture_is_wanted_in_every_tile() -> None:
    features = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    tiles = tile_covariances(features)
    assert tiles.shape == (16, 4, 4)
    corner = features[0, :, :8, :8].flatten(1)
    assert torch.allclose(tiles[0], torch.cov(corner, correction=0), atol=1e-5)
    even = features[..., :8, :8].repeat(1, 1, 4, 4)
    assert float(texture_distance({"a": even}, {"a": even})) == pytest.approx(0, abs=1e-6)
    assert float(texture_distance({"a": 0 * even + 3}, {"a": even})) == pytest.approx(1), "a bare wall, however bright"
    half = even.clone()
    half[..., :16] = 0.5
    assert float(texture_distance({"a": half}, {"a": even})) == pytest.approx(0.5), "half a bare wall"
    assert tile_covariances(features[..., :5, :9]).shape == (1, 4, 4)
