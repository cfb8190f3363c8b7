"""Small clips, and a stream that paints without a network: a frame's negative, half of it the one before."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from styfie.film import video
from styfie.film.stream import PreviousFrame
from styfie.looks import Look, Style

av = pytest.importorskip("av")
Pixels = np.ndarray[Any, Any]
LOOKS = {"background": Look((Style("grey", torch.full((1, 3, 8, 8), 0.5)),))}


class Negatives:
    def __init__(self, looks: Mapping[str, Look], settings: object, last: PreviousFrame | None = None) -> None:
        self.last, self.looks = last, looks
        self.seen: set[str] = set()

    def __call__(self, frames: Iterable[Tensor]) -> Generator[Tensor]:
        for frame in frames:
            self.seen.add("background")
            before = frame if self.last is None else self.last.picture
            picture = 0.5 * (1 - frame) + 0.5 * before
            self.last = PreviousFrame(frame, frame, picture, frame[:, :1], picture)
            yield picture


@pytest.fixture
def negatives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "Stream", Negatives)


def write_clip(
    file: Path,
    frames: Sequence[Pixels],
    pts: Sequence[int] | None = None,
    codec: str = "ffv1",
    pix_fmt: str = "yuv444p",
    base: Fraction = Fraction(1, 25),
    **tags: Any,
) -> Path:
    """RGB frames (H, W, 3) as a film; `tags` are attributes of the encoder, `matrix` the stream's display matrix."""
    with av.open(str(file), "w") as film:
        stream = film.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = base
        if (matrix := tags.pop("matrix", None)) is not None:
            stream.set_display_matrix(matrix)
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        matrix = {1: 1, 5: 5, 6: 5, 9: 9}.get(tags.get("colorspace", 2), 5)
        for n, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame = frame.reformat(format=pix_fmt, dst_colorspace=matrix, dst_color_range=tags.get("color_range"))
            frame.pts, frame.time_base = n if pts is None else pts[n], base
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return file


def greys(count: int, size: tuple[int, int] = (48, 64)) -> list[Pixels]:
    """Frames of one grey each, brighter and brighter."""
    return [np.full((*size, 3), round(20 + 200 * n / max(1, count - 1)), np.uint8) for n in range(count)]


def pixels_of(file: Path) -> Pixels:
    """All frames of a film (N, H, W, 3)."""
    with av.open(str(file)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])
