"""Frames in, frames out: unstyled regions to the bit, steadier than frame by frame, and nothing lags."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.colour import luma_of
from styfie.errors import InputError
from styfie.film.flow import carry, motion_between
from styfie.film.stream import MAX_CONTRAST_GAIN, PreviousFrame, Stream, _stuck
from styfie.gallery import draw
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.segmentation.prediction import Prediction
from styfie.settings import Settings
from styfie.weights import ASSETS

pytest.importorskip("cv2")
SETTINGS = Settings(size=96, engine="fast", device="cpu", steps=2)


@pytest.fixture(scope="module")
def frames() -> list[Tensor]:
    """A slow pan over the built-in portrait."""
    wide = read_picture(ASSETS / "portrait.jpg", 120)
    noise = np.random.default_rng(0).standard_normal((5, 1, 3, 112, 96)).astype(np.float32) / 255
    return [
        (wide[..., 4:116, 2 * n : 2 * n + 96] + torch.from_numpy(grain)).clamp(0, 1) for n, grain in enumerate(noise)
    ]


def looks(*names: str) -> dict[str, Look]:
    return {name: Look((Style("waves", draw("waves", 96)),)) for name in names}


@pytest.mark.slow
def test_as_many_frames_come_out_and_unstyled_regions_to_the_bit(frames: list[Tensor]) -> None:
    stream = Stream(looks("background"), SETTINGS)
    painted = list(stream(frames))
    assert [one.shape for one in painted] == [one.shape for one in frames]
    for frame, picture in zip(frames, painted, strict=True):
        subject = stream.regions(frame)["subject"] >= 1
        same = ((frame == picture) | ~subject).float().mean()
        assert float(same) > 0.98  # mattes are steadied
        assert not torch.equal(frame, picture)


@pytest.mark.slow
def test_steadier_than_frame_by_frame_and_as_fine(frames: list[Tensor]) -> None:
    asked = looks("subject", "background")
    steady = list(Stream(asked, SETTINGS)(frames))
    alone = [next(iter(Stream(asked, SETTINGS)([frame]))) for frame in frames]
    errors = []
    for painted in (steady, alone):
        pairs = zip(frames, frames[1:], painted, painted[1:], strict=False)
        error = [
            ((new - carry(old, motion)).abs() * motion.trust).sum() / motion.trust.sum()
            for before, now, old, new in pairs
            for motion in [motion_between(now, before)]
        ]
        errors.append(float(torch.stack(error).mean()))
    assert errors[0] < 0.6 * errors[1]
    detail = [float(luma_of(painted[-1]).diff(dim=-1).abs().mean()) for painted in (steady, alone)]
    assert 0.85 < detail[0] / detail[1] < 1.15


@pytest.mark.slow
def test_going_on_from_the_last_frame_is_the_same(frames: list[Tensor]) -> None:
    asked = looks("subject")
    whole = list(Stream(asked, SETTINGS)(frames))
    first = Stream(asked, SETTINGS)
    painted = list(first(frames[:3]))
    assert first.last is not None
    kept = PreviousFrame.of_tensors(first.last.to_tensors())
    parts = [*painted, *Stream(asked, SETTINGS, kept)(frames[3:])]
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))


@pytest.mark.slow
def test_a_cut_begins_anew(frames: list[Tensor]) -> None:
    asked = looks("subject", "background")
    other = frames[0].flip(-1, -2)
    (alone,) = Stream(asked, SETTINGS)([other])
    *_, after = Stream(asked, SETTINGS)([*frames, other])
    assert float((alone - after).abs().mean()) < 0.05


def test_nobody_is_all_background(frames: list[Tensor]) -> None:
    plain = torch.full((1, 3, 64, 64), 0.5)
    (painted,) = Stream(looks("subject"), SETTINGS)([plain])
    assert torch.equal(painted, plain)


def test_the_optimisation_begins_from_the_frame_before(frames: list[Tensor]) -> None:
    stream = Stream(looks("subject"), replace(SETTINGS, engine="optimise", size=64))
    assert len(list(stream(frames[:2]))) == 2
    assert stream.last is not None
    assert stream.last.layers.shape == (2, *frames[0].shape[1:])


def test_an_unknown_engine_is_said() -> None:
    with pytest.raises(InputError, match="no engine"):
        Stream({}, replace(SETTINGS, engine="none"))


def test_mattes_do_not_lag(frames: list[Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    """A square that moves four pixels a frame: the matte is where the square is, not where it was."""
    ground = read_picture(ASSETS / "portrait.jpg", 128)[..., :96, :128]
    square = draw("mosaic", 32)[..., :32, :32]
    clips, mattes = [], []
    for n in range(5):
        frame, matte = ground.clone(), torch.zeros(1, 1, 96, 128)
        frame[..., 30:62, 20 + 4 * n : 52 + 4 * n] = square
        matte[..., 30:62, 20 + 4 * n : 52 + 4 * n] = 1
        clips.append(frame)
        mattes.append(matte)
    found = iter(mattes)
    stream = Stream(looks("background"), SETTINGS)
    monkeypatch.setattr(stream, "segmenter", lambda _frame, _finer=(): Regions.of_subject(next(found)))
    monkeypatch.setattr(stream, "_follower", None)  # which would follow the portrait
    list(stream(clips))
    assert stream.last is not None
    assert float((stream.last.alpha[:1] - mattes[-1]).abs().mean()) < 0.01


@pytest.mark.slow
def test_what_slowly_becomes_another_is_not_late(frames: list[Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    """A mouth that opens in ten steps, each too small to be noticed: dark in the painting when it is in the photo."""
    photo = read_picture(ASSETS / "portrait.jpg", 96)
    mouth = torch.zeros(1, 1, 96, 96)
    mouth[..., 40:56, 40:56] = 1
    clip = [torch.lerp(photo, torch.lerp(photo, torch.full_like(photo, 0.1), n / 10), mouth) for n in range(11)]

    def off() -> float:
        *_, painted = Stream(looks("subject", "background"), SETTINGS)(clip)
        return float((luma_of(painted) - luma_of(alone))[..., 42:54, 42:54].mean().abs())

    (alone,) = Stream(looks("subject", "background"), SETTINGS)(clip[-1:])
    found = off()
    monkeypatch.setattr("styfie.film.stream.STALE", 100.0)
    assert found < 0.6 * off()


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers cost nothing here: what counts are the regions."""
    monkeypatch.setattr(
        "styfie.film.stream._frames",
        lambda *_: lambda photo, regions, _start: photo.expand_as(regions.alpha.expand(-1, 3, -1, -1)),
    )


def scene(people: Sequence[int], hair: bool = True) -> tuple[Tensor, Prediction]:
    """People at these columns of 64, as a frame and as what the network sees in it: hair above, skin, and clothes."""
    photo, matte, parts = torch.full((1, 3, 64, 64), 0.9), torch.zeros(1, 1, 64, 64), torch.zeros(1, 5, 64, 64)
    for x in people:
        here = (..., slice(8, 60), slice(x, x + 14))
        photo[here], matte[here] = 0.2 + x / 100, 1
        for part, rows in ((2 if hair else 1, slice(8, 20)), (1, slice(20, 34)), (3, slice(34, 60))):
            parts[:, part, rows, x : x + 14] = 1
    parts[:, 0] = 1 - parts[:, 1:].sum(1)
    return photo, Prediction(photo, matte, parts)


def watched(monkeypatch: pytest.MonkeyPatch, names: Sequence[str], *scenes: tuple[Tensor, Prediction]) -> list[Regions]:
    """The regions of each frame of a film."""
    monkeypatch.setattr(
        "styfie.segmentation.portrait.predict", lambda photo, *_, **__: next(s for p, s in scenes if p is photo)
    )
    stream = Stream(looks(*names), SETTINGS)
    found: list[Regions] = []
    show = stream._show

    def note(frame: Any) -> Tensor:
        found.append(frame.regions)
        return show(frame)

    monkeypatch.setattr(stream, "_show", note)
    list(stream(photo for photo, _ in scenes))
    assert {regions.names for regions in found} == {("subject", "background", *names)}
    return found


def middle(matte: Tensor) -> tuple[float, float] | None:
    """Mean row and column of a region, none of one that is not there."""
    if float(matte.max()) < 0.5:
        return None
    rows, columns = (matte[0, 0] > 0.5).nonzero().float().mean(0).tolist()
    return rows, columns


@pytest.mark.usefixtures("unpainted")
def test_a_region_may_be_absent_and_comes_back_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, bald, nobody = scene([24]), scene([24], hair=False), scene([])
    found = watched(monkeypatch, ["person-1", "hair"], whole, bald, nobody, scene([25]))
    rows = [[middle(regions[name]) for regions in found] for name in ("hair", "person-1")]
    assert [one is None for one in rows[0]] == [False, True, True, False]
    assert [one is None for one in rows[1]] == [False, False, True, False]
    assert rows[0][3] is not None and rows[0][3][0] < 20, "hair is above"
    assert rows[1][3] is not None and rows[1][3][0] > 30, "the rest of the person is below"


@pytest.mark.usefixtures("unpainted")
def test_people_keep_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The left one leaves, comes back, and a third one comes in from the left."""
    found = watched(
        monkeypatch,
        ["person-1", "person-2", "person-3"],
        scene([20, 44]),
        scene([44]),
        scene([43]),
        scene([20, 42]),
        scene([2, 20, 41]),
    )
    columns = [[middle(r[f"person-{n}"]) for r in found] for n in (1, 2, 3)]
    assert [one and round(one[1] - 6.5) for one in columns[0]] == [20, None, None, 20, 20]
    assert [one and round(one[1] - 6.5) for one in columns[1]] == [44, 44, 43, 42, 41]
    assert [one and round(one[1] - 6.5) for one in columns[2]] == [None, None, None, None, 2]


@pytest.mark.usefixtures("unpainted")
def test_regions_of_anything_keep_their_numbers_when_areas_change() -> None:
    """Two patches, of which the smaller grows until it is the larger."""
    grain = np.random.default_rng(1).normal(0, 0.02, (3, 96, 128)).astype(np.float32)
    frames = []
    for n in range(6):
        frame = torch.full((1, 3, 96, 128), 0.85)
        for colour, rows, across in ((0, slice(6, 46), 84 - 9 * n), (2, slice(52, 92), 39 + 9 * n)):
            frame[..., rows, 10 : 10 + across] = 0.15
            frame[:, colour, rows, 10 : 10 + across] = 0.8
        frames.append((frame + torch.from_numpy(grain)).clamp(0, 1))
    stream = Stream(looks("region-2", "region-3"), replace(SETTINGS, segmenter="jseg:3"))
    overlaps = []
    for frame in frames:
        list(stream([frame]))
        assert stream.last is not None
        for row, colour in ((2, 0), (3, 2)):
            wanted = frame[0, colour] > frame[0, 2 - colour] + 0.3
            found = stream.last.memory["regions"][row, 0] > 0.5
            overlaps.append(float((wanted & found).sum() / (wanted | found).sum()))
    assert min(overlaps) > 0.85


@pytest.mark.parametrize(("segmenter", "name"), [("auto", "hat"), ("auto", "person-0"), ("jseg", "hair")])
def test_a_region_that_never_comes_is_said_at_once(segmenter: str, name: str) -> None:
    with pytest.raises(InputError, match=f"no region '{name}'"):
        Stream(looks(name), replace(SETTINGS, segmenter=segmenter))


@pytest.mark.usefixtures("unpainted")
def test_a_number_that_the_first_frame_does_not_have_is_said(frames: list[Tensor]) -> None:
    with pytest.raises(InputError, match="no region 'region-9'"):
        list(Stream(looks("region-9"), replace(SETTINGS, segmenter="jseg:3"))(frames[:1]))


@pytest.mark.parametrize("size", [(2, 96), (96, 2), (2, 2)])
def test_strips_are_painted_too(size: tuple[int, int], frames: list[Tensor]) -> None:
    strips = [frame[..., : size[0], : size[1]] for frame in frames[:2]]
    painted = list(Stream(looks("subject", "background"), SETTINGS)(strips))
    assert [tuple(one.shape[-2:]) for one in painted] == [size, size]
    assert all(bool(one.isfinite().all()) for one in painted)


def test_frames_are_painted_as_they_were(frames: list[Tensor]) -> None:
    """The third of three: what it has of those before is in it."""
    from tests.conftest import fingerprint

    *_, third = Stream(looks("subject", "background"), SETTINGS)(frames[:3])
    assert fingerprint(third) == pytest.approx([0.5238, 0.0422, 0.0512, 0.516, 0.5767, 0.5545, 0.4482], abs=3e-3)


@pytest.mark.parametrize("width", [256, 1024])
@pytest.mark.parametrize("period", [4, 24, 128])
def test_of_what_is_averaged_the_fine_alone_keeps_its_contrast(width: int, period: int) -> None:
    """A wave drawn half way to grey: what a Gaussian of 2 pixels per 512, or of one, leaves of it stays so pale."""
    wave = 0.2 * torch.sin(2 * math.pi * torch.arange(width) / period)
    fresh = (0.5 + wave).expand(1, 3, 32, width)
    found = _stuck(fresh, torch.full_like(fresh, 0.5), torch.tensor(0.5))
    sigma = max(1.0, width / 256)
    coarse = math.exp(-2 * (math.pi * sigma / period) ** 2)
    wanted = 0.5 * (coarse + (1 - coarse) * MAX_CONTRAST_GAIN)
    middle = (..., 16, slice(width // 4, -width // 4))
    assert float((found - 0.5)[middle].std() / (fresh - 0.5)[middle].std()) == pytest.approx(wanted, abs=0.02)
