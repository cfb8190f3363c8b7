"""Frames of a camera, painted one after the other."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from styfie.film.stream import Stream
from styfie.images import to_image
from styfie.settings import Settings
from styfie.storage.xmp import SourceType, xmp_packet
from styfie.styles import resolve_looks
from styfie.web.errors import NotFoundError
from styfie.web.messages import message
from styfie.web.work.paintings import look_specs
from styfie.web.workers import WorkerChannel

_streams: dict[str, Stream] = {}


def camera(_channel: WorkerChannel, name: str, looks: dict[str, Any], settings: dict[str, Any]) -> None:
    """Open one."""
    drawn = Path(settings.pop("drawn"))
    asked = Settings(**settings)
    resolved = resolve_looks(look_specs(drawn, looks, {}, drawn), asked.size)
    _streams[name] = Stream(resolved, asked, side_by_side=True)  # one frame comes when the one before has gone


def frame(_channel: WorkerChannel, name: str, pixels: bytes, height: int, width: int) -> bytes:
    """Paint a frame: float32 RGB in [0, 1] as bytes (3, H, W) in, JPEG out.

    Raises:
        NotFoundError: there is no such camera.
    """
    if (stream := _streams.get(name)) is None:
        raise NotFoundError(message("error.no_camera"))
    photo = torch.frombuffer(bytearray(pixels), dtype=torch.float32).view(1, 3, height, width)
    if stream.last is not None and stream.last.photo.shape != photo.shape:
        stream.last = None  # turned, or another camera
    (painted,) = stream([photo])
    held = io.BytesIO()
    packet = xmp_packet(SourceType.PAINTED) if stream.settings.mark else b""
    to_image(painted).save(held, "JPEG", quality=85, xmp=packet)
    return held.getvalue()


def camera_off(_channel: WorkerChannel, name: str) -> None:
    """Close one."""
    _streams.pop(name, None)
