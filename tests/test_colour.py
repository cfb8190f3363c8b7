from __future__ import annotations

import torch

from styfie.colour import LUMA, match_colours, recolour


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


def test_keep_has_the_photos_palette_within_the_region() -> None:
    layer, photo = random(7, 0.1, 0.02, 0.05) * 0.8, random(8, 0.03, 0.08, 0.06)
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[..., :32] = 1
    found = recolour(layer, photo, alpha, "keep")
    for a, b in zip(statistics(found[..., :32]), statistics(photo[..., :32]), strict=True):
        assert torch.allclose(a, b, atol=2e-3)


def test_luma_changes_light_and_dark_only() -> None:
    layer, photo = 0.4 + 0.1 * random(9, 0.1, 0.1, 0.1), 0.4 + 0.1 * random(10, 0.1, 0.1, 0.1)
    found = recolour(layer, photo, torch.ones(1, 1, 64, 64), "luma")
    weights = torch.tensor(LUMA).view(1, 3, 1, 1)
    luma = (found * weights).sum(1)
    assert torch.allclose(luma, (layer * weights).sum(1), atol=1e-5)
    assert torch.allclose(found - luma[:, None], photo - (photo * weights).sum(1, keepdim=True), atol=1e-5)


def test_a_grey_photo_gives_grey_paintings_either_way() -> None:
    grey = random(11, 0.1, 0.1, 0.1).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    for color in ("keep", "luma"):
        found = recolour(random(12, 0.1, 0.1, 0.1), grey, torch.ones(1, 1, 64, 64), color)
        assert float((found - found.mean(1, keepdim=True)).abs().max()) < 0.02
    assert torch.equal(recolour(grey, grey, torch.ones(1, 1, 64, 64), "style"), grey)
