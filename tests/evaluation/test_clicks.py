from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from styfie.evaluation.clicks import ClickScore, Mask, as_lines, click_through, next_click
from styfie.regions import Point


def block(top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros((40, 60), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def test_the_first_click_is_in_the_middle_of_the_thing() -> None:
    point, on = next_click(np.zeros((40, 60), np.bool_), block(10, 20, 31, 41))
    assert on and point == (30.5, 20.5)


def test_the_next_click_is_in_the_largest_error_on_its_side() -> None:
    truth = block(10, 10, 30, 30)
    point, on = next_click(block(10, 10, 30, 30) | block(0, 40, 40, 60), truth)
    assert not on and 40 <= point[0] < 60
    point, on = next_click(block(10, 10, 30, 14) | block(0, 58, 5, 60), truth)
    assert on and point[0] == pytest.approx(22, abs=2.5) and point[1] == pytest.approx(20, abs=8)


def test_clicks_are_made_where_the_last_mask_was_wrong() -> None:
    truth, asked = block(10, 10, 30, 30), []

    def find(add: Sequence[Point], remove: Sequence[Point]) -> Mask:
        asked.append((len(add), len(remove)))
        return (np.ones_like(truth), block(10, 10, 30, 20), truth)[len(asked) - 1]

    score = click_through(find, truth, 3, "a box")
    assert asked == [(1, 0), (1, 1), (2, 1)]
    assert score == ClickScore("a box", (400 / 2400, 0.5, 1.0))


def test_means_and_spread_over_things() -> None:
    two = [ClickScore("a", (0.2, 0.3, 0.4)), ClickScore("b", (0.4, 0.5, 0.8))]
    assert as_lines({"ours": two, "another": two[:1]}) == [
        ["mean IoU ± spread", "1 click", "3 clicks"],
        ["ours", "0.300 ± 0.100", "0.600 ± 0.200"],
        ["another", "0.200 ± 0.000", "0.400 ± 0.000"],
    ]
