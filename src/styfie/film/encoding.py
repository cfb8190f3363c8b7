"""Frames to H.264, or to what else FFmpeg is there for, as every player takes it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import torch

from styfie.errors import MissingError
from styfie.film.clip import Frame, pyav
from styfie.film.display import encodable, tag

CODECS = ("libx264", "libopenh264", "mpeg4")  # of FFmpeg; the first that is there
QUALITY = {"crf": "16", "bf": "0", "preset": "medium", "threads": "1"}  # without B-frames parts can be joined


def encode(frames: Sequence[Frame], rate: Fraction, base: Fraction, file: Path) -> None:
    """Frames as a film without sound, each at its own time in units of `base` seconds; `rate` guides the encoder."""
    av = pyav()
    with av.open(str(file), "w", format="nut") as film:
        stream = film.add_stream(codec(), rate=rate, options=QUALITY)
        height, width = frames[0].picture.shape[-2:]
        tag(stream.codec_context, (height, width))
        stream.codec_context.time_base = base
        for one in frames:
            pixels = (255 * one.picture[0].permute(1, 2, 0)).round().to(torch.uint8).numpy()
            frame = encodable(pixels)
            frame.pts, frame.time_base = one.pts, base
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


def codec() -> str:
    """The name of the first of `CODECS` that is there.

    Raises:
        MissingError: none is.
    """
    av = pyav()
    for name in CODECS:
        with suppress(av.codec.codec.UnknownCodecError):
            av.Codec(name, "w")
            return name
    raise MissingError(f"This PyAV knows none of {', '.join(CODECS)}: a timelapse as .gif needs nothing of it.")
