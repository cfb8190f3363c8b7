from __future__ import annotations

import torch

from styfie.colour import match_colours


def random(seed: int, *scale: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(1, 3, 64, 64, generator=generator) * torch.tensor(scale).view(1, 3, 1, 1)
    return (0.5 + noise).clamp(0, 1)


def statistics(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    flat = picture.flatten(2)[0]
    return flat.mean(1), torch.cov(flat)


def test_takes_mean_and_covariance() -> None:
    found = match_colours(random(0, 0.1, 0.05, 0.02), palette := random(1, 0.03, 0.08, 0.1) * 0.9)
    for a, b in zip(statistics(found), statistics(palette), strict=True):
        assert torch.allclose(a, b, atol=2e-3)


def test_its_own_palette_changes_nothing() -> None:
    picture = random(2, 0.1, 0.1, 0.1)
    assert torch.allclose(match_colours(picture, picture), picture, atol=1e-4)


def test_greys_stay_finite() -> None:
    grey = random(3, 0.1, 0.1, 0.1).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    flat = torch.full((1, 3, 8, 8), 0.5)
    for picture, palette in ((grey, random(4, 0.1, 0.1, 0.1)), (random(4, 0.1, 0.1, 0.1), grey), (flat, grey)):
        assert bool(torch.isfinite(match_colours(picture, palette)).all())


def test_only_the_region_counts() -> None:
    picture, palette = random(5, 0.1, 0.1, 0.1), random(6, 0.05, 0.05, 0.05)
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[..., :32] = 1
    changed = picture.clone()
    changed[..., 32:] = 0
    a, b = match_colours(picture, palette, alpha), match_colours(changed, palette, alpha)
    assert torch.equal(a[..., :32], b[..., :32])
