from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from styfie.evaluation.mattes import mean_scores, score_matte, unknown_band

Matte = NDArray[np.float32]


def largest_piece(mask: list[list[bool]]) -> set[tuple[int, int]]:
    """By flooding from every pixel in turn."""
    left = {(y, x) for y, row in enumerate(mask) for x, inside in enumerate(row) if inside}
    best: set[tuple[int, int]] = set()
    while left:
        front, piece = [min(left)], set()
        while front:
            y, x = front.pop()
            if (y, x) in left:
                left.discard((y, x))
                piece.add((y, x))
                front += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
        best = piece if len(piece) > len(best) else best
    return best


def connectivity_by_hand(found: Matte, truth: Matte) -> float:
    """For each pixel the highest of 0, 0.1, …, 1 up to which it never left the source region."""
    total, height, width = 0.0, *truth.shape
    levels = [n / 10 for n in range(11)]
    pieces = [
        largest_piece([[bool(found[y, x] >= t and truth[y, x] >= t) for x in range(width)] for y in range(height)])
        for t in levels[1:]
    ]
    for y in range(height):
        for x in range(width):
            reached = next((levels[n] for n, piece in enumerate(pieces) if (y, x) not in piece), 1.0)
            shares = []
            for matte in (found, truth):
                above = float(matte[y, x]) - reached
                shares.append(1 - (above if above >= 0.15 else 0))
            total += abs(shares[0] - shares[1])
    return total / 1000


def two_mattes() -> tuple[Matte, Matte]:
    """Soft blobs, two of them apart, one seen less."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:18, :23]
    truth = np.exp(-((y - 6) ** 2 + (x - 6) ** 2) / 18) + 0.8 * np.exp(-((y - 12) ** 2 + (x - 18) ** 2) / 9)
    found = (truth + rng.normal(0, 0.15, truth.shape)).clip(0, 1)
    return found.astype(np.float32), truth.clip(0, 1).astype(np.float32)


def test_connectivity_as_by_hand() -> None:
    found, truth = two_mattes()
    wanted = connectivity_by_hand(found, truth)
    assert wanted > 0.001
    assert score_matte(found, truth).connectivity == pytest.approx(wanted, rel=1e-6)
    assert score_matte(truth, truth).connectivity == 0


def test_sums_and_means_within_a_band_alone() -> None:
    found, truth = two_mattes()
    band = np.zeros(truth.shape, np.bool_)
    band[3:9, 4:12] = True
    score = score_matte(found, truth, band)
    errors = [abs(float(found[y, x]) - float(truth[y, x])) for y in range(3, 9) for x in range(4, 12)]
    assert score.sad == pytest.approx(sum(errors) / 1000)
    assert score.mad == pytest.approx(sum(errors) / 48)
    assert score.mse == pytest.approx(sum(e * e for e in errors) / 48)
    assert score.gradient < score_matte(found, truth).gradient


def test_the_band_is_the_trimap_or_what_is_soft() -> None:
    truth = np.zeros((100, 80), np.float32)
    truth[30:60, 20:50] = 1
    truth[29, 20:50] = 0.5
    band = unknown_band(truth)
    assert band[28:31, 30].all() and not band[26, 30] and not band[45, 35] and not band[0, 0]
    trimap = np.full((100, 80), 128, np.uint8)
    trimap[:50], trimap[90:] = 0, 255
    assert unknown_band(truth, trimap).nonzero()[0].tolist() == sorted(list(range(50, 90)) * 80)
    assert not unknown_band(np.zeros((9, 9), np.float32)).any(), "nobody has no edge"
    assert unknown_band(np.ones((9, 9), np.float32)).sum() == 0


def test_a_mean_of_scores() -> None:
    found, truth = two_mattes()
    both = [score_matte(found, truth), score_matte(truth, truth)]
    assert mean_scores(both).mse == pytest.approx(both[0].mse / 2)
