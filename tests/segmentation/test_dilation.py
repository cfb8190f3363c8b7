from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from styfie.segmentation.dilation import dilated, eroded


@pytest.mark.parametrize("radius", [0.0, 0.9, 1, 2, 2.3, 4, 6.0, 11.5, 40])
@pytest.mark.parametrize("size", [(30, 41), (41, 7), (1, 20), (20, 1), (1, 1)])
def test_a_mask_grows_and_shrinks_by_distances(size: tuple[int, int], radius: float) -> None:
    rng = np.random.default_rng(0)
    for share in (0.02, 0.3, 0.9):
        mask = rng.random(size) < share
        kept = mask.copy()
        away = ndimage.distance_transform_edt(~mask) if mask.any() else np.full(size, np.inf)
        deep = ndimage.distance_transform_edt(mask) if not mask.all() else np.full(size, np.inf)
        assert np.array_equal(dilated(mask, radius), away <= radius)
        assert np.array_equal(eroded(mask, radius), deep > radius)
        assert np.array_equal(mask, kept), "what was given stays"


def test_a_pixel_becomes_a_disc() -> None:
    mask = np.zeros((7, 7), bool)
    mask[3, 3] = True
    assert ["".join(".#"[int(one)] for one in row) for row in dilated(mask, 2)] == [
        ".......",
        "...#...",
        "..###..",
        ".#####.",
        "..###..",
        "...#...",
        ".......",
    ]
    assert np.array_equal(eroded(dilated(mask, 2), 2), mask)
