"""Frames painted whole while they are segmented: at once, of what is there alone, and blended as all others are."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from styfie.errors import AbsentRegionError
from styfie.film.stream import Stream
from styfie.film.whole import WholeFrames
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.segmentation import SEGMENTERS, SegmenterEntry
from styfie.settings import Settings

pytest.importorskip("cv2")
SETTINGS = Settings(size=64, engine="fast", device="cpu", segmenter="stripe")


class Painter:
    """Paints all of a frame in the style's mean grey, and counts."""

    def __init__(self, looks: Mapping[str, Look], meet: threading.Barrier | None = None) -> None:
        self.looks, self.device, self.meet = looks, torch.device("cpu"), meet
        self.painted: list[str] = []

    def paint(self, content: Tensor, band: Tensor, look: Look) -> Tensor:
        assert bool((band == 1).all())
        if self.meet:
            self.meet.wait(60)
        self.painted.append(look.styles[0].name)
        return torch.full_like(content, float(look.styles[0].picture.mean()))


class Stripe:
    """A segmenter of one's own that knows nothing of films: the subject on the left, `hat` where the frame is white."""

    meet: threading.Barrier | None = None

    def __call__(self, photo: Tensor, finer: Iterable[str] = ()) -> Regions:
        if Stripe.meet:
            Stripe.meet.wait(60)
        matte = torch.zeros_like(photo[:, :1])
        matte[..., :32] = 1
        regions = Regions.of_subject(matte)
        for name in finer:
            hat = (photo.mean(1, keepdim=True) > 0.9).float()
            if not hat.any():
                raise AbsentRegionError(f"There is no {name}.")
            regions = regions.split("subject", name, hat)
        return regions

    def split(self, regions: Regions, photo: Tensor, finer: Iterable[str]) -> Regions:
        return regions


@pytest.fixture(autouse=True)
def stripe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SEGMENTERS.built_in, "stripe", SegmenterEntry("A stripe", f"{__name__}:Stripe"))
    monkeypatch.setattr(Stripe, "meet", None)


def looks(**greys: float) -> dict[str, Look]:
    return {name: Look((Style(name, torch.full((1, 3, 32, 32), grey)),)) for name, grey in greys.items()}


def frame(hat: bool, seed: int = 0) -> Tensor:
    found = 0.5 * torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(seed))
    if hat:
        found[..., :12, :32] = 1
    return found


def stream(monkeypatch: pytest.MonkeyPatch, painter: Painter) -> Stream:
    monkeypatch.setattr("styfie.film.stream.painter_of", lambda _name: lambda _looks, _settings: painter)
    return Stream(painter.looks, SETTINGS, side_by_side=True)


def test_a_frame_is_painted_while_it_is_segmented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for the other: one after the other they would wait for ever."""
    painter = Painter(looks(background=0.8))
    painting = stream(monkeypatch, painter)
    list(painting([frame(False)]))  # what is in a clip is known from its first frame on
    painter.meet = Stripe.meet = threading.Barrier(2)
    assert len(list(painting([frame(False), frame(False)]))) == 2


def test_what_is_absent_contributes_nothing_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter(looks(hat=0.2, background=0.8))
    painting = stream(monkeypatch, painter)
    names, pictures = [], []
    for hat in (False, True, True, False, False):
        painter.painted.clear()
        pictures += list(painting([frame(hat)]))
        names.append(sorted(painter.painted))
    both, alone = ["background", "hat"], ["background"]
    assert names == [alone, both, both, both, alone], "a look is begun as long as its region was in the frame before"
    assert painting.seen == {"subject", "background", "hat"}
    without, with_hat = pictures[0], pictures[1]
    assert torch.equal(without[..., :24], frame(False)[..., :24]), "the subject has no style"
    assert float((without[..., 40:] - 0.8).abs().max()) < 0.02
    assert float((with_hat[..., :8, :24] - 0.2).abs().max()) < 0.02


def test_layers_are_whole_pictures_and_faces_keep_their_detail() -> None:
    painter = Painter(looks(subject=0.4, background=0.4))
    photo = frame(False)
    regions = Stripe()(photo)
    layers = WholeFrames(painter)(photo, regions, None)
    assert torch.allclose(layers, torch.full_like(layers, 0.4))
    face = torch.zeros_like(photo[:, :1])
    face[..., 10:30, 5:25] = 1
    faced = WholeFrames(painter)(photo, replace(regions, face=face), None)
    assert not torch.equal(faced[0][..., 10:30, 5:25], layers[0][..., 10:30, 5:25])
    assert torch.equal(faced[0][..., 32:], layers[0][..., 32:])


def test_other_engines_paint_as_ever() -> None:
    still = Stream(looks(background=0.5), replace(SETTINGS, engine="components"), side_by_side=True)
    assert not isinstance(still.paint, WholeFrames)
