"""Cameras: streams of frames that the quick worker paints, each known by an id."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from styfie.web.errors import BusyError, NotFoundError, WorkerDiedError
from styfie.web.messages import message
from styfie.web.workers import Worker

MAX_CAMERAS = 2  # at a time
IDLE = 60.0  # seconds without a frame after which one ends
SECONDS = 20.0  # that a frame may take
COUNTED = 8  # frames that the rate is taken over


@dataclass
class Camera:
    """One stream: what is asked of it, and when its last frames came back."""

    looks: dict[str, Any]
    settings: dict[str, Any]
    busy: bool = False
    used: float = field(default_factory=time.monotonic)
    times: deque[float] = field(default_factory=lambda: deque(maxlen=COUNTED))

    @property
    def rate(self) -> float:
        """Frames a second, of late."""
        if len(self.times) < 2:
            return 0.0
        return (len(self.times) - 1) / max(1e-3, self.times[-1] - self.times[0])


Decode = Callable[[bytes, int, int], Awaitable[tuple[bytes, int, int]]]
"""What makes pixels of a JPEG of at most so many pixels, at a longest side, with their height and width."""


class Cameras:
    """All cameras of one worker; their frames are decoded elsewhere."""

    def __init__(self, interactive: Worker, decode: Decode) -> None:
        self.interactive, self.decode = interactive, decode
        self._open: dict[str, Camera] = {}

    async def open(self, looks: dict[str, Any], settings: dict[str, Any]) -> str:
        """A new one.

        Raises:
            BusyError: there are enough.
            InputError, MissingError: its looks cannot be painted.
        """
        await self.sweep()
        if len(self._open) >= MAX_CAMERAS:
            raise BusyError(message("error.cameras", count=MAX_CAMERAS))
        name = secrets.token_urlsafe(16)
        self._open[name] = camera = Camera(looks, settings)
        try:
            await self.interactive.call("camera", name, camera.looks, camera.settings, owner=name)
        except BaseException:
            self._open.pop(name, None)
            raise
        return name

    async def frame(self, name: str, frame: bytes, most_pixels: int) -> tuple[bytes, float]:
        """A frame painted, as JPEG, and the rate of late in frames a second.

        Raises:
            GoneError: there is no such camera.
            BusyError: the frame before is not done.
            InputError: no picture.
        """
        camera = self._find(name)
        if camera.busy:
            raise BusyError(message("error.frame_early"))
        camera.busy = True
        try:
            photo = await self.decode(frame, most_pixels, camera.settings["size"])
            painted: bytes = await self.interactive.call("frame", name, *photo, owner=name, seconds=SECONDS)
        except WorkerDiedError:  # and its streams with it
            self._open.pop(name, None)
            raise NotFoundError(message("error.camera_ended")) from None
        except NotFoundError:
            self._open.pop(name, None)
            raise
        finally:
            camera.busy = False
        camera.used = time.monotonic()
        camera.times.append(camera.used)
        return painted, camera.rate

    async def close(self, name: str) -> None:
        """It is open no more."""
        self._find(name)
        self._open.pop(name, None)
        await self.interactive.cancel(name)
        await self.interactive.call("camera_off", name, owner=name)

    async def sweep(self) -> None:
        """Close what nobody has sent a frame to for a while."""
        late = time.monotonic() - IDLE
        for name in [name for name, camera in self._open.items() if camera.used < late and not camera.busy]:
            await self.close(name)

    def _find(self, name: str) -> Camera:
        if name not in self._open:
            raise NotFoundError(message("error.no_camera"))
        return self._open[name]
