from __future__ import annotations

import torch
from torch import Tensor

from styfie.segmentation.colours import BoundaryColours, region_colours
from styfie.segmentation.foreground import estimate_foreground


def scene() -> tuple[Tensor, Tensor]:
    """A photo and three regions side by side, with soft seams; the third is empty in the upper half."""
    photo = torch.rand(1, 3, 300, 90, generator=torch.Generator().manual_seed(0))
    x = torch.arange(90.0).expand(300, 90)
    first, third = ((30 - x) / 8).clamp(0, 1), ((x - 60) / 8).clamp(0, 1)
    third = torch.cat([torch.zeros_like(third[:150]), third[150:]])
    return photo, torch.stack([first, 1 - first - third, third])[:, None]


def test_colours_sum_up_to_the_photo_by_the_least_movement() -> None:
    photo, alpha = scene()
    found = region_colours(photo, alpha)
    assert torch.allclose((alpha * found).sum(0, keepdim=True), photo, atol=1e-5)
    moved = found - torch.cat([estimate_foreground(photo, one[None]) for one in alpha])
    soft = (alpha > 0.01) & (alpha < 1)
    ratio = (moved / alpha.clamp_min(1e-6))[:2, :, :150]  # the least is along alpha itself: one factor for all regions
    both = (soft[:1] & soft[1:2])[:, :, :150].expand_as(ratio[:1])
    assert torch.allclose(ratio[:1][both], ratio[1:][both], atol=1e-3)


def test_in_soft_pixels_alone_they_are_the_same_but_for_rounding() -> None:
    photo, alpha = scene()
    places, found = BoundaryColours()(photo, alpha)
    soft = ((alpha > 0) & (alpha < 1)).any(0).flatten()
    assert torch.equal(places, soft.nonzero()[:, 0])
    assert float((found - region_colours(photo, alpha).flatten(2)[..., soft]).abs().max()) <= 1.2 / 255
    assert torch.allclose((alpha.flatten(2)[..., places] * found).sum(0), photo[0].flatten(1)[..., places], atol=1e-5)


def test_they_are_found_once_for_the_same_tensors() -> None:
    photo, alpha = scene()
    colours = BoundaryColours()
    first = colours(photo, alpha)
    assert colours(photo, alpha) is first
    assert torch.equal(colours(1 - photo, alpha)[1], BoundaryColours()(1 - photo, alpha)[1])


def test_what_a_file_holds_is_not_found_anew() -> None:
    photo, alpha = scene()
    first, again = BoundaryColours(), BoundaryColours()
    places, colours = first(photo, alpha)
    again.set_inputs(photo, alpha, first.rounded)
    assert torch.equal(again(photo, alpha)[0], places) and torch.equal(again(photo, alpha)[1], colours)
    again.set_inputs(photo, alpha, torch.zeros_like(first.rounded))
    assert not torch.equal(again(photo, alpha)[1], colours), "they are what it was told"
