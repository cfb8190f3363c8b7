from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from styfie.engines.plan import FEWEST, make_plan, pyramid
from styfie.errors import InputError

GB = 1e9


def test_pyramid_halves() -> None:
    assert pyramid(512, 96) == [128, 256, 512]
    assert pyramid(512, 48) == [64, 128, 256, 512]
    assert pyramid(384, 96) == [96, 192, 384]
    assert pyramid(64, 48) == [64]


@pytest.mark.parametrize("size", [513, 1000, 1024, 3000, 4096, 16384])
def test_beyond_512_pixels_every_pyramid_begins_alike_and_at_most_doubles(size: int) -> None:
    found = pyramid(size, 96)
    assert found[:3] == [128, 256, 512]
    assert found[-1] == size
    assert all(1 < b / a <= 2 for a, b in itertools.pairwise(found[2:]))


def test_the_small_reading_says_what_the_small_scales_are() -> None:
    """Rounded once from the photo's own size, not twice."""
    plan = make_plan((1365, 2048), 1, 40, 100 * GB, small=(342, 512))
    assert [scale.size for scale in plan.scales[2:]] == [(342, 512), (682, 1024), (1365, 2048)]


def test_4096_pixels_square_are_planned_within_4_gigabytes() -> None:
    assert make_plan((4096, 4096), 2, 40, 4 * GB).memory <= 4 * GB


def test_less_memory_gives_tiles_and_never_more_than_allowed() -> None:
    sides = []
    for memory in (40, 8, 5, 4.2, 3.8):
        plan = make_plan((3072, 4096), 2, 60, memory * GB)
        assert plan.memory <= memory * GB
        sides.append(plan.scales[-1].side or 4096)
    assert sides[0] == 4096
    assert sides == sorted(sides, reverse=True)
    assert sides[-1] < 4096


def test_the_scales_below_do_not_depend_on_the_final_size() -> None:
    """What 512 pixels show is how 4096 pixels begin."""
    small, large = (make_plan((3 * s // 4, s), 2, 60, 100 * GB) for s in (512, 4096))
    assert [s.size for s in small.scales] == [s.size for s in large.scales[:3]]
    assert [s.steps for s in small.scales] == [s.steps for s in large.scales[:3]] == [60, 45, 45]


def test_small_scales_are_those_that_are_searched_for_whole() -> None:
    """Of a large painting and a draft the same; in tiles, none."""
    for size, draft in ((512, False), (4096, False), (4096, True)):
        plan = make_plan((size, size), 2, 60, 100 * GB, draft=draft, smallest=48)
        assert [max(scale.size) for scale in plan.small_scales] == [64, 128]
    one = replace(plan, scales=tuple(replace(scale, side=256) for scale in plan.scales))
    assert one.small_scales == []


def test_time_per_pixel_never_rises() -> None:
    def work(size: int) -> float:
        plan = make_plan((size, size), 1, 60, 100 * GB)
        return sum(scale.pixels * scale.steps for scale in plan.scales) / size**2

    found = [work(size) for size in (1024, 2048, 4096, 8192)]
    assert found == sorted(found, reverse=True)


def test_few_steps_stay_few() -> None:
    plan = make_plan((2048, 2048), 1, 3, 100 * GB)
    assert {scale.steps for scale in plan.scales} == {3}
    assert make_plan((8192, 8192), 1, 60, 100 * GB).scales[-1].steps == FEWEST


def test_a_draft_is_searched_for_where_it_is_small_and_finished_in_one_pass() -> None:
    plan = make_plan((1536, 2048), 2, 15, 100 * GB, draft=True)
    assert [(max(scale.size), scale.steps, scale.one_pass) for scale in plan.scales] == [
        (128, 15, False),
        (256, 8, False),
        (512, 1, True),
        (1024, 1, True),
        (2048, 1, True),
    ]
    passes = sum(3 * side * side // 4 for side in (512, 1024, 2048))
    assert plan.work == 2 * (15 * 96 * 128 + 8 * 192 * 256 + 6 * passes), "a pass takes as long as six steps"


def test_a_draft_that_has_little_memory_is_searched_for_in_tiles() -> None:
    plan = make_plan((1536, 2048), 1, 15, 2.2 * GB, draft=True)
    assert [scale.one_pass for scale in plan.scales] == [False, False, True, False, False]
    assert [(scale.steps, scale.side > 0) for scale in plan.scales[-2:]] == [(4, False), (4, True)]
    assert all(scale.memory <= 2.2 * GB for scale in plan.scales)


@pytest.mark.parametrize("whole", [False, True])
def test_too_little_memory_is_one_sentence(whole: bool) -> None:
    with pytest.raises(
        InputError, match=r"4096x3072 pixels need \d+\.\d GB and 0\.6 GB are allowed: raise --max-memory"
    ):
        make_plan((3072, 4096), 2, 60, 0.6 * GB, whole)
    if whole:
        with pytest.raises(InputError, match="loss gram"):
            make_plan((3072, 4096), 2, 60, 2 * GB, whole)


@pytest.mark.parametrize(("side", "style"), [(1024, 1024**2), (4096, 2048**2)])
def test_a_layer_more_is_foretold_with_all_that_it_keeps(side: int, style: int) -> None:
    """Its colours in half precision, what is painted, alpha and band; and its style, of 2048 pixels square at most."""
    one, two = (make_plan((side, side), layers, 40, 100 * GB).memory for layers in (1, 2))
    assert two - one == side**2 * (6 + 12 + 4 + 4) + style * 12


def test_layers_are_painted_at_once_where_all_that_each_needs_fits() -> None:
    """In tiles, and where memory ends, they are painted one after the other."""
    alone, both = (make_plan((2048, 2048), 3, 40, 4 * GB, at_once=count) for count in (1, 2))
    assert [scale.at_once for scale in both.scales] == [2, 2, 2, 2, 1]
    assert [scale.side > 0 for scale in both.scales] == [False, False, False, False, True]
    kept = 0.75 * GB + 2048**2 * (2 * 12 + 2 * 4 + 3 * (18 + 8) + 3 * 12)
    for one, two in zip(alone.scales[:4], both.scales, strict=False):
        assert two.memory == pytest.approx(kept + 2 * (one.memory - kept))
    assert both.memory <= 4 * GB
    assert [two.work / one.work for one, two in zip(alone.scales, both.scales, strict=True)] == pytest.approx(
        [0.82] * 4 + [1]
    ), "sooner done"
    little = make_plan((2048, 2048), 3, 40, 2.2 * GB, at_once=2)
    assert [scale.at_once for scale in little.scales] == [2, 2, 2, 1, 1]


def test_what_the_encoder_keeps_of_every_pixel_is_counted() -> None:
    without, kept = (make_plan((300, 400), 2, 10, 4e9, step=(700, 32, each)) for each in (0, 100))
    assert kept.memory - without.memory == 100 * 300 * 400


def test_the_time_told_is_from_start_to_files() -> None:
    plan = make_plan((96, 64), 2, 10, 4e9)
    (scale,) = plan.scales
    painting = 2 * scale.steps * 96 * 64 * 1e-3
    whole = plan.seconds(1e-3)
    ready, written = 2 * 2 * 96 * 64 * 1e-3, 1.75 * 96 * 64 * 1e-3
    assert whole == pytest.approx(painting + ready + written)
    assert "about 2 min 5 s," in plan.describe(125.2)
    assert "about 59 s," in plan.describe(58.6)
