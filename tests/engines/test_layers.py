from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from styfie.engines.layers import compose, extrapolate, group, if_styled, in_style_colours
from styfie.engines.progress import Progress
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings
from tests.engines.conftest import BLUE, RED


@pytest.mark.parametrize("size", [(48, 64), (33, 17), (1, 40)])
def test_colours_are_carried_on_beyond_a_region_and_kept_within(size: tuple[int, int]) -> None:
    photo = torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(0))
    alpha = torch.zeros(1, 1, *size)
    alpha[..., : size[1] // 2] = 1
    found = extrapolate(photo, alpha)
    assert torch.allclose(found[..., : size[1] // 2], photo[..., : size[1] // 2], atol=1e-6)
    other = torch.where(alpha > 0, photo, 1 - photo)
    assert torch.equal(extrapolate(other, alpha), found), "what lies beyond does not count"
    flat = torch.where(alpha > 0, 0.3, photo)
    assert torch.allclose(extrapolate(flat, alpha), torch.full_like(photo, 0.3), atol=1e-5)


def test_carried_on_colours_are_smooth_and_within_those_there_are() -> None:
    photo = torch.rand((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    alpha = torch.ones(1, 1, 64, 64)
    alpha[..., 16:48, 16:48] = 0
    hole = extrapolate(photo, alpha)[..., 20:44, 20:44]
    assert float(hole.min()) >= float(photo.min()) and float(hole.max()) <= float(photo.max())
    assert float(hole.diff(dim=-1).abs().mean()) < 0.1 * float(photo.diff(dim=-1).abs().mean())


def test_a_whole_region_is_the_photo_and_an_empty_one_is_bearable() -> None:
    photo = torch.rand((1, 3, 20, 30), generator=torch.Generator().manual_seed(0))
    assert torch.equal(extrapolate(photo, torch.ones(1, 1, 20, 30)), photo)
    assert bool(torch.isfinite(extrapolate(photo, torch.zeros(1, 1, 20, 30))).all())


LEFT = torch.zeros_like(RED.picture[:, :1])
LEFT[..., :32] = 1


@pytest.mark.parametrize(
    ("other", "layers"),
    [
        (Look((Style("again", RED.picture.clone()),), strength=0.3, color="luma", depth_falloff=0.5, blur=2.0), 1),
        (Look((RED,), likeness=0.6), 2),
        (Look((RED,), stroke=0.9), 2),
        (Look((BLUE,)), 2),
        (Look((RED, BLUE)), 2),
        (Look((Style("heavy", RED.picture, 2.0),)), 2),
        (Look((Style("part", RED.picture, 1.0, LEFT),)), 2),
        (Look((RED,), brush="oil"), 1),
        (Look((Style("trained", RED.picture, network=Path("red.safetensors")),)), 2),
    ],
    ids=["blend", "likeness", "stroke", "style", "one more", "weight", "part of the picture", "brush", "network"],
)
def test_regions_are_one_layer_if_all_that_is_painted_is_alike(halves: Regions, other: Look, layers: int) -> None:
    assert len(group(halves, {"subject": Look((RED,)), "background": other})) == layers


def spread(picture: torch.Tensor) -> torch.Tensor:
    return torch.cov(picture[0].flatten(1))


def test_a_photo_in_the_styles_colours_has_their_mean_and_covariance() -> None:
    generator = torch.Generator().manual_seed(0)
    photo = 0.2 + 0.5 * torch.rand(1, 3, 40, 50, generator=generator)
    palette = Style("a", 0.5 + 0.05 * torch.randn(1, 3, 30, 30, generator=generator))
    found = in_style_colours(photo, torch.ones_like(photo[:, :1]), Look((palette,)))
    assert torch.allclose(found.mean((2, 3)), palette.picture.mean((2, 3)), atol=1e-3)
    assert torch.allclose(spread(found), spread(palette.picture), atol=2e-4)
    both = in_style_colours(photo, torch.ones_like(photo[:, :1]), Look((palette, Style("b", 0 * palette.picture, 3.0))))
    assert torch.allclose(both, found / 4, atol=1e-3), "shares of two styles, of which the second is black"


def test_a_bare_walls_noise_is_not_raised_to_a_drawing() -> None:
    generator = torch.Generator().manual_seed(0)
    wall = 0.6 + 0.004 * torch.randn(1, 3, 40, 50, generator=generator)
    bold = Style("bold", torch.rand(1, 3, 30, 30, generator=generator).round())
    found = in_style_colours(wall, torch.ones_like(wall[:, :1]), Look((bold,)))
    assert float(found.std()) < 15 * float(wall.std()) < 0.1


def test_looks_of_other_content_are_painted_apart() -> None:
    halves = Regions(("a", "b"), torch.full((2, 1, 8, 8), 0.5), (1.0, 1.0))
    assert len(group(halves, {"a": Look((RED,)), "b": Look((RED,))})) == 1
    assert len(group(halves, {"a": Look((RED,)), "b": Look((RED,), content=0.6)})) == 2


def test_an_engine_is_asked_only_where_a_region_has_a_style(halves: Regions) -> None:
    photo, asked = torch.rand(1, 3, 48, 64), []

    @if_styled
    def engine(
        photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings, start: Tensor | None = None
    ) -> Iterator[Progress]:
        """Paint."""
        asked.append(start)
        yield Progress(1, 1, {}, 0.0, photo)

    for looks in ({}, {"hair": Look((RED,))}, {"subject": Look(blur=3.0)}):
        (nothing,) = engine(photo, halves, looks, Settings())
        assert torch.equal(nothing.layers, photo.expand(2, -1, -1, -1)) and not asked
    list(engine(photo, halves, {"subject": Look((RED,))}, Settings(), start=photo))
    assert asked[0] is photo and engine.__doc__ == "Paint.", "with all that it takes besides, and still itself"


def test_layers_are_painted_within_their_bands_and_photo_elsewhere() -> None:
    photo, bands = torch.full((1, 3, 2, 4), 0.5), torch.zeros(2, 1, 2, 4)
    bands[0, ..., :2], bands[1, ..., 3] = 1, 0.5
    found = compose(photo, bands, [(1, torch.ones_like(photo))])
    assert torch.equal(found[0], photo[0]), "no picture of it"
    assert torch.equal(found[1, 0], torch.tensor([[0.5, 0.5, 0.5, 0.75]]).expand(2, -1))
