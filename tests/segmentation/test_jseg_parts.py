"""Steps of JSEG by hand and by brute force, and what comes of all of them on the portrait."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.regions import Regions
from styfie.segmentation.jseg.drawing import draw_regions
from styfie.segmentation.jseg.grow import find_valleys, least_valley, segment, split_region
from styfie.segmentation.jseg.jvalues import j_value
from styfie.segmentation.jseg.merge import merge_regions
from styfie.segmentation.jseg.quantise import (
    Cells,
    _agglomerate,
    _cells,
    _lloyd,
    _means,
    _nearest,
    _peers,
    generalised_lloyd,
    luv,
    merge_colours,
    peer_group_filter,
    quantise,
)
from styfie.segmentation.jseg.segmenter import JsegSegmenter


def test_luv_of_more_known_colours() -> None:
    """Bruce Lindbloom's values for D65; the darkest ones lie on the straight parts of both curves."""
    colours = torch.tensor([[0.0, 1, 0], [0.5, 0.5, 0.5], [0.02, 0.02, 0.02], [0.0, 1, 1]]).T[None, :, None]
    wanted = [[87.737, -83.078, 107.398], [53.389, 0, 0], [1.398, 0, 0], [91.113, -70.477, -15.202]]
    assert np.allclose(luv(colours)[0], wanted, atol=0.03)


def test_the_nearest_centroid_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(0)
    colours, centroids = rng.normal(20, 30, (200, 3)), rng.normal(20, 30, (11, 3))
    away = np.linalg.norm(colours[:, None] - centroids, axis=-1)
    assert np.array_equal(_nearest(colours, centroids), away.argmin(1))
    weight, belongs = rng.random(200), away.argmin(1)
    means = _means(Cells(colours, weight), belongs, 13)
    wanted = [np.average(colours[belongs == n], 0, weight[belongs == n]) for n in range(11) if (belongs == n).any()]
    assert np.allclose(means, wanted), "and centroids that hold nothing go"


def peers_by_definition(distance: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """Of sorted distances: ends beyond a step of more than 12 among the first or last three are noise; then Fisher."""
    first = max((n + 1 for n in range(3) if distance[n + 1] - distance[n] > 12), default=0)
    count = len(distance)
    end = min((n for n in range(count - 3, count) if distance[n] - distance[n - 1] > 12), default=count)
    kept = distance[first:end]
    best, at = -1.0, 0
    for cut in range(1, len(kept)):
        near, far = kept[:cut], kept[cut:]
        scatter = ((near - near.mean()) ** 2).sum() + ((far - far.mean()) ** 2).sum()
        criterion = (near.mean() - far.mean()) ** 2 / max(scatter, 1e-3)
        if criterion > best:
            best, at = criterion, cut - 1
    return float(kept[0]), float(kept[at])


def test_peers_are_those_of_fishers_criterion() -> None:
    rng = np.random.default_rng(1)
    rows = np.sort(rng.gamma(2.0, 4.0, (60, 25)), -1)
    rows[20:40, -2:] += 30  # noise at the far end
    rows[30:50, 2:] += 20  # and at the near one: the centre itself is noise
    rows[50:, -4:] += 30  # four values are no noise but another thing
    rows = np.sort(rows, -1)
    least, largest = _peers(rows.astype(np.float32))
    for row, low, high in zip(rows, least, largest, strict=True):
        assert (low, high) == pytest.approx(peers_by_definition(row), abs=1e-4)


def test_the_peer_group_filter_by_brute_force() -> None:
    rng = np.random.default_rng(2)
    colours = rng.normal(0, 3, (40, 9, 3)) + 40 * (np.arange(9) > 4)[None, :, None]
    smooth, spread = peer_group_filter(colours)
    padded = np.pad(colours, ((2, 2), (2, 2), (0, 0)), mode="symmetric")
    for y, x in ((0, 0), (5, 4), (31, 3), (32, 8), (39, 6)):
        window = padded[y : y + 5, x : x + 5].reshape(25, 3)
        away = np.linalg.norm(window - colours[y, x], axis=1)
        low, high = peers_by_definition(np.sort(away))
        peers = window[(away >= low - 1e-4) & (away <= high + 1e-4)]
        assert spread[y, x] == pytest.approx(high, abs=1e-3)
        assert smooth[y, x] == pytest.approx(peers.mean(0), abs=1e-3)


def test_pixels_of_nearly_one_colour_are_one_cell() -> None:
    colours = np.array(
        [[0.1, 0.1, 0.1], [0.9, 0.2, 0.3], [1.1, 0.2, 0.3], [-0.1, 0.2, 0.3], [0.5, 0.5, 7.5]], np.float32
    )
    cells, belongs = _cells(colours, np.array([1.0, 3.0, 2.0, 1.0, 5.0], np.float32))
    assert belongs[0] == belongs[1] and len(set(belongs.tolist())) == 4
    assert cells.weight[belongs] == pytest.approx([4, 4, 2, 1, 5])
    assert cells.colour[belongs[0]] == pytest.approx([0.7, 0.175, 0.25]), "the mean by weight"


def test_lloyds_iteration_finds_the_middles_of_heaps() -> None:
    rng = np.random.default_rng(0)
    middles = np.array([[0.0, 0, 0], [50, 0, 0], [0, 60, 0], [0, 0, 70], [40, 40, 40]])
    colours = np.concatenate([middle + rng.normal(0, 1, (50, 3)) for middle in middles])
    cells = Cells(colours, np.ones(len(colours)))
    found = _lloyd(cells, middles + 4, 0.0)
    wanted = np.stack([heap.mean(0) for heap in np.split(colours, 5)])
    assert np.allclose(found, wanted)
    split = generalised_lloyd(cells, 5)
    assert len(split) == 5 and np.linalg.norm(split[:, None] - wanted, axis=-1).min(0).max() < 1
    assert len(generalised_lloyd(Cells(colours[:1], np.ones(1)), 5)) == 1, "one colour cannot be split"


def test_the_two_nearest_are_merged_by_weight_until_all_are_far() -> None:
    centroids, weight = np.array([[0.0, 0, 0], [3, 0, 0], [0, 8, 0], [100, 0, 0]]), np.array([1.0, 2.0, 3.0, 4.0])
    first, second = _agglomerate(centroids, weight, 400.0)
    assert first[:2] == pytest.approx((9.0, 2 / 3 * 9))
    assert first[2].tolist() == [[2, 0, 0], [0, 8, 0], [100, 0, 0]]
    assert second[:2] == pytest.approx((4 + 64, 1.5 * 68)), "what it adds to the scatter within: w1 w2 / (w1 + w2)"
    assert second[2] == pytest.approx(np.array([[1, 4, 0], [100, 0, 0]]))
    assert len(_agglomerate(centroids, weight, 9.0)) == 0


@pytest.mark.parametrize(("apart", "left"), [(16.0, 2), (16.3, 3), (25.0, 3)])
def test_colours_nearer_than_16_in_luv_are_merged(apart: float, left: int) -> None:
    """The threshold is 260 at first, of squared distances: a little more than 16 apart."""
    centroids = np.array([[20.0, 0, 0], [20 + apart, 0, 0], [20, 90, 90]])
    cells = Cells(centroids, np.ones(3))
    assert len(merge_colours(cells, centroids)) == left


def test_valleys_are_as_large_as_published() -> None:
    """Deng and Manjunath (2001), Table 1: the least size of a valley by scale."""
    assert [least_valley(scale) for scale in (1, 2, 3, 4)] == [32, 128, 512, 2048]


def test_of_several_levels_the_one_with_most_valleys_is_taken() -> None:
    j = np.ones((20, 60), np.float32)
    for left, depth in ((5, 0.0), (25, 0.1), (45, 0.2)):
        j[5:15, left : left + 10] = depth
    valleys, count = find_valleys(j, np.ones(j.shape, bool), 50)
    assert count == 3 and sorted(np.bincount(valleys[valleys >= 0]).tolist()) == [100, 100, 100]
    assert find_valleys(j, np.ones(j.shape, bool), 101)[1] <= 1, "none is large enough"
    inside = np.arange(60)[None, :] < 40
    assert find_valleys(j, inside & (j >= 0), 50)[1] == 2


def test_halves_of_two_textures_are_split_where_they_meet() -> None:
    rng = np.random.default_rng(0)
    classes = np.where(np.arange(128) < 60, rng.random((128, 128)) < 0.15, rng.random((128, 128)) < 0.85).astype(
        np.int32
    )
    parts = split_region(classes, np.ones((128, 128), bool), 2)
    left = np.bincount(parts[:, :60].ravel(), minlength=parts.max() + 1)
    right = np.bincount(parts[:, 60:].ravel(), minlength=parts.max() + 1)
    assert 1 <= parts.max() < 5 and np.maximum(left, right).sum() > 0.95 * parts.size, "each part is of one texture"


def test_j_of_what_cannot_vary() -> None:
    one = np.zeros((1, 4), np.int32)
    assert j_value(one) == 0
    assert j_value(np.arange(4, dtype=np.int32).reshape(1, 4)) == float("inf"), "each class is one pixel"
    assert j_value(np.array([[0, 0, 1, 1]], np.int32)) == pytest.approx((5 - 1) / 1), "5 in all, 0.5 within each"


def test_small_specks_go_first_where_all_are_far_apart() -> None:
    regions = np.zeros((30, 30), np.int32)
    regions[:, 15:] = 1
    regions[5:8, 14:17] = 2
    found = merge_regions(regions, regions, 2)
    assert int(found.max()) == 1 and len({found[0, 0], found[0, 29]}) == 2


def test_regions_are_tinted_by_hues_that_differ_over_light_and_dark() -> None:
    left = (torch.arange(64) < 40).float().expand(1, 1, 64, 64)
    regions = Regions(("region-1", "region-2"), torch.cat([left, 1 - left]), (1.0, 1.0), ("subject", "background"))
    photo = torch.tensor([0.2, 0.4, 0.9]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    shown = np.asarray(draw_regions(regions, photo)).astype(float) / 255
    for number, corner in ((0, shown[2, 2]), (1, shown[2, 61])):
        tint = np.array(colorsys.hsv_to_rgb(number * (5**0.5 - 1) / 2, 0.75, 0.95))  # the golden section of a turn
        pale = (np.array([0.2, 0.4, 0.9]) + 0.5) / 2
        assert corner == pytest.approx(pale + 0.45 * (tint - pale), abs=0.006)
    assert (shown[2, 39:41] == 1).all(), "the border is white"
    large = Regions(regions.names, regions.alpha.repeat_interleave(20, 3), regions.score, regions.sides)
    assert max(draw_regions(large, photo).size) == 1024


def test_the_portrait_is_divided_as_it_was(portrait: Tensor) -> None:
    """A recipe names its regions by number: another division paints something else."""
    classes, found = quantise(portrait), JsegSegmenter(6)
    regions = found.partition(portrait)
    shares = np.bincount(classes.ravel()) / classes.size
    assert shares.tolist() == pytest.approx(
        [0.0198, 0.2091, 0.2283, 0.0559, 0.1497, 0.0412, 0.0638, 0.036, 0.0403, 0.1559], abs=2e-3
    )
    assert int(segment(classes).max()) == 33
    assert regions.alpha.mean((1, 2, 3)).tolist() == pytest.approx(
        [0.332, 0.1973, 0.1613, 0.1323, 0.1097, 0.0673], abs=2e-3
    )
    assert regions.alpha.std((1, 2, 3)).tolist() == pytest.approx(
        [0.4644, 0.3925, 0.3625, 0.3308, 0.3083, 0.2452], abs=2e-3
    )
    assert found(portrait).score == pytest.approx([0.4003, 0.4003], abs=2e-3)
