"""Losses against their formulas written out, their invariances and their gradients."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor

from styfie.losses.functional import content_loss, gram, relative_gram_loss, total_variation


@pytest.fixture
def features() -> Tensor:
    return torch.randn(1, 5, 7, 9, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def mask() -> Tensor:
    return torch.rand(1, 1, 7, 9, generator=torch.Generator().manual_seed(1))


def test_gram_is_the_formula(features: Tensor) -> None:
    wanted = torch.einsum("bchw,bdhw->cd", features, features) / 63
    torch.testing.assert_close(gram(features), wanted)


def test_masked_gram_is_the_formula(features: Tensor, mask: Tensor) -> None:
    weighted = features * mask.sqrt()
    wanted = torch.einsum("bchw,bdhw->cd", weighted, weighted) / mask.sum()
    torch.testing.assert_close(gram(features, mask), wanted)


def test_a_full_mask_changes_nothing(features: Tensor) -> None:
    torch.testing.assert_close(gram(features, torch.ones(1, 1, 7, 9)), gram(features))


def test_gram_does_not_see_outside_the_mask(features: Tensor) -> None:
    mask = torch.zeros(1, 1, 7, 9)
    mask[..., 2:5, 3:8] = 1
    torch.testing.assert_close(gram(features, mask), gram(features[..., 2:5, 3:8]))
    torch.testing.assert_close(gram(torch.where(mask > 0, features, 100.0), mask), gram(features, mask))


def test_gram_does_not_see_how_strong_the_mask_is(features: Tensor, mask: Tensor) -> None:
    torch.testing.assert_close(gram(features, 0.2 * mask), gram(features, mask))


def test_gram_does_not_see_where_things_stand(features: Tensor, mask: Tensor) -> None:
    order = torch.randperm(63, generator=torch.Generator().manual_seed(2))
    shuffled = features.flatten(2)[..., order].view_as(features)
    torch.testing.assert_close(gram(shuffled, mask.flatten(2)[..., order].view_as(mask)), gram(features, mask))


def test_gram_is_symmetric_and_float32(features: Tensor, mask: Tensor) -> None:
    found = gram(features.bfloat16(), mask)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, found.T)


def test_an_empty_mask_gives_zero(features: Tensor) -> None:
    assert gram(features, torch.zeros(1, 1, 7, 9)).abs().max() == 0
    assert content_loss(features, features + 1, torch.zeros(1, 1, 7, 9)) == 0


def test_relative_gram_loss(features: Tensor) -> None:
    wanted = gram(features)
    assert relative_gram_loss(wanted, wanted) == 0
    torch.testing.assert_close(relative_gram_loss(torch.zeros_like(wanted), wanted), torch.tensor(1.0))
    torch.testing.assert_close(relative_gram_loss(1.5 * wanted, wanted), torch.tensor(0.25))
    # A layer ten times as strong weighs the same.
    other = gram(features.flip(1))
    torch.testing.assert_close(relative_gram_loss(10 * other, 10 * wanted), relative_gram_loss(other, wanted))


def test_content_loss_is_the_formula(features: Tensor, mask: Tensor) -> None:
    found = features.roll(1, 3)
    weight = mask.expand_as(features) / mask.sum()
    mean = torch.einsum("bchw,bchw->c", features, weight)[None, :, None, None]
    variance = torch.einsum("bchw,bchw->", (features - mean) ** 2, weight) / 5
    error = torch.einsum("bchw,bchw->", (found - features) ** 2, weight) / 5
    torch.testing.assert_close(content_loss(found, features, mask), error / variance)


def test_content_loss_invariances(features: Tensor, mask: Tensor) -> None:
    found = features.roll(1, 3)
    assert content_loss(features, features, mask) == 0
    wanted = content_loss(found, features, mask)
    torch.testing.assert_close(content_loss(3 * found + 1, 3 * features + 1, mask), wanted)
    torch.testing.assert_close(content_loss(found, features, 0.3 * mask), wanted)
    hole = torch.where(mask > 0.5, 1.0, 0.0)
    torch.testing.assert_close(
        content_loss(torch.where(hole > 0, found, 9.0), features, hole), content_loss(found, features, hole)
    )


def test_total_variation_of_known_pictures() -> None:
    assert total_variation(torch.full((1, 3, 6, 8), 0.4)) == 0
    ramp = torch.arange(8.0).expand(1, 3, 6, 8)
    torch.testing.assert_close(total_variation(ramp), torch.tensor(1.0))
    board = (torch.arange(6)[:, None] + torch.arange(8)).remainder(2).float().expand(1, 3, 6, 8)
    torch.testing.assert_close(total_variation(board), torch.tensor(2.0))
    picture = torch.rand(1, 3, 6, 8)
    torch.testing.assert_close(total_variation(picture), total_variation(picture.flip(2, 3)))


def test_gradients_agree_with_finite_differences(features: Tensor, mask: Tensor) -> None:
    """In float64 where a loss keeps it; Gram matrices are float32 by intent, and get a coarser comparison."""
    wide = features.double().requires_grad_()
    assert torch.autograd.gradcheck(total_variation, wide)
    wanted = torch.randn(5, 5, dtype=torch.float64)
    found = torch.randn(5, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(relative_gram_loss, (found, wanted))
    coarse = partial(torch.autograd.gradcheck, eps=1e-2, atol=1e-2, rtol=1e-2, fast_mode=True)
    assert coarse(lambda x: gram(x, mask).double(), wide)
    assert coarse(lambda x: content_loss(x, features, mask).double(), wide)
