from __future__ import annotations

import torch

from styfie.engines.tiles import tiles_of


def test_own_areas_part_the_picture_and_sight_reaches_around_them() -> None:
    count = torch.zeros(70, 101)
    for tile in tiles_of((70, 101), 32, 16):
        count[tile.own] += 1
        rows, columns = tile.seen
        assert rows.start == max(0, tile.own[0].start - 16)
        assert columns.stop == min(101, tile.own[1].stop + 16)
        picture = torch.arange(70 * 101).view(70, 101)
        assert torch.equal(picture[tile.seen][tile.inside], picture[tile.own])
    assert bool((count == 1).all())


def test_no_side_is_one_tile() -> None:
    (tile,) = tiles_of((70, 101), 0, 16)
    assert tile.seen == tile.own == (slice(0, 70), slice(0, 101))


def test_cells_of_a_map_are_the_pixels_cells() -> None:
    for tile in tiles_of((70, 101), 32, 16):
        rows, columns = tile.at(8)
        assert (rows.start + tile.seen[0].start // 8) * 8 == tile.own[0].start
        assert (columns.start + tile.seen[1].start // 8) * 8 == tile.own[1].start
