from __future__ import annotations

import numpy as np
import pytest

from styfie.evaluation.masks import boundary_f, contour, score_mask, summarise


def square(top: int, left: int, side: int = 40, size: int = 100) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    mask = np.zeros((size, size), np.float32)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_known_overlap() -> None:
    score = score_mask(square(10, 10), square(10, 30))
    assert score.iou == pytest.approx(20 / 60)
    assert score.mae == pytest.approx(2 * 20 * 40 / 100**2)


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
