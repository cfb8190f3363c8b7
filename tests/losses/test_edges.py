from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.colour import LUMA, luma_of
from styfie.losses.edges import FLAT, SCALES, UNIT, edge_error, edge_loss, edge_slope, edge_targets, tile_targets


def pictures(height: int = 24, width: int = 32, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    photo, picture = (torch.rand(1, 3, height, width, generator=generator) for _ in range(2))
    return photo, picture, torch.rand(1, 1, height, width, generator=generator)


def by_hand(picture: Tensor, photo: Tensor, weight: Tensor) -> float:
    """The definition in loops over positions, for sides that are multiples of `UNIT`."""
    one, two = ((p[0] * torch.tensor(LUMA).view(3, 1, 1)).sum(0).double() for p in (picture, photo))
    share, total = weight[0, 0].double(), 0.0
    for _ in range(SCALES):
        error = energy = 0.0
        height, width = one.shape
        for y in range(height):
            for x in range(width):
                for v, u in ((y + 1, x), (y, x + 1)):
                    if v < height and u < width:
                        wanted = float(two[v, u] - two[y, x])
                        error += float(share[y, x]) * (float(one[v, u] - one[y, x]) - wanted) ** 2
                        energy += float(share[y, x]) * wanted**2
        total += error / max(energy, FLAT**2 * float(share.sum())) / SCALES
        one, two, share = (
            p.unflatten(0, (height // 2, 2)).unflatten(2, (width // 2, 2)).mean((1, 3)) for p in (one, two, share)
        )
    return total


def test_is_its_definition() -> None:
    photo, picture, weight = pictures(8, 16)
    assert float(edge_loss(picture, photo, weight)) == pytest.approx(by_hand(picture, photo, weight), rel=1e-4)


def test_is_none_for_the_photo_and_one_for_a_flat_picture() -> None:
    photo, _, weight = pictures(33, 47)
    assert float(edge_loss(photo, photo, weight)) == 0
    assert float(edge_loss((photo + 0.3).flip(1), photo.flip(1), weight)) < 1e-9, "brightness is not an edge"
    assert float(edge_loss(torch.full_like(photo, 0.4), photo, weight)) == pytest.approx(1, rel=1e-4)


def test_colours_of_one_luma_are_alike() -> None:
    photo, _, weight = pictures()
    grey = luma_of(photo).expand_as(photo)
    assert float(edge_loss(grey, photo, weight)) < 1e-9


def test_only_what_has_weight_counts() -> None:
    photo, picture, weight = pictures()
    weight[..., 16:] = 0
    changed = picture.clone()
    changed[..., 16 + UNIT :] = 0
    assert torch.equal(edge_loss(changed, photo, weight), edge_loss(picture, photo, weight))
    assert float(edge_loss(picture, photo, torch.zeros_like(weight))) == 0


def test_a_grey_card_does_not_explode() -> None:
    grey, weight = torch.full((1, 3, 16, 16), 0.5), torch.ones(1, 1, 16, 16)
    noise = grey + FLAT * torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    assert 0 < float(edge_loss(noise, grey, weight)) < 5


def test_the_gradient_is_that_of_differences() -> None:
    photo, picture, weight = (p.double() for p in pictures(6, 7))
    targets = edge_targets(photo, weight)
    assert torch.autograd.gradcheck(lambda p: edge_error(p, targets), picture.requires_grad_())


@pytest.mark.parametrize("size", [(24, 32), (37, 50)])
def test_tiles_add_up_to_the_whole(size: tuple[int, int]) -> None:
    photo, picture, weight = (p.double() for p in pictures(*size))
    targets = edge_targets(photo, weight)
    picture.requires_grad_()
    (whole,) = torch.autograd.grad(edge_error(picture, targets), picture)
    total, gradient = 0.0, torch.zeros_like(picture)
    for top in range(0, size[0], 12):
        for left in range(0, size[1], 16):
            own = slice(top, min(top + 12, size[0])), slice(left, min(left + 16, size[1]))
            rows, columns = (
                slice(max(0, one.start - UNIT), min(one.stop + UNIT, end)) for one, end in zip(own, size, strict=True)
            )
            tile = picture[..., rows, columns].detach().requires_grad_()
            error = edge_error(tile, tile_targets(targets, (rows, columns), own))
            total += float(error.detach())
            gradient[..., rows, columns] += torch.autograd.grad(error, tile)[0]
    assert total == pytest.approx(float(edge_error(picture.detach(), targets)), rel=1e-12)
    assert torch.allclose(gradient, whole, rtol=1e-10, atol=1e-15)


def test_tiles_begin_where_pixels_are_pooled() -> None:
    photo, _, weight = pictures()
    part = (slice(2, 12), slice(0, 16))
    with pytest.raises(ValueError, match=str(UNIT)):
        tile_targets(edge_targets(photo, weight), part, part)


@pytest.mark.parametrize("size", [(32, 48), (24, 40)])
def test_the_slope_is_autograds(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    wanted, picture = (torch.rand((1, 3, *size), generator=generator) for _ in range(2))
    weight = torch.rand((1, 1, *size), generator=generator)
    targets = edge_targets(wanted, weight)
    leaf = picture.clone().requires_grad_()
    error = edge_error(leaf, targets)
    (known,) = torch.autograd.grad(error, leaf)
    value, slope = edge_slope(picture, targets)
    assert float(value) == pytest.approx(float(error.detach()), rel=1e-5)
    for channel, share in enumerate(LUMA):
        assert torch.allclose(share * slope, known[:, channel : channel + 1], atol=1e-6)
