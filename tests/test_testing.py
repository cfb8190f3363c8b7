"""Conformance checks: what is built in passes, and whatever breaks a promise is told which one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from styfie.engines import ENGINES, EngineEntry
from styfie.engines.progress import Progress
from styfie.regions import Regions
from styfie.segmentation import SEGMENTERS, SegmenterEntry
from styfie.testing import check_encoder, check_engine, check_loss, check_segmenter, stripes

Paint = Callable[..., Tensor]


def inverted(photo: Tensor, regions: Regions, looks: Any) -> Tensor:
    """What keeps all promises: the negative of each region that has a look."""
    wanted = torch.tensor([name in looks for name in regions.names])[:, None, None, None]
    return torch.where(wanted & (regions.alpha > 0), 1 - photo, photo)


def engine(paint: Paint, steps: tuple[int, ...] = (1,)) -> Callable[..., Iterator[Progress]]:
    def run(photo: Tensor, regions: Regions, looks: Any, *_: Any, **__: Any) -> Iterator[Progress]:
        for step in steps:
            yield Progress(step, 2, {}, 0.0, paint(photo, regions, looks))

    return run


def check(monkeypatch: pytest.MonkeyPatch, paint: Paint, steps: tuple[int, ...] = (1,)) -> None:
    class Tried(EngineEntry):
        def load(self) -> Any:
            return engine(paint, steps)

    monkeypatch.setitem(ENGINES, "tried", Tried("Tried", ""))
    check_engine("tried")


def in_place(photo: Tensor, regions: Regions, looks: Any) -> Tensor:
    found = inverted(photo, regions, looks)
    photo.mul_(0.5)
    return found


BROKEN: dict[str, tuple[Paint, tuple[int, ...], str]] = {
    "shape": (lambda *a: inverted(*a)[:, :, 1:], (1,), "ends with layers of"),
    "range": (lambda *a: inverted(*a) * 2, (1,), r"\[0, 1\] is wanted"),
    "type": (lambda *a: inverted(*a).double(), (1,), "float32 is wanted"),
    "chance": (lambda *a: torch.where(inverted(*a) == a[0], a[0], torch.rand(())), (1,), "other bytes"),
    "input": (in_place, (1,), "changes what it is given"),
    "mask": (
        lambda photo, regions, looks: (1 - photo).repeat(len(regions.names), 1, 1, 1),
        (1,),
        "far from the region",
    ),
    "nothing": (lambda photo, regions, looks: photo.repeat(len(regions.names), 1, 1, 1), (1,), "leaves the photo"),
    "backwards": (inverted, (2, 1), "backwards"),
    "too far": (inverted, (3,), "at step 3 of 2"),
    "no step": (inverted, (), "paints nothing"),
}


def test_what_keeps_all_promises_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, inverted, (1, 2))


@pytest.mark.parametrize("fault", BROKEN)
def test_each_fault_of_an_engine_is_told(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    paint, steps, says = BROKEN[fault]
    with pytest.raises(AssertionError, match=says):
        check(monkeypatch, paint, steps)


def test_a_region_without_a_style_stays_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_near(photo: Tensor, regions: Regions, looks: Any) -> Tensor:
        return torch.where(regions.alpha > 0, 1 - photo, photo)

    with pytest.raises(AssertionError, match=r"far from|no style"):
        check(monkeypatch, all_near)


@pytest.mark.parametrize("name", ["fast", "optimise"])
def test_built_in_engines_conform(name: str) -> None:
    check_engine(name)


def test_built_in_segmenters_conform(portrait: Tensor) -> None:
    assert "hair" in check_segmenter("portrait", portrait, ("hair",)).names


@pytest.mark.parametrize("name", ["gram", "wasserstein", "sliced", "patches"])
def test_built_in_losses_conform(name: str) -> None:
    check_loss(name)


@pytest.mark.parametrize("name", ["styfie-1", "styfie-2"])
def test_built_in_encoders_conform(name: str) -> None:
    check_encoder(name)


class Halving:
    """Finds the subject on the left half, but of the half size."""

    def __call__(self, photo: Tensor, finer: object = ()) -> Regions:
        return stripes((photo.shape[-2] // 2, photo.shape[-1] // 2), 2)


def test_a_segmenters_size_is_the_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SEGMENTERS, "halving", SegmenterEntry("", f"{__name__}:Halving"))
    with pytest.raises(AssertionError, match="finds regions of"):
        check_segmenter("halving", torch.rand(1, 3, 40, 40))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_stripes_are_so_many_regions(count: int) -> None:
    found = stripes((33, 35), count)
    assert len(found.names) == count and found.names[-1] == "background"
    assert all(float(alpha.max()) == 1 for alpha in found.alpha)
