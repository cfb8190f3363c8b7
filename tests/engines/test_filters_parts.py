"""What the filters are made of, against formulas worked out another way: one pixel at a time, in double precision."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.engines.filters import recipes
from styfie.engines.filters.bilateral import bilateral
from styfie.engines.filters.flow import Flow, along, flow_of, smooth
from styfie.engines.filters.kuwahara import BREADTH, MIDDLE, anisotropic_kuwahara
from styfie.engines.filters.screens import dots, grain, screen
from styfie.engines.filters.xdog import lines_size, sharpened, threshold, xdog

Picture = NDArray[np.float64]


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def ramp(size: int, angle: float) -> Tensor:
    """A wave (1, 1, size, size) that changes along an angle."""
    y, x = torch.meshgrid(torch.arange(size).float(), torch.arange(size).float(), indexing="ij")
    return (0.5 + 0.4 * torch.sin(0.5 * (x * math.cos(angle) + y * math.sin(angle))))[None, None]


@pytest.mark.parametrize("sigma", [0.8, 2.3])
def test_smooth_is_scipys_gaussian(sigma: float) -> None:
    picture = noise(23, 31)
    wanted = ndimage.gaussian_filter(
        picture.double().numpy(), (0, 0, sigma, sigma), mode="nearest", radius=(0, 0, *[math.ceil(2.5 * sigma)] * 2)
    )
    assert np.allclose(smooth(picture, sigma).numpy(), wanted, atol=1e-5)


def test_xdog_is_the_papers_formula() -> None:
    luma = smooth(noise(41, 46, 1), 1.5)
    sigma, gain, level, slope = 1.2, 9.0, 0.45, 5.0

    def blurred(deviation: float) -> Picture:
        found: Picture = ndimage.gaussian_filter(luma[0, 0].double().numpy(), deviation, mode="nearest", truncate=6)
        return found

    values = (1 + gain) * blurred(sigma) - gain * blurred(1.6 * sigma)
    wanted = np.where(values >= level, 1, 1 + np.tanh(slope * (values - level)))
    inner = (..., slice(8, -8), slice(8, -8))  # a border repeated twice is not the same as once
    assert np.abs(sharpened(luma, sigma, gain)[0, 0].numpy() - values)[inner].max() < 0.03
    assert np.abs(xdog(luma, sigma, gain, level, slope)[0, 0].numpy() - wanted)[inner].mean() < 0.02


def test_broad_lines_followed_at_a_smaller_size_are_the_same_and_as_sharp() -> None:
    luma, sigma = smooth(noise(121, 94, 1), 4.0), 2.4
    luma = (luma - luma.min()) / (luma.max() - luma.min())
    size = lines_size((121, 94), sigma)
    assert size == (41, 32) and lines_size((121, 94), 1.4) == (121, 94)
    level = float(luma.median())
    large, small = (xdog(luma, sigma, 20.0, level, 8.0, flow_of(luma, 6.0, one)) for one in ((121, 94), size))
    assert float((large - small).abs().mean()) < 0.06, "lines differ by a tenth of their contrast at most"
    edges = [float((one[..., 1:] - one[..., :-1]).abs().amax()) for one in (large, small)]
    assert edges[1] > 0.8 * edges[0]


def test_threshold_is_paper_above_the_level_and_ink_far_below() -> None:
    values = torch.tensor([-9.0, 0.3, 0.5, 0.7])
    assert threshold(values, 0.5, 10.0).tolist() == pytest.approx([0.0, 1 + math.tanh(-2.0), 1.0, 1.0], abs=1e-6)


def test_a_flat_picture_has_no_lines() -> None:
    assert bool((xdog(torch.full((1, 1, 20, 20), 0.8), level=0.7) == 1).all())


@pytest.mark.parametrize("angle", [0.0, 0.6, math.pi / 2, 2.4])
def test_directions_run_across_the_change(angle: float) -> None:
    flow = flow_of(ramp(48, angle), 2.0)
    inner = (0, slice(None), slice(12, -12), slice(12, -12))
    across = torch.tensor([math.cos(angle), math.sin(angle)])
    assert float((flow.tangent[inner] * across[:, None, None]).sum(0).abs().max()) < 0.05
    assert torch.allclose(flow.tangent.norm(dim=1), torch.ones(1, 48, 48), atol=1e-4)
    assert float(flow.anisotropy[inner].min()) > 0.9


def test_where_nothing_changes_there_is_no_direction_and_none_of_it_is_nan() -> None:
    flow = flow_of(torch.full((1, 3, 16, 16), 0.5), 2.0)
    assert bool(flow.tangent.isfinite().all())
    assert float(flow.anisotropy.max()) == 0


def test_along_a_straight_flow_is_a_gaussian_along_it() -> None:
    picture = noise(9, 61, 1)
    flow = Flow(torch.tensor([1.0, 0.0])[None, :, None, None].expand(1, 2, 9, 61).contiguous(), torch.ones(1, 1, 9, 61))
    found = along(picture, flow, 4.0)
    wanted = ndimage.gaussian_filter1d(picture.double().numpy(), 4.0, axis=3, mode="nearest")
    assert np.abs(found.numpy() - wanted)[..., 8:-8].max() < 0.02
    assert float((picture - found).abs().mean()) > 0.1


def test_bilateral_of_one_row_is_tomasis_and_manduchis_formula() -> None:
    row = noise(1, 17)
    sigma, tonal, reach = 1.5, 0.3, 3
    pixels = row[0, :, 0].double().numpy().T
    wanted = np.zeros_like(pixels)
    for i in range(17):
        near = [min(max(i + d, 0), 16) for d in range(-reach, reach + 1)]
        weights = np.array(
            [
                math.exp(-0.5 * (d / sigma) ** 2 - 0.5 * float(((pixels[j] - pixels[i]) ** 2).sum()) / tonal**2)
                for d, j in zip(range(-reach, reach + 1), near, strict=True)
            ]
        )
        wanted[i] = (weights[:, None] * pixels[near]).sum(0) / weights.sum()
    assert np.allclose(bilateral(row, sigma, tonal)[0, :, 0].numpy().T, wanted, atol=1e-5)


def test_bilateral_flattens_noise_and_keeps_an_edge() -> None:
    clean = torch.zeros(1, 3, 30, 40)
    clean[..., 20:] = 0.8
    found = bilateral(clean + 0.04 * (noise(30, 40) - 0.5), 3.0, 0.15, 2)
    assert float((found - clean).abs().max()) < 0.02
    assert float(found[..., 20].min() - found[..., 19].max()) > 0.75


def test_colours_are_flattened_at_512_pixels_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []

    def look(picture: Tensor, *_: object) -> Tensor:
        seen.append(tuple(picture.shape[-2:]))
        return picture

    monkeypatch.setattr(recipes, "bilateral", look)
    for size in ((300, 700), (512, 200), (40, 60)):
        assert recipes.flattened(torch.rand(1, 3, *size), 1.0).shape[-2:] == size
    assert seen == [(219, 512), (512, 200), (40, 60)]


def test_kuwahara_is_its_formula_pixel_by_pixel() -> None:
    picture = smooth(noise(18, 22), 1.0)
    flow = flow_of(picture, 1.5)
    radius, sharpness = 4.0, 6.0
    found = anisotropic_kuwahara(picture, flow, radius, sharpness)[0].numpy()
    planes = picture[0].double().numpy()

    def blurred(plane: Picture) -> Picture:
        deviation = BREADTH * radius
        result: Picture = ndimage.gaussian_filter(plane, deviation, mode="nearest", radius=math.ceil(2.5 * deviation))
        return result

    means = np.stack([blurred(plane) for plane in planes])
    variance = sum(blurred(plane**2) for plane in planes) - (means**2).sum(0)
    weights = 1 / (1 + (255 * np.sqrt(np.maximum(variance, 0))) ** sharpness)

    def at(plane: Picture, y: float, x: float) -> float:
        value = ndimage.map_coordinates(plane, [[y], [x]], order=1, mode="nearest")
        return float(value[0])

    for y, x in ((5, 7), (9, 12), (12, 6)):
        tx, ty = flow.tangent[0, :, y, x].double().tolist()
        stretch = 1 + float(flow.anisotropy[0, 0, y, x])
        sums, total = np.zeros(3), 0.0
        for n in range(8):
            a = MIDDLE * radius * stretch * math.cos(n * math.pi / 4)
            b = MIDDLE * radius / stretch * math.sin(n * math.pi / 4)
            place = y + a * ty + b * tx, x + a * tx - b * ty
            total += at(weights, *place)
            sums += [at(mean * weights, *place) for mean in means]
        assert found[:, y, x] == pytest.approx(sums / total, abs=2e-3)


def test_kuwahara_keeps_an_edge_where_a_mean_would_not() -> None:
    clean = torch.zeros(1, 3, 40, 40)
    clean[..., 20:, :] = 1.0
    picture = (clean + 0.1 * (noise(40, 40) - 0.5)).clamp(0, 1)
    found = anisotropic_kuwahara(picture, flow_of(picture, 2.0), 6.0)
    assert float((found - clean).abs().mean()) < 0.6 * float((smooth(picture, 1.8) - clean).abs().mean())
    assert float((found[..., 24:36, :] - 1).abs().max()) < 0.06


@pytest.mark.parametrize("amount", [0.1, 0.35, 0.5, 0.8])
def test_dots_cover_what_they_are_asked_to(amount: float) -> None:
    covered = dots(torch.full((1, 1, 120, 120), amount), (120, 120), 8.0, 30.0)
    assert float(covered.mean()) == pytest.approx(amount, abs=0.03)
    assert float(((covered > 0.05) & (covered < 0.95)).float().mean()) < 0.5, "it is ink or paper, hardly between"


def test_a_screen_has_a_dot_each_pitch_along_its_angle() -> None:
    found = screen((64, 64), 16.0, 0.0)[0, 0]
    assert torch.allclose(found[:48, :48], found[16:, 16:], atol=0.02)
    turned = screen((64, 64), 16.0, 90.0)[0, 0]
    assert torch.allclose(found.T, turned.flip(1).T, atol=0.6)


def test_grain_is_even_and_always_the_same() -> None:
    found = grain((90, 70), 2.0, 5)
    assert found is grain((90, 70), 2.0, 5)
    counts = torch.histc(found, 5, 0, 1) / found.numel()
    assert float((counts - 0.2).abs().max()) < 0.03
    hatch = grain((90, 70), 2.0, 5, 0.0, 12.0)[0, 0]
    down, across = (hatch[1:] - hatch[:-1]).abs().mean(), (hatch[:, 1:] - hatch[:, :-1]).abs().mean()
    assert float(across) < 0.4 * float(down), "it is drawn out across"
