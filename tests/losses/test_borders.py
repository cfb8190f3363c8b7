from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.losses.borders import MIN_STEP, REACH, border_error, border_targets, tile_borders


def scene(near: float = 0.3, far: float = 0.7, size: tuple[int, int] = (32, 48)) -> tuple[Tensor, Tensor, Tensor]:
    """A near square of one grey before a wall of another, its depth, and a weight through a band around its border."""
    photo, depth, weight = torch.full((1, 3, *size), far), torch.ones(1, 1, *size), torch.zeros(1, 1, *size)
    photo[..., 8:24, 16:36], depth[..., 8:24, 16:36] = near, 0.2
    weight[..., 4:28, 12:40] = 1
    weight[..., 13:19, 21:31] = 0
    return photo, depth, weight


def strokes(size: tuple[int, int] = (32, 48)) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))


def test_is_one_for_a_flat_picture_and_none_for_the_photo() -> None:
    photo, depth, weight = scene()
    targets = border_targets(photo, depth, weight)
    assert float(border_error(torch.full_like(photo, 0.4), targets)) == pytest.approx(1, rel=1e-4)
    assert float(border_error(photo, targets)) < 0.02
    assert float(border_error(photo + 0.5 * (photo - 0.5), targets)) < 1e-6, "more than wanted is no error"
    assert float(border_error(1 - photo, targets)) > 2, "a step the other way is worse than none"


def test_strokes_beside_the_border_are_free() -> None:
    photo, depth, weight = scene()
    targets = border_targets(photo, depth, weight)
    (gradient,) = torch.autograd.grad(border_error(picture := strokes().requires_grad_(), targets), picture)
    moved = gradient.abs().sum(1)[0] > 0
    assert bool(moved[8:24, 14:18].any())
    inside, outside = moved[8 + REACH : 24 - REACH, 16 + REACH : 36 - REACH], moved[:, 36 + REACH :]
    assert not bool(inside.any())
    assert not bool(outside.any())


def test_where_both_sides_are_alike_the_far_one_is_wanted_darker() -> None:
    alike, depth, weight = scene(0.5, 0.5)
    targets = border_targets(alike, depth, weight)
    darker, lighter = scene(0.5, 0.5 - 2 * MIN_STEP)[0], scene(0.5, 0.5 + 2 * MIN_STEP)[0]
    assert float(border_error(darker, targets)) < 1e-6
    assert float(border_error(lighter, targets)) > 1


def test_follows_the_photo_along_the_border() -> None:
    photo, depth, weight = (x.repeat_interleave(4, 2).repeat_interleave(4, 3) for x in scene())
    changing = photo.clone()
    changing[..., :96] = 1 - changing[..., :96]  # the far side lighter to the right, darker to the left
    targets = border_targets(changing, depth, weight)
    assert float(border_error(changing, targets)) < 0.2
    assert float(border_error(photo, targets)) > 1


def test_no_border_asks_for_nothing() -> None:
    photo, depth, weight = scene()
    picture = strokes()
    assert float(border_error(picture, border_targets(photo, torch.full_like(depth, 0.3), weight))) == 0
    assert float(border_error(picture, border_targets(photo, depth, torch.zeros_like(weight)))) == 0


def test_the_gradient_is_that_of_differences() -> None:
    photo, depth, weight = (x[..., 4:14, 12:22].double() for x in scene())
    targets = border_targets(photo, depth, weight)
    picture = strokes()[..., :10, :10].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: border_error(p, targets), picture)


def test_tiles_add_up_to_the_whole() -> None:
    size = (37, 50)
    photo, depth, weight = (x.double() for x in scene(size=size))
    picture = strokes(size).double().requires_grad_()
    targets = border_targets(photo, depth, weight)
    (whole,) = torch.autograd.grad(border_error(picture, targets), picture)
    total, gradient = 0.0, torch.zeros_like(picture)
    for top in range(0, size[0], 15):
        for left in range(0, size[1], 16):
            own = slice(top, min(top + 15, size[0])), slice(left, min(left + 16, size[1]))
            rows, columns = (
                slice(max(0, one.start - REACH), min(one.stop + REACH, end)) for one, end in zip(own, size, strict=True)
            )
            tile = picture[..., rows, columns].detach().requires_grad_()
            error = border_error(tile, tile_borders(targets, (rows, columns), own))
            total += float(error.detach())
            gradient[..., rows, columns] += torch.autograd.grad(error, tile)[0]
    assert total == pytest.approx(float(border_error(picture.detach(), targets)), rel=1e-12)
    assert torch.allclose(gradient, whole, rtol=1e-10, atol=1e-15)
