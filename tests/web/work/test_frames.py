from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from styfie.errors import InputError
from styfie.settings import Settings
from styfie.web.errors import NotFoundError
from styfie.web.work import frames, reading

LINE: Any = None  # nothing is told


class Negative:
    """A stream that paints the negative, and notes what it remembers of the frame before."""

    def __init__(self, size: int) -> None:
        self.settings = Settings(size=size)
        self.last: Any = None
        self.remembered: list[bool] = []

    def __call__(self, photos: list[Tensor]) -> list[Tensor]:
        self.remembered.append(self.last is not None)
        self.last = SimpleNamespace(photo=photos[-1])
        return [1 - photo for photo in photos]


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Negative:
    stream = Negative(64)
    monkeypatch.setitem(frames._streams, "here", stream)
    return stream


def jpeg(width: int, height: int, level: int = 60) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), (level,) * 3).save(held, "JPEG")
    return held.getvalue()


def painted(data: bytes, most: int = 10**6) -> Image.Image:
    return Image.open(io.BytesIO(frames.frame(LINE, "here", *reading.frame(LINE, data, most, 64))))


def test_a_frame_is_painted_at_the_streams_size(stream: Negative) -> None:
    picture = painted(jpeg(128, 96))
    assert (picture.size, picture.format) == ((64, 48), "JPEG")
    assert abs(picture.getpixel((30, 20))[0] - 195) < 4  # type: ignore[index]
    # of the tables that ISO 10918-1 gives for a half, quality 85 has (200 - 2 * 85) %, rounded
    assert picture.quantization[0][:3] == [round(0.3 * step) for step in (16, 11, 10)]  # type: ignore[attr-defined]


def test_only_the_same_camera_held_the_same_way_is_remembered(stream: Negative) -> None:
    for size in ((128, 96), (128, 96), (96, 128), (192, 256), (128, 96)):
        painted(jpeg(*size))
    assert stream.remembered == [False, True, False, True, False]


def test_a_large_frame_is_decoded_at_twice_the_size_that_is_painted(
    stream: Negative, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    def read(image: Image.Image, size: int) -> Tensor:
        seen.append(image.size)
        return torch.zeros(1, 3, size, size)

    monkeypatch.setattr(reading, "read_picture", read)
    reading.frame(LINE, jpeg(512, 512), 10**6, 64)
    assert seen == [(128, 128)]


def test_what_is_no_frame_is_refused(stream: Negative) -> None:
    with pytest.raises(InputError, match="at most 0 megapixels"):
        painted(jpeg(100, 50), 4999)
    painted(jpeg(100, 50), 5000)
    with pytest.raises(InputError, match="no picture"):
        painted(b"nothing of the kind")
    frames.camera_off(LINE, "here")
    with pytest.raises(NotFoundError):
        painted(jpeg(100, 50))
    frames.camera_off(LINE, "here")


def test_a_camera_is_opened_with_styles_that_were_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(frames, "Stream", lambda looks, settings, **_: made.append((looks, settings)))
    monkeypatch.setattr(frames, "_streams", {})
    Image.new("RGB", (40, 40), (255, 0, 0)).save(tmp_path / "ink.png")
    looks = {"subject": {"styles": [{"name": "ink", "weight": 1.0}], "strength": 0.5}}
    frames.camera(LINE, "new", looks, {"size": 64, "engine": "fast", "drawn": str(tmp_path)})
    ((looks_here, settings),) = made
    assert (settings.size, settings.engine, list(frames._streams)) == (64, "fast", ["new"])
    (style,) = looks_here["subject"].styles
    assert looks_here["subject"].strength == 0.5
    assert torch.equal(style.picture.amax((0, 2, 3)), torch.tensor([1.0, 0, 0])), "the drawn one, which is red"
