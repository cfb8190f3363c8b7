"""Frames of a time-lapse on disk, beside the state from which its run may go on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frame = NDArray[np.uint8]


class StoredFrames:
    """Frames of the run that has this key, in a hidden folder, by the number of the step that they show.

    What cannot be written is not kept: a film that lacks its beginning is no reason to stop a run.
    """

    def __init__(self, place: Path, key: str) -> None:
        self.place, self.key = place, key
        self._steps: list[int] = []  # those seen, of which numbers count
        self._begun = False

    def before(self, step: int, size: tuple[int, ...]) -> tuple[int, Sequence[Frame], int]:
        """What an earlier process saw before this step: how many steps, evenly spaced frames, and every which.

        From this step on all is to come again.
        """
        seen = 0
        frames: dict[int, Frame] = {}
        with suppress(OSError, ValueError):
            if (self.place / "key").read_text(encoding="utf-8") == self.key:
                self._steps = [int(line) for line in (self.place / "steps").read_text(encoding="utf-8").split()]
                seen = sum(one < step for one in self._steps)
                frames = self._read(seen, size)
        every = _every(frames, seen)
        if not seen or every > seen:
            self._steps = []
            shutil.rmtree(self.place, ignore_errors=True)
            return 0, [], 1
        self._steps, self._begun = self._steps[:seen], True
        self.thin(every, seen)
        return seen, [frames[n] for n in range(every, seen + 1, every)], every

    def add(self, step: int, frames: Mapping[int, Frame], resumable: bool) -> None:
        """One step more, and all frames so far by number; they are kept from the first state on."""
        self._steps.append(step)
        if not (self._begun or resumable):
            return
        with suppress(OSError):
            if not self._begun:
                self.place.mkdir(parents=True, exist_ok=True)
                (self.place / "key").write_text(self.key, encoding="utf-8")
                self._begun = True
            for number, frame in frames.items():
                if not (file := self._file(number)).exists():
                    beside = self.place / "frame"
                    Image.fromarray(frame).save(beside, "PNG", compress_level=1)
                    beside.replace(file)
            (self.place / "steps").write_text("\n".join(map(str, self._steps)), encoding="utf-8")

    def thin(self, every: int, most: int | None = None) -> None:
        """Let go of all but every so-manieth frame, and of those after number `most`."""
        for file in self.place.glob("*.png"):
            number = int(file.stem)
            if number % every or (most is not None and number > most):
                with suppress(OSError):
                    file.unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self.place / f"{number:07d}.png"

    def _read(self, most: int, size: tuple[int, ...]) -> dict[int, Frame]:
        found = {}
        for number in range(1, most + 1):
            with suppress(OSError, ValueError, SyntaxError), Image.open(self._file(number), formats=["PNG"]) as image:
                pixels = np.asarray(image)
                if pixels.shape == size:
                    found[number] = pixels
        return found


def _every(frames: Mapping[int, Frame], seen: int) -> int:
    """The least power of two whose multiples up to `seen` are all there."""
    every = 1
    while any(number not in frames for number in range(every, seen + 1, every)):
        every *= 2
    return every
