"""Clips painted frame by frame, and looked at before."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.film.clip import Clip
from styfie.film.video import paint_video
from styfie.images import fit_size, resize, to_image
from styfie.settings import Settings
from styfie.web.jobs import GROWING, LONGEST, PHOTO
from styfie.web.messages import message
from styfie.web.work.decoding import guarded
from styfie.web.work.paintings import look_specs
from styfie.web.workers import WorkerChannel

PREVIEW_SECONDS = 1.0  # between two frames that are shown while others are painted


def clip(_channel: WorkerChannel, file: str, most_pixels: int, most_seconds: float) -> dict[str, int]:
    """Read all of a clip without decoding but its first frame, which is written beside as `photo.jpg`.

    Returns:
        Width, height and number of its frames.

    Raises:
        InputError: it cannot be read, is too long, or its frames have too many pixels.
    """

    def read() -> dict[str, int]:
        with Clip(file, LONGEST) as opened:
            width, height = opened.stream.width, opened.stream.height
            if width * height > most_pixels:
                raise InputError(message("error.clip_pixels", width=width, height=height))
            if opened.extent.end - opened.start > most_seconds:
                raise InputError(message("error.clip_long", seconds=f"{most_seconds:g}"))
            frame = next(iter(opened.frames()), None)
            if frame is None:
                raise InputError(message("error.clip_empty"))
            to_image(frame.picture).save(Path(file).with_name(PHOTO), quality=85)
            return {"width": width, "height": height, "frames": opened.count()}

    return guarded(read)


def film(
    channel: WorkerChannel, folder: str, file: str, looks: dict[str, Any], own: dict[str, str], settings: dict[str, Any]
) -> bool:
    """Paint a clip into the folder `film` beside it, or go on with it; whether it is finished, or was stopped."""
    into, preview = Path(folder) / "film", _Preview(channel, Path(folder) / GROWING)
    into.mkdir(exist_ok=True)
    wanted = look_specs(Path(folder), looks, own)
    _, finished = paint_video(Path(folder) / file, into, wanted, Settings(**settings), on_progress=preview.add)
    return finished


class _Preview:
    """Tells how far a film is, and shows a frame of it from time to time."""

    def __init__(self, channel: WorkerChannel, file: Path) -> None:
        self.channel, self.file = channel, file
        self.count, self.next = 0, 0.0

    def add(self, progress: Progress) -> bool:
        """One more frame; whether to go on."""
        if time.monotonic() >= self.next:
            picture = progress.layers
            size = (picture.shape[-2], picture.shape[-1])
            shown = resize(picture, fit_size(size, min(LONGEST, max(size))))
            beside = self.file.with_name(f".{self.file.name}")
            to_image(shown).save(beside, "JPEG", quality=85)
            beside.replace(self.file)
            self.count, self.next = self.count + 1, time.monotonic() + PREVIEW_SECONDS
        left = round(progress.seconds_left, 1)
        self.channel.send({"step": progress.step, "steps": progress.steps, "seconds_left": left, "preview": self.count})
        return not self.channel.stop_requested()
