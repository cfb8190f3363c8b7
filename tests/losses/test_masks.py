"""Losses of masks against their formulas written out, brute force and finite differences."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from styfie.losses.masks import (
    boundary_losses,
    class_entropy,
    class_jaccard,
    draw_outline,
    matte_entropy,
    matte_loss,
    outline_widths,
    refine_loss,
)

EPSILON = 1e-6


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(2, 1, 16, 20, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def mattes() -> Tensor:
    """A soft edge down the middle of one picture, a box in the other."""
    found = torch.zeros(2, 1, 16, 20)
    found[0] = ((torch.arange(20.0) - 7) / 5).clamp(0, 1)
    found[1, :, 4:12, 5:16] = 1
    return found


def entropy(logits: Tensor, mattes: Tensor) -> Tensor:
    found = logits.double().sigmoid()
    return -(mattes * found.log() + (1 - mattes) * (1 - found).log())


def test_matte_loss_is_the_formula(logits: Tensor, mattes: Tensor) -> None:
    half = F.avg_pool2d(mattes, 2)[:, 0].numpy()
    span = [ndimage.maximum_filter(m, 5, mode="nearest") - ndimage.minimum_filter(m, 5, mode="nearest") for m in half]
    weight = 1 + 2 * torch.from_numpy(np.stack(span).repeat(2, 1).repeat(2, 2))[:, None]
    assert weight.min() == 1
    assert weight.max() == 3
    terms, found = matte_loss(logits, mattes), logits.sigmoid()
    wanted = (entropy(logits, mattes) * weight).sum() / weight.sum()
    torch.testing.assert_close(terms["entropy"].double(), wanted)
    shared, union = torch.minimum(found, mattes), torch.maximum(found, mattes)
    pairs = [(float(s.sum()), float(u.sum())) for s, u in zip(shared, union, strict=True)]
    assert float(terms["jaccard"]) == pytest.approx(np.mean([1 - (s + 1) / (u + 1) for s, u in pairs]), rel=1e-5)


def test_plain_entropy_is_the_formula(logits: Tensor, mattes: Tensor) -> None:
    torch.testing.assert_close(matte_entropy(logits, mattes).double(), entropy(logits, mattes).mean())
    assert float(matte_entropy(torch.zeros(1, 1, 4, 4), torch.rand(1, 1, 4, 4))) == pytest.approx(np.log(2))


def test_two_class_entropy_is_that_of_the_difference(logits: Tensor, mattes: Tensor) -> None:
    scores = torch.cat([logits.flip(3), logits], 1)
    torch.testing.assert_close(class_entropy(scores, mattes), matte_entropy(scores[:, 1:] - scores[:, :1], mattes))
    torch.testing.assert_close(class_entropy(scores + 5, mattes), class_entropy(scores, mattes))
    chosen = scores.log_softmax(1)
    wanted = -(chosen[:, :1] * (1 - mattes) + chosen[:, 1:] * mattes).mean()
    torch.testing.assert_close(class_entropy(scores, mattes), wanted)


def test_outlines_grow_with_the_person_within_bounds() -> None:
    mattes = torch.zeros(4, 1, 700, 700)
    mattes[1, :, :100, :100] = 1  # 0.02 * 100 = 2
    mattes[2, :, :200, :450] = 1  # 0.02 * 300
    mattes[3] = 1  # 14, over the widest
    torch.testing.assert_close(outline_widths(mattes), torch.tensor([2.0, 2.0, 6.0, 12.0]))
    torch.testing.assert_close(outline_widths(0.25 * mattes[2:3]), torch.tensor([3.0]))


@pytest.mark.parametrize("width", [2.0, 3.0, 4.5, 12.0])
def test_a_straight_outline_is_exactly_as_wide_as_asked(width: float) -> None:
    mattes = torch.zeros(1, 1, 8, 40)
    mattes[..., 20:] = 1
    line = draw_outline(mattes, torch.tensor([width]))
    torch.testing.assert_close(line.sum(3), torch.full((1, 1, 8), width))
    assert torch.equal(line, line.flip(3)), "half of it on each side"


def test_outlines_lie_by_the_euclidean_distance() -> None:
    y, x = np.mgrid[:40, :48]
    person = ((y - 22) ** 2 + (x - 20) ** 2 < 15**2) | (x + 2 * y < 30)
    mattes = torch.from_numpy(np.stack([person, person[::-1]])).float()[:, None]
    lines = draw_outline(mattes, torch.tensor([2.5, 9.0])).numpy()
    for line, mask, width in zip(lines[:, 0], mattes[:, 0].numpy() > 0.5, (2.5, 9.0), strict=True):
        distance = np.where(mask, ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask))
        np.testing.assert_allclose(line, np.clip(width / 2 + 1 - distance, 0, 1), atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_pictures_frame_is_no_outline(value: float) -> None:
    assert not draw_outline(torch.full((1, 1, 16, 16), value), torch.tensor([12.0])).any()


def test_refinement_is_the_formula(logits: Tensor, mattes: Tensor) -> None:
    pictures = torch.rand(2, 3, 16, 20, generator=torch.Generator().manual_seed(1))
    grey = np.einsum("bchw,c->bhw", pictures.double().numpy(), [0.299, 0.587, 0.114])
    alpha, band = logits.sigmoid(), draw_outline(mattes, torch.tensor([4.0, 4.0]))

    def slope(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        both = np.stack([[ndimage.sobel(p, axis, mode="nearest") for axis in (1, 0)] for p in x])
        return both, np.sqrt((both**2).sum(1) + EPSILON)

    (g, g_length), (p, p_length) = slope(grey), slope(alpha[:, 0].double().numpy())
    along = (1 - np.abs((g * p).sum(1) / g_length / p_length)) * p_length
    each = 0.5 * along + 0.5 * np.maximum(1.5 * g_length - p_length, 0)
    wanted = (each * band[:, 0].numpy()).sum() / band.sum().item()
    assert float(refine_loss(alpha, pictures, band)) == pytest.approx(wanted, rel=1e-4)


def test_refinement_wants_the_mattes_edge_along_the_pictures_and_steeper(mattes: Tensor) -> None:
    picture, everywhere = (0.2 + 0.3 * mattes[:1]).expand(1, 3, 16, 20), torch.ones(1, 1, 16, 20)
    along = refine_loss(mattes[:1], picture, everywhere)
    assert along < 1e-3, "the same edge, 3.3 times as steep"
    flat = refine_loss(torch.full((1, 1, 16, 20), 0.5), picture, everywhere)
    across = refine_loss(F.interpolate(mattes[:1].mT, (16, 20)), picture, everywhere)
    assert along < flat < across


def test_refinement_sees_only_the_band(logits: Tensor) -> None:
    alpha, pictures, band = logits.sigmoid(), torch.rand(2, 3, 16, 20), torch.zeros(2, 1, 16, 20)
    assert refine_loss(alpha, pictures, band) == 0
    band[..., 5:10] = 1
    changed = alpha.clone()
    changed[..., 11:] = 0  # Sobel looks one pixel beyond the band
    torch.testing.assert_close(refine_loss(changed, pictures, band), refine_loss(alpha, pictures, band))


def test_the_three_terms_and_when_the_last_comes_in(logits: Tensor, mattes: Tensor) -> None:
    pictures, outline = torch.rand(2, 3, 16, 20), logits.flip(2)
    early, late = (boundary_losses(logits, outline, pictures, mattes, share) for share in (0.59, 0.6))
    assert early.keys() == late.keys() == {"entropy", "boundary", "refine"}
    assert early["refine"] == 0
    two = torch.full((2,), 2.0)  # these people are small
    torch.testing.assert_close(late["refine"], refine_loss(logits.sigmoid(), pictures, draw_outline(mattes, 2 * two)))
    for terms in (early, late):
        torch.testing.assert_close(terms["entropy"], matte_entropy(logits, mattes))
        torch.testing.assert_close(terms["boundary"], matte_entropy(outline, draw_outline(mattes, two)))


def test_terms_are_exact_where_networks_run_in_bfloat16(logits: Tensor, mattes: Tensor) -> None:
    pictures, rough = torch.rand(2, 3, 16, 20), logits.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = boundary_losses(rough, rough, pictures, mattes, 1.0)
    wanted = boundary_losses(rough.float(), rough.float(), pictures, mattes, 1.0)
    torch.testing.assert_close(mixed, wanted)


def test_gradients_agree_with_finite_differences(logits: Tensor, mattes: Tensor) -> None:
    pictures = torch.rand(2, 3, 16, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    band = draw_outline(mattes, torch.tensor([4.0, 6.0])).double()
    alpha = logits.double().sigmoid().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: refine_loss(x, pictures, band), alpha, fast_mode=True)
    # The others work in float32 by intent, and get a coarser comparison.
    coarse = partial(torch.autograd.gradcheck, eps=1e-2, atol=1e-2, rtol=1e-2, fast_mode=True)
    wide = logits.double().requires_grad_()
    assert coarse(lambda x: matte_entropy(x, mattes).double(), wide)
    assert coarse(lambda x: class_entropy(torch.cat([x.flip(3), x], 1), mattes).double(), wide)
    for term in ("entropy", "jaccard"):
        assert coarse(lambda x, term=term: matte_loss(x, mattes)[term].double(), wide)


def test_the_jaccard_of_classes_is_the_formula_and_counts_no_class_that_is_missing() -> None:
    rng = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(2, 4, 6, 8, generator=rng), torch.randint(3, (2, 6, 8), generator=rng)
    labels[0, :2] = 255
    found, known = logits.softmax(1).double(), labels != 255
    lost = []
    for k in range(3):  # the fourth is nowhere
        shared = float(found[:, k][known & (labels == k)].sum())
        either = float(found[:, k][known].sum()) + float((labels == k).sum()) - shared
        lost.append(1 - (shared + 1) / (either + 1))
    assert float(class_jaccard(logits, labels, 255)) == pytest.approx(np.mean(lost), abs=1e-5)
    assert float(class_jaccard(logits, torch.full_like(labels, 255), 255)) == 0
