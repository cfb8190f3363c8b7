from __future__ import annotations

import pytest
import torch
from torch import Tensor

from styfie.segmentation.closer import boxes_to_see, pixels_of, put_closer, zoom_of


def matte_of(*blocks: tuple[int, int, int, int], value: float = 1.0) -> Tensor:
    matte = torch.zeros(1, 1, 256, 256)
    for top, left, bottom, right in blocks:
        matte[..., top:bottom, left:right] = value
    return matte


def test_who_fills_the_picture_is_seen_well_enough() -> None:
    assert boxes_to_see(matte_of((20, 40, 256, 220))) == []
    assert boxes_to_see(torch.zeros(1, 1, 256, 256)) == []


def test_a_small_figure_is_looked_at_with_room_around() -> None:
    (box,) = boxes_to_see(matte_of((96, 112, 160, 144)))
    assert box == pytest.approx((80 / 256, 104 / 256, 176 / 256, 152 / 256))
    assert zoom_of(box) == pytest.approx(256 / (96 * 48) ** 0.5)


def test_a_thin_one_is_not_stretched_out_of_shape() -> None:
    (box,) = boxes_to_see(matte_of((60, 120, 160, 128)))
    assert (box[3] - box[1]) / (box[2] - box[0]) == pytest.approx(0.5)


def test_room_ends_with_the_picture() -> None:
    (box,) = boxes_to_see(matte_of((196, 0, 256, 60)))
    assert box[0] > 0.6 and box[1] == 0 and box[2] == 1 and box[3] < 0.4


def test_one_look_at_all_or_one_each_where_they_stand_apart() -> None:
    near = boxes_to_see(matte_of((100, 100, 150, 120), (100, 140, 150, 160)))
    assert len(near) == 1 and near[0][1] < 100 / 256 and near[0][3] > 160 / 256
    apart = boxes_to_see(matte_of((10, 5, 90, 45), (170, 200, 250, 250), (5, 230, 12, 240)))
    assert len(apart) == 2 and apart[0][0] > 0.5 and apart[1][0] < 0.1, "the larger first, specks not at all"


def test_next_to_nothing_is_worth_a_look_where_it_is_faint() -> None:
    (box,) = boxes_to_see(matte_of((100, 100, 140, 120), value=0.4))
    assert box[0] < 100 / 256 < 140 / 256 < box[2]


def test_the_closer_look_stands_inside_and_fades_at_its_rim() -> None:
    first, look = torch.full((1, 2, 256, 256), 0.2), torch.full((1, 2, 64, 64), 0.8)
    box = (0.25, 0.5, 0.75, 1.0)
    found = put_closer(first, [box], [look], (200, 400))
    assert found.shape == (1, 2, 384, 384), "larger, as things in the box are"
    assert torch.allclose(found[..., 150:225, 250:384], torch.tensor(0.62)), "to the picture's own edge"
    assert torch.allclose(found[..., :90, :], torch.tensor(0.2)) and torch.allclose(found[..., :190], torch.tensor(0.2))
    rising = found[0, 0, 190, 192:225]
    assert (rising[1:] >= rising[:-1] - 1e-6).all() and 0.2 < float(rising[2]) < 0.5
    assert put_closer(first, [], [], (200, 400)) is first


def test_a_box_has_pixels_in_a_picture_of_any_size() -> None:
    for size in ((1, 1), (3, 500), (700, 2)):
        rows, columns = pixels_of((0.4, 0.99, 0.41, 1.0), size)
        assert 0 <= rows.start < rows.stop <= size[0] and 0 <= columns.start < columns.stop <= size[1]
