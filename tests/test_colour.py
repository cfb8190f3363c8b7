from __future__ import annotations

import math

import pytest
import torch

from styfie.colour import LUMA, THIN, match_colours, match_histogram, recolour


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
    for color in ("keep", "histogram", "luma"):
        found = recolour(random(12, 0.1, 0.1, 0.1), grey, torch.ones(1, 1, 64, 64), color)
        assert float((found - found.mean(1, keepdim=True)).abs().max()) < 0.02
    assert torch.equal(recolour(grey, grey, torch.ones(1, 1, 64, 64), "style"), grey)


def two_tone(seed: int, low: float, high: float) -> torch.Tensor:
    """A fourth of the pixels around one colour, the rest around another: what mean and covariance cannot tell."""
    fourth = (torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(seed)) < 0.25).float()
    first, second = (torch.tensor(c).view(1, 3, 1, 1) for c in ((low, high, 0.5), (high, 0.4, low)))
    noise = 0.03 * torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(seed + 1))
    return (fourth * first + (1 - fourth) * second + noise).clamp(0, 1)


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """Sliced Wasserstein-2 distance of two pictures' colours, by brute force along 50 directions."""
    directions = torch.randn(3, 50, generator=torch.Generator().manual_seed(1))
    along = [(x.flatten(2)[0].T @ directions / directions.norm(dim=0)).sort(0).values for x in (a, b)]
    return float((along[0] - along[1]).square().mean().sqrt())


def whole(picture: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(picture[:, :1])


def test_histogram_has_the_whole_distribution_where_moments_do_not_suffice() -> None:
    layer, photo = random(13, 0.15, 0.1, 0.05), two_tone(14, 0.2, 0.8)
    photo = photo[..., :64, :64]
    found = recolour(layer, photo, whole(layer), "histogram")
    assert distance(found, photo) < 0.35 * distance(recolour(layer, photo, whole(layer), "keep"), photo)
    for channel in range(3):
        ordered = [x[0, channel].flatten().sort().values for x in (found, photo)]
        assert float((ordered[0] - ordered[1]).abs().mean()) < 0.02, "but for what lies between the two"
    assert torch.equal(found, recolour(layer, photo, whole(layer), "histogram")), "the same every time"


def test_histogram_between_two_gaussians_is_the_linear_map() -> None:
    """The answer in closed form: optimal transport between Gaussians is what `keep` does."""
    layer, photo = random(15, 0.08, 0.05, 0.06), random(16, 0.06, 0.08, 0.04) * 0.9 + 0.05
    found = match_histogram(layer, photo, whole(layer), whole(layer))
    assert float((found - match_colours(layer, photo)).abs().mean()) < 0.01


def test_histogram_of_its_own_palette_changes_little() -> None:
    picture = two_tone(17, 0.1, 0.7)
    found = match_histogram(picture, picture, whole(picture), whole(picture))
    assert float((found - picture).abs().mean()) < 0.005


def test_histogram_counts_by_alpha() -> None:
    """A pixel of alpha 1/3 beside one of alpha 1 counts as one of four."""
    layer = random(18, 0.1, 0.1, 0.1)
    photo, alpha = torch.full((1, 3, 64, 64), 0.2), torch.ones(1, 1, 64, 64)
    photo[..., ::2], alpha[..., ::2] = 0.8, 1 / 3
    found = recolour(layer, photo, alpha, "histogram")
    light = ((found > 0.5).float() * alpha).sum((2, 3)) / alpha.sum()
    assert light[0].tolist() == pytest.approx([0.25] * 3, abs=0.03)


def test_histogram_ignores_what_is_outside() -> None:
    layer, photo = random(19, 0.1, 0.1, 0.1), random(20, 0.05, 0.1, 0.05)
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[..., :32] = 1
    outside = [torch.cat([x[..., :32], 1 - x[..., 32:]], 3) for x in (layer, photo)]
    a, b = recolour(layer, photo, alpha, "histogram"), recolour(outside[0], outside[1], alpha, "histogram")
    assert torch.equal(a[..., :32], b[..., :32])


def test_histogram_stays_calm_on_greys_constants_and_nothing() -> None:
    bright = random(21, 0.1, 0.1, 0.1)
    grey, flat = bright.mean(1, keepdim=True).expand(-1, 3, -1, -1), torch.full((1, 3, 64, 64), 0.4)
    for layer, photo in ((grey, bright), (bright, grey), (flat, bright), (bright, flat), (flat, grey), (flat, flat)):
        assert bool(torch.isfinite(recolour(layer, photo, whole(layer), "histogram")).all())
    assert float((recolour(bright, flat, whole(flat), "histogram") - 0.4).abs().max()) < 0.02
    rounded = flat + (torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2)) - 0.5) / 255
    assert float(recolour(rounded, bright, whole(flat), "histogram").std()) < 0.05, "rounding is not made a pattern"
    assert torch.equal(recolour(bright, flat, 0 * whole(flat), "histogram"), bright)


def test_histogram_makes_no_bands() -> None:
    """A smooth ramp stays smooth: neighbours that were 1/512 apart are nowhere far apart."""
    ramp = torch.linspace(0.2, 0.8, 512).expand(1, 3, 32, 512)
    photo = random(22, 0.1, 0.1, 0.1).repeat(1, 1, 1, 8)[..., :32, :]
    found = recolour(ramp, photo, whole(ramp), "histogram")
    assert float((found[..., 1:] - found[..., :-1]).abs().max()) < 0.03
    assert len(found[0, 1, 0].unique()) > 500


@pytest.mark.parametrize("color", ["keep", "histogram"])
def test_large_pictures_are_counted_on_a_grid_to_the_same_end(color: str) -> None:
    """Colours that differ from pixel to pixel as much as a checkerboard, at a size at which not all are counted."""
    size = 2 * THIN + 10
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    waves = torch.stack([torch.sin(x * math.pi / 7), torch.cos(y * math.pi / 5), torch.sin((x + y) * 1.7)])[None]
    layer, photo = 0.5 + 0.2 * waves, 0.5 + 0.1 * waves.flip(1) - 0.05 * waves
    found = recolour(layer, photo, whole(layer), color)
    for a, b in zip(statistics(found), statistics(photo), strict=True):
        assert torch.allclose(a, b, atol=4e-3)


@pytest.mark.parametrize("color", ["keep", "histogram"])
def test_a_small_region_of_a_large_picture_is_counted_whole(color: str) -> None:
    size = 3 * THIN
    small, palette = random(23, 0.1, 0.1, 0.1)[..., :20, :31], random(24, 0.05, 0.1, 0.02)[..., :20, :31]
    layer, photo, alpha = torch.zeros(1, 3, size, size), torch.ones(1, 3, size, size), torch.zeros(1, 1, size, size)
    place = (..., slice(100, 120), slice(701, 732))
    layer[place], photo[place], alpha[place] = small, palette, 1
    found = recolour(layer, photo, alpha, color)[place]
    for a, b in zip(statistics(found), statistics(palette), strict=True):
        assert torch.allclose(a, b, atol=4e-3)
