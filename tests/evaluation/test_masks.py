from __future__ import annotations

import math

import numpy as np
import pytest

from styfie.evaluation.masks import boundary_f, contour, gradient_error, gradient_magnitude, score_mask, summarise


def square(top: int, left: int, side: int = 40, size: int = 100) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    mask = np.zeros((size, size), np.float32)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_known_overlap() -> None:
    score = score_mask(square(10, 10), square(10, 30))
    assert score.iou == pytest.approx(20 / 60)
    assert score.mae == pytest.approx(2 * 20 * 40 / 100**2)
    assert score.mean_iou == pytest.approx((20 / 60 + (10000 - 60 * 40) / (10000 - 20 * 40)) / 2)
    assert score.sad == pytest.approx(2 * 20 * 40 / 1000)


def test_soft_differences_count_by_their_size() -> None:
    rng = np.random.default_rng(0)
    found, truth = rng.random((2, 7, 9), np.float32)
    wanted = sum(abs(float(a) - float(b)) for a, b in zip(found.flat, truth.flat, strict=True))
    score = score_mask(found, truth)
    assert score.sad == pytest.approx(wanted / 1000)
    assert score.mae == pytest.approx(wanted / 63)
    assert score.gradient == pytest.approx(gradient_error(found, truth) / 1000)


@pytest.mark.parametrize("turned", [False, True])
def test_gradient_of_a_step_by_its_formula(turned: bool) -> None:
    """Across a step the response at distance d is the sum of the derivative filter beyond d, times the smooth one's."""
    step = np.zeros((12, 40), np.float32)
    step[:, 20:] = 1
    smooth = [math.exp(-(x**2) / (2 * 1.4**2)) for x in range(-4, 5)]
    slope = [x * s for x, s in zip(range(-4, 5), smooth, strict=True)]
    smooth_norm, slope_norm = math.hypot(*smooth), math.hypot(*slope)
    beyond = [sum(slope[i:]) / slope_norm * sum(smooth) / smooth_norm for i in range(9)]
    wanted = 12 * sum(b**2 for b in beyond)
    step = step.T if turned else step
    assert gradient_error(step, np.zeros_like(step)) == pytest.approx(wanted)
    assert gradient_error(step, 1 - step) == pytest.approx(0), "the gradient's length has no sign"


def test_gradient_by_brute_force() -> None:
    matte = np.random.default_rng(1).random((11, 8), np.float32)
    at = np.arange(-4, 5)
    plain = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.4**2))
    down, across = plain * at[:, None], plain * at
    padded = np.pad(matte.astype(float), 4, mode="edge")
    found = gradient_magnitude(matte, 1.4)
    for y, x in ((0, 0), (5, 3), (10, 7)):
        window = padded[y : y + 9, x : x + 9]
        parts = [(window * f).sum() / np.linalg.norm(f) for f in (down, across)]
        assert found[y, x] == pytest.approx(math.hypot(*parts))


def test_all_person_scores_the_share_of_the_person() -> None:
    score = score_mask(np.ones((100, 100), np.float32), square(30, 30))
    assert (score.iou, score.mean_iou, score.mae, score.sad) == pytest.approx((0.16, 0.08, 0.84, 8.4))
    assert score.boundary_f == 0


def test_perfect_and_empty() -> None:
    assert score_mask(square(5, 5), square(5, 5)) == score_mask(square(0, 0, 0), square(0, 0, 0))
    assert score_mask(square(0, 0, 0), square(5, 5)).boundary_f == 0
    assert score_mask(square(5, 5), square(5, 5)).boundary_f == 1


@pytest.mark.parametrize(("shift", "wanted"), [(0, 1.0), (1, 1.0), (5, None)])
def test_boundary_within_a_disc(shift: int, wanted: float | None) -> None:
    """The diagonal is 141 pixels: the radius is round(1.13) = 1."""
    found = boundary_f(square(10, 10) > 0, square(10, 10 + shift) > 0)
    assert found == 1.0 if wanted else found < 0.75


def test_the_picture_border_is_no_contour() -> None:
    assert not contour(np.ones((9, 9), bool)).any()
    assert contour(square(0, 0, 10, 20) > 0).sum() == 19


def test_summary_means_the_lowest_tenth() -> None:
    scores = [score_mask(square(0, 0), square(0, shift)) for shift in range(20)]
    summary = summarise(scores)
    assert summary.pictures == 20
    assert summary.worst_tenth == pytest.approx((scores[-1].iou + scores[-2].iou) / 2)
    for field in ("iou", "mean_iou", "boundary_f", "mae", "sad", "gradient"):
        assert getattr(summary, field) == pytest.approx(sum(getattr(s, field) for s in scores) / 20)


@pytest.mark.parametrize(("shift", "matched"), [(6, True), (8, False)])
def test_the_boundarys_tolerance_grows_with_the_picture(shift: int, matched: bool) -> None:
    """Of 500 x 500 pixels the diagonal is 707, of which 0.8 % are 5.66: six pixels are near enough."""
    bar, moved = np.zeros((2, 500, 500), bool)
    bar[:, 200:300] = True
    moved[:, 200 + shift : 300 + shift] = True
    assert (boundary_f(bar, moved) == 1) == matched
    assert boundary_f(bar, moved, tolerance=0.012) == 1


def test_of_few_pictures_the_worst_tenth_is_the_worst_one() -> None:
    scores = [score_mask(square(0, 0), square(0, shift)) for shift in range(4)]
    assert summarise(scores).worst_tenth == scores[-1].iou
    assert summarise(scores * 4).worst_tenth == scores[-1].iou, "of sixteen the worst two"
