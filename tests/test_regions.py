from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from styfie.errors import InputError
from styfie.regions import Regions, correct, widen


def test_of_subject_is_a_partition(halves: Regions) -> None:
    assert halves.names == ("subject", "background")
    assert torch.allclose(halves.alpha.sum(0), torch.ones(1, 48, 64))


def test_split_and_merge_undo_each_other(halves: Regions) -> None:
    finer = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(1))
    split = halves.split("subject", "hair", finer, score=0.5)
    assert torch.allclose(split.alpha.sum(0), torch.ones(1, 48, 64))
    assert torch.allclose(split["hair"], halves["subject"] * finer)
    assert torch.equal(split["background"], halves["background"])
    merged = split.merge("subject", "hair")
    assert merged.names == halves.names
    assert torch.allclose(merged.alpha, halves.alpha)


def test_resizing_keeps_the_partition_and_the_share(halves: Regions) -> None:
    small = halves.resize((13, 17))
    assert torch.allclose(small.alpha.sum(0), torch.ones(1, 13, 17))
    assert abs(float(small["subject"].mean()) - 0.5) < 0.02


@pytest.mark.parametrize(
    ("names", "alpha"),
    [
        (("a", "b"), torch.full((2, 1, 4, 4), 0.4)),
        (("a", "b"), torch.cat([torch.full((1, 1, 4, 4), -0.5), torch.full((1, 1, 4, 4), 1.5)])),
        (("a", "a"), torch.full((2, 1, 4, 4), 0.5)),
        (("a",), torch.ones(2, 1, 4, 4)),
        (("a",), torch.ones(1, 4, 4)),
        (("a",), torch.full((1, 1, 4, 4), float("nan"))),
    ],
)
def test_what_is_no_partition_is_refused(names: tuple[str, ...], alpha: torch.Tensor) -> None:
    with pytest.raises(InputError):
        Regions(names, alpha, (1.0,) * len(names))


def test_an_unknown_name_is_answered_with_the_known(halves: Regions) -> None:
    with pytest.raises(InputError, match="subject, background"):
        halves["hat"]


def test_widen_covers_a_band_and_ends() -> None:
    alpha = torch.zeros(1, 1, 41, 41)
    alpha[..., 20, 20] = 0.1
    wide = widen(alpha, 4)
    assert float(wide[..., 20, 16:25].min()) > 0.99
    assert float(wide[..., 20, :8].max()) == 0.0
    assert bool((wide >= alpha).all())


def test_doubtful_pixels_are_painted_in_both_layers() -> None:
    doubtful = Regions.of_subject(torch.full((1, 1, 16, 16), 0.4))
    assert torch.equal(widen(doubtful.alpha, 2), torch.ones(2, 1, 16, 16))


def test_a_mask_laid_over_takes_from_each_what_it_covers(halves: Regions) -> None:
    sky = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(2))
    regions = halves.put("sky", sky, 0.9)
    assert torch.equal(regions["sky"], sky)
    assert torch.allclose(regions["subject"], halves["subject"] * (1 - sky))
    assert torch.allclose(regions.alpha.sum(0), torch.ones(1, 48, 64))
    assert regions.score == (1.0, 1.0, 0.9)


def test_a_mask_put_again_replaces_the_first(halves: Regions) -> None:
    first, second = torch.zeros(1, 1, 48, 64), torch.zeros(1, 1, 48, 64)
    first[..., :10, 20:], second[..., 30:, :] = 1, 1
    regions = halves.put("sky", first).put("sky", second)
    assert torch.equal(regions["sky"], second)
    assert torch.equal(regions["background"][..., :10, 20:], torch.ones(1, 1, 10, 44)), "given back to the background"
    assert regions.of_side("background") == ["background", "sky"], "it covered more of the background"
    assert torch.allclose(regions.side("subject"), regions["subject"])


def test_putting_what_is_there_changes_nothing(halves: Regions) -> None:
    generator = torch.Generator().manual_seed(3)
    finer = [torch.rand(1, 1, 48, 64, generator=generator) for _ in range(2)]
    regions = halves.split("subject", "hair", finer[0]).split("subject", "skin", finer[1])
    for name in regions.names:
        assert torch.allclose(regions.put(name, regions[name]).alpha, regions.alpha, atol=1e-5)


@pytest.mark.parametrize(("name", "to"), [("hair", "subject"), ("subject", "background"), ("background", "subject")])
def test_what_is_taken_goes_where_it_belongs(halves: Regions, name: str, to: str) -> None:
    regions = halves.split("subject", "hair", torch.full((1, 1, 48, 64), 0.5))
    found = regions.put(name, torch.zeros(1, 1, 48, 64))
    assert torch.allclose(found[to], regions[to] + regions[name], atol=1e-5)
    assert float(found[name].max()) == 0.0


@pytest.mark.parametrize("name", ["a/b", "", "../up", "a\x00"])
def test_names_that_could_not_be_files_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="letters, digits"):
        Regions((name,), torch.ones(1, 1, 4, 4), (1.0,))


@pytest.fixture
def square() -> torch.Tensor:
    """A bright square of 20 pixels on a dark picture of 48 x 64."""
    photo = torch.full((1, 3, 48, 64), 0.1)
    photo[..., 14:34, 20:40] = 0.9
    return photo


def test_a_point_adds_what_looks_like_it(square: torch.Tensor) -> None:
    nothing = Regions.of_subject(torch.zeros(1, 1, 48, 64))
    found = correct(nothing, square, "subject", add=[(30, 24)])
    truth = (square[:, :1] > 0.5).float()
    assert float((found["subject"] - truth).abs().mean()) < 0.01
    assert torch.allclose(found.alpha.sum(0), torch.ones(1, 48, 64))


def test_a_point_removes_and_the_background_takes_it(square: torch.Tensor) -> None:
    everything = Regions.of_subject(torch.ones(1, 1, 48, 64)).split("subject", "hair", torch.zeros(1, 1, 48, 64))
    found = correct(everything, square, "subject", remove=[(30, 24)])
    truth = (square[:, :1] > 0.5).float()
    assert float((found["background"] - truth).abs().mean()) < 0.01
    assert float(found["hair"].max()) == 0.0


def test_where_points_disagree_the_nearer_one_decides() -> None:
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 48, 64)
    half = Regions.of_subject(torch.full((1, 1, 48, 64), 0.5))
    found = correct(half, ramp, "subject", add=[(5, 24)], remove=[(58, 24)])["subject"]
    assert float(found[0, 0, 24, 5]) == pytest.approx(1, abs=0.02)
    assert float(found[0, 0, 24, 58]) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("point", [(-1.0, 3.0), (64.0, 3.0), (3.0, 48.0)])
def test_a_point_outside_the_photo_is_refused(square: torch.Tensor, point: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="64 x 48"):
        correct(Regions.of_subject(torch.zeros(1, 1, 48, 64)), square, "subject", add=[point])


def test_doubtful_regions_are_named_but_not_the_background(halves: Regions) -> None:
    low = Regions(halves.names, halves.alpha, (0.5, 0.5))
    assert low.doubtful == ("subject",)
    assert halves.doubtful == ()


@pytest.mark.parametrize("sides", [("subject",), ("subject", "background", "subject"), ("subject", "left")])
def test_every_region_has_a_side(halves: Regions, sides: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="2 regions want as many sides"):
        replace(halves, sides=sides)
