from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.segmentation import foreground
from styfie.segmentation.foreground import estimate_foreground, estimate_foregrounds, foregrounds_at
from tests.conftest import fingerprint


def scene(side: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Smooth foreground and background colours, a matte with a wide soft edge, and their composite."""
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    fore = torch.stack([0.7 + 0.2 * x, 0.3 + 0.1 * y, 0.2 + 0.1 * x])[None]
    back = torch.stack([0.1 + 0.1 * y, 0.5 + 0.2 * x, 0.7 + 0.2 * y])[None]
    alpha = ((0.35 - ((x - 0.5) ** 2 + (y - 0.5) ** 2).sqrt()) / 0.1 + 0.5).clamp(0, 1)[None, None]
    return alpha * fore + (1 - alpha) * back, alpha, fore, back


def error(found: Tensor, truth: Tensor, alpha: Tensor) -> float:
    """Mean absolute error of the layer's colours in the soft band."""
    return float((alpha * (found - truth).abs())[(alpha.expand_as(found) > 0) & (alpha.expand_as(found) < 1)].mean())


@pytest.mark.parametrize("work", [1024, 64])
def test_smooth_colours_are_found_in_the_soft_band(work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "FOREGROUND_SIZE", work)
    photo, alpha, fore, _ = scene(128)
    found = estimate_foreground(photo, alpha)
    assert error(found, fore, alpha) < 0.1 * error(photo, fore, alpha)


def test_the_rest_of_the_matte_gives_the_background() -> None:
    photo, alpha, _, back = scene(96)
    assert error(estimate_foreground(photo, 1 - alpha), back, 1 - alpha) < 0.015


@pytest.mark.parametrize("work", [1024, 32])
def test_inside_it_is_the_photo_to_the_bit(work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "FOREGROUND_SIZE", work)
    generator = torch.Generator().manual_seed(0)
    photo = torch.rand(1, 3, 70, 51, generator=generator)
    alpha = (3 * torch.rand(1, 1, 70, 51, generator=generator) - 1).clamp(0, 1)
    found = estimate_foreground(photo, alpha)
    inside = (alpha == 1).expand_as(photo)
    assert torch.equal(found[inside], photo[inside])
    assert float(found.min()) >= 0 and float(found.max()) <= 1
    assert torch.equal(found, estimate_foreground(photo, alpha))
    assert torch.equal(estimate_foreground(photo, torch.ones(1, 1, 70, 51)), photo)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 2), (33, 47)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_any_size_and_any_matte(size: tuple[int, int], value: float) -> None:
    photo = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    found = estimate_foreground(photo, torch.full((1, 1, *size), value))
    assert found.shape == photo.shape
    assert bool(torch.isfinite(found).all())


@pytest.mark.parametrize("work", [1024, 100])
def test_one_solution_holds_both_colours_of_a_partition(work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "FOREGROUND_SIZE", work)
    generator = torch.Generator().manual_seed(5)
    photo, first = torch.rand(1, 3, 170, 133, generator=generator), torch.rand(1, 1, 170, 133, generator=generator)
    found = estimate_foregrounds(photo, torch.cat([first, 1 - first]))
    each = torch.cat([estimate_foreground(photo, one) for one in (first, 1 - first)])
    assert torch.allclose(found, each, atol=1e-4)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("work", [1024, 100])
def test_at_some_pixels_it_is_what_it_is_everywhere(work: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "FOREGROUND_SIZE", work)
    generator = torch.Generator().manual_seed(4)
    photo, alpha = torch.rand(1, 3, 170, 233, generator=generator), torch.rand(count, 1, 170, 233, generator=generator)
    places = torch.randint(170 * 233, (40,), generator=generator).sort().values
    alpha = alpha / alpha.sum(0, keepdim=True)
    whole = estimate_foregrounds(photo, alpha).flatten(2)
    assert torch.equal(foregrounds_at(photo, alpha, places), whole[..., places])
    assert foregrounds_at(photo, alpha, places[:0]).shape == (count, 3, 0)


def test_colours_are_parted_as_they_were() -> None:
    """What is blended of a stored painting is what it was, also where the colours of either side are not smooth."""
    photo, alpha, _, _ = scene(96)
    grain = 0.2 * torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    inside = [0.5675, 0.0294, 0.029, 0.5454, 0.5794, 0.5563, 0.5891]
    outside = [0.6141, 0.0437, 0.0437, 0.5681, 0.6062, 0.6214, 0.6606]
    for expected, one in ((inside, alpha), (outside, 1 - alpha)):
        found = estimate_foreground((photo + grain).clamp(0, 1), one)
        assert fingerprint(found) == pytest.approx(expected, abs=5e-4)
