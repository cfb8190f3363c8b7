from __future__ import annotations

import numpy as np
import pytest

from styfie.evaluation.parts import PART_NAMES, UNLABELLED, PartsIou
from styfie.segmentation import prediction
from styfie.segmentation.networks import PARTS


def test_names_are_those_of_network_and_labels() -> None:
    assert len(PART_NAMES) == PARTS
    assert PART_NAMES[1:] == prediction.PART_NAMES


def test_pooled_by_hand() -> None:
    """Hair: 1 of 2 and 0 of 2 pixels shared, pooled 1 of 4; the mean of the two pictures' IoUs would be the same
    only by chance, so skin makes the difference: 3 of 3 and 0 of 1, pooled 3 of 4, not 1/2."""
    scores = PartsIou()
    scores.add(np.array([[1, 1, 1], [2, 3, 0]]), np.array([[1, 1, 1], [2, 2, 0]]))
    scores.add(np.array([[2, 2, 3]]), np.array([[1, 0, 3]]))
    found = scores.scores()
    assert found["skin"] == pytest.approx(3 / 4)
    assert found["hair"] == pytest.approx(1 / 4)
    assert found["clothes"] == pytest.approx(1 / 2)
    assert found["background"] == pytest.approx(1 / 2)
    assert found["accessories"] is None
    assert found["mean"] == pytest.approx((3 / 4 + 1 / 4 + 1 / 2) / 3)


def test_unlabelled_pixels_do_not_count() -> None:
    scores = PartsIou()
    scores.add(np.array([[1, 1, 2]]), np.array([[1, UNLABELLED, UNLABELLED]]))
    assert scores.scores()["skin"] == 1
    assert scores.scores()["hair"] is None
    assert scores.scores()["mean"] == 1


def test_nothing_labelled_has_no_score() -> None:
    scores = PartsIou()
    scores.add(np.zeros((2, 2), int), np.full((2, 2), UNLABELLED))
    assert set(scores.scores().values()) == {None}
