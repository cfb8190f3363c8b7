"""Frames in, frames out: unstyled regions to the bit, steadier than frame by frame, and nothing lags."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.flow import carry, motion_between
from styfie.gallery import draw
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.losses.edges import luma_of
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.stream import Stream
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


def test_as_many_frames_come_out_and_unstyled_regions_to_the_bit(frames: list[Tensor]) -> None:
    stream = Stream(looks("background"), SETTINGS)
    painted = list(stream(frames))
    assert [one.shape for one in painted] == [one.shape for one in frames]
    for frame, picture in zip(frames, painted, strict=True):
        subject = stream.regions(frame)["subject"] >= 1
        same = ((frame == picture) | ~subject).float().mean()
        assert float(same) > 0.98  # mattes are steadied
        assert not torch.equal(frame, picture)


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


def test_going_on_from_the_last_frame_is_the_same(frames: list[Tensor]) -> None:
    asked = looks("subject")
    whole = list(Stream(asked, SETTINGS)(frames))
    first = Stream(asked, SETTINGS)
    parts = [*first(frames[:3]), *Stream(asked, SETTINGS, first.last)(frames[3:])]
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))


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
    list(stream(clips))
    assert stream.last is not None
    assert float((stream.last.alpha[:1] - mattes[-1]).abs().mean()) < 0.01


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
    monkeypatch.setattr("styfie.stream.STALE", 100.0)
    assert found < 0.6 * off()
