from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from styfie.segmentation.calibration import Calibration, calibrate, reliability, sure_level


def test_metadata_say_all_and_come_back() -> None:
    mine = Calibration(1.25, 0.8, 0.55, 0.4, ((0.1, 0.3), (0.9, 0.97)))
    assert Calibration.of(mine.as_metadata()) == mine
    assert Calibration.of({"arch": "banet", "side": "256"}) == Calibration(), "a file of before says nothing"
    assert Calibration.of({"nobody": "0.4"}) == replace(Calibration(), nobody=0.4)


@pytest.mark.parametrize(
    "about",
    [
        {"contrast": "0"},
        {"contrast": "inf"},
        {"sure": "2"},
        {"nobody": "-1"},
        {"nobody": "x"},
        {"clear": "1.5"},
        {"curve": "[]"},
        {"curve": "[[0.5, 2]]"},
        {"curve": "[[0.9, 0.1], [0.1, 0.9]]"},
        {"curve": "no"},
    ],
)
def test_what_cannot_be_is_refused(about: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Calibration.of(about)


def test_the_score_lies_on_the_curve() -> None:
    mine = Calibration(curve=((0.2, 0.0), (0.6, 0.5), (1.0, 0.9)))
    assert [mine.score(share) for share in (0.0, 0.4, 0.6, 0.8, 1.0)] == pytest.approx([0, 0.25, 0.5, 0.7, 0.9])


def test_a_network_that_is_too_sure_is_believed_less() -> None:
    """Made-up pictures whose IoU is the square of what the network is sure of, and some of nobody."""
    rng = np.random.default_rng(0)
    shares = rng.uniform(0.05, 1, 4000)
    people = rng.random(4000) < 0.9
    ious = np.where(people, (shares**2 + rng.normal(0, 0.05, 4000)).clip(0, 1), 0)
    found = calibrate(shares.tolist(), ious.tolist(), people.tolist(), Calibration())
    assert (found.contrast, found.sure) == (1.6, 0.9)
    assert found.score(0.95) == pytest.approx(0.9 * 0.95**2, abs=0.06)
    assert found.score(0.5) == pytest.approx(0.9 * 0.25, abs=0.06)
    good = people & (ious >= 0.5)
    refused = np.mean([found.score(share) < found.nobody for share in shares[good]])
    assert 0.002 <= refused <= 0.0105
    for score, iou, count in reliability([found.score(s) for s in shares], ious.tolist(), [0, 0.25, 0.5, 0.75, 1]):
        assert abs(score - iou) < 0.05 and count > 100


def test_a_hesitant_network_refuses_those_of_whom_it_is_less_sure_than_of_anybody() -> None:
    """Made-up people whose masks are all alike, however sure the network is of them, from three tenths up."""
    rng = np.random.default_rng(0)
    shares, ious = rng.uniform(0.3, 0.8, 150), rng.uniform(0.55, 0.65, 150)
    found = calibrate(shares.tolist(), ious.tolist(), [True] * 150, Calibration())
    refused = [share for share in np.linspace(0, 1, 101) if found.score(share) < found.nobody]
    assert refused[0] == 0 and 0.28 <= refused[-1] <= shares.min()
    assert found.score(0.5) == pytest.approx(0.6, abs=0.03)


def test_what_a_network_calls_sure_is_what_half_of_most_people_are() -> None:
    shares = {0.9: [0.0, 0.1, 0.9], 0.8: [0.2, 0.5, 0.95], 0.6: [0.6, 0.7, 1.0]}
    assert sure_level(shares) == 0.8
    assert sure_level({0.9: [0.8], 0.6: [0.9]}) == 0.9, "the highest of those that will do"
    assert sure_level({0.9: [0.0], 0.6: [0.1]}) == 0.6, "none will do"


def test_people_without_clear_parts_are_refused_as_seldom_as_unsure_ones() -> None:
    """Made-up people with clear parts, and as many pictures of nobody that the network is as sure of, without."""
    rng = np.random.default_rng(0)
    people = [True] * 2000 + [False] * 2000
    clarities = np.concatenate([rng.normal(0.8, 0.08, 2000), rng.normal(0.5, 0.05, 2000)]).clip(0.2, 1)
    shares, ious = rng.uniform(0.9, 1, 4000), np.array(people) * 0.9
    found = calibrate(shares.tolist(), ious.tolist(), people, Calibration(), clarities.tolist())
    refused = clarities < found.clear
    assert 0.001 <= refused[:2000].mean() <= 0.005 < 0.8 < refused[2000:].mean()
    within = float(np.mean(clarities[:2000] < found.clear + 0.02))
    assert abs(within - 0.005) < 0.0011, "two hundredths less than what refuses five of a thousand"
    least = min(found.score(share) for share in shares[:2000])
    assert found.nobody <= least < found.nobody + 0.0011, "nobody is refused for an unsure mask alone"
    for without in ([], [1.0] * 4000):
        assert calibrate(shares.tolist(), ious.tolist(), people, Calibration(), without).clear == 0, "none are known"


def test_who_was_never_seen_changes_nothing() -> None:
    assert calibrate([0.0, 0.0], [1.0, 1.0], [False, False], Calibration()) == Calibration()


def test_reliability_counts_each_picture_once() -> None:
    lines = reliability([0.1, 0.2, 0.5, 1.0], [0.0, 1.0, 0.4, 0.9], [0, 0.5, 1])
    assert [count for _, _, count in lines] == [2, 2]
    assert [value for score, iou, _ in lines for value in (score, iou)] == pytest.approx([0.15, 0.5, 0.75, 0.65])
