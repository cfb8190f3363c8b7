"""What a scale below has settled: the formula, and a gradient check on odd and even sides."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from styfie.losses.coarse import coarse_slope, halved


def test_halved_is_the_mean_of_blocks_and_of_what_is_left() -> None:
    picture = torch.arange(15.0).view(1, 1, 3, 5)
    expected = [[(0 + 1 + 5 + 6) / 4, (2 + 3 + 7 + 8) / 4, (4 + 9) / 2], [(10 + 11) / 2, (12 + 13) / 2, 14.0]]
    assert torch.allclose(halved(picture)[0, 0], torch.tensor(expected))


@pytest.mark.parametrize("size", [(8, 10), (7, 9)])
def test_the_gradient_is_autograds(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 3, *size, generator=generator, dtype=torch.float64, requires_grad=True)
    wanted = torch.rand(1, 3, -(-size[0] // 2), -(-size[1] // 2), generator=generator, dtype=torch.float64)
    value = (F.avg_pool2d(picture, 2, ceil_mode=True, count_include_pad=False) - wanted).square().sum()
    value.backward()
    error, slope = coarse_slope(picture.detach(), wanted)
    assert float(error) == pytest.approx(float(value.detach()))
    assert picture.grad is not None
    assert torch.allclose(slope, picture.grad)


def test_finer_detail_is_free() -> None:
    picture = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    chequers = 0.1 * (-1.0) ** (torch.arange(8)[:, None] + torch.arange(8))
    error, slope = coarse_slope(picture + chequers, halved(picture))
    assert float(error) == pytest.approx(0, abs=1e-9)
    assert float(slope.abs().max()) < 1e-6
