"""What is held where a scene is still: all of it under noise, nothing near what has changed, and no flicker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from styfie.film.still import still_share
from styfie.film.stream import Stream
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions
from styfie.settings import Settings

pytest.importorskip("cv2")
ALPHA = torch.ones(1, 1, 96, 96)


def noisy(picture: Tensor, seed: int) -> Tensor:
    """With the noise of a camera: a deviation of 3 in 255."""
    return (picture + 3 / 255 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(seed))).clamp(0, 1)


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(PORTRAIT, 96)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Stream]:
    """A film in one technique, all of it one region."""

    def opened(technique: str) -> Stream:
        looks = {"subject": Look((Style(technique, torch.rand(1, 3, 8, 8)),))}
        found = Stream(looks, Settings(size=96, engine="filters", device="cpu"))
        monkeypatch.setattr(
            found, "segmenter", lambda frame, _finer=(): Regions.of_subject(torch.ones_like(frame[:, :1]))
        )
        monkeypatch.setattr(found, "_follower", None)
        return found

    return opened


def test_noise_is_still_and_a_change_is_not(portrait: Tensor) -> None:
    now = noisy(portrait, 1)
    assert float(still_share(now, noisy(portrait, 2), ALPHA, ALPHA).mean()) > 0.98
    now[..., 40:50, 40:50] = 1 - now[..., 40:50, 40:50]
    share = still_share(now, noisy(portrait, 2), ALPHA, ALPHA)[0, 0]
    assert float(share[39:51, 39:51].max()) == 0 and float(share[:25].mean()) > 0.98
    other = ALPHA.clone()
    other[..., 70:, :] = 0
    assert float(still_share(portrait, portrait, ALPHA, other)[..., 72:, :].max()) == 0, "a region that went"


@pytest.mark.parametrize("technique", ["ink", "halftone"])
def test_a_still_scene_does_not_flicker(technique: str, portrait: Tensor, stream: Callable[[str], Stream]) -> None:
    frames = [noisy(portrait, seed) for seed in range(4)]
    held = list(stream(technique)(frames))
    alone = [next(iter(stream(technique)([frame]))) for frame in frames[2:]]
    changes = [float((painted[-1] - painted[-2]).abs().mean()) for painted in (held, alone)]
    assert changes[0] < 0.3 / 255 and changes[0] < 0.1 * changes[1]


def test_what_moves_is_drawn_where_it_is(portrait: Tensor, stream: Callable[[str], Stream]) -> None:
    """A dark square before a still wall: ink where it is now, paper where it was, and the wall to the bit."""
    frames = []
    for n in range(4):
        frame = noisy(0.8 + 0.2 * portrait, n)
        frame[..., 30:60, 10 + 8 * n : 30 + 8 * n] = 0.05
        frames.append(frame)
    *_, before, last = stream("ink")(frames)
    assert float(last[..., 34:56, 38:50].mean()) < 0.2 < 0.7 < float(last[..., 34:56, 12:24].mean())
    assert float((last - before)[..., 80:, :].abs().mean()) < 0.5 / 255


def test_what_slowly_grows_dark_is_not_late(portrait: Tensor, stream: Callable[[str], Stream]) -> None:
    """In twenty steps, each less than noise."""
    dark = torch.zeros(1, 1, 96, 96)
    dark[..., 40:70, 40:70] = 1
    frames = [torch.lerp(portrait, 0.2 * portrait, n / 20 * dark) for n in range(21)]
    *_, last = stream("charcoal")(frames)
    (alone,) = stream("charcoal")(frames[-1:])
    assert float((last - alone)[..., 45:65, 45:65].mean().abs()) < 0.03
