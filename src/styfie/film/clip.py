"""A video file as its frames, read one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from torch import Tensor

from styfie.errors import InputError, MissingError
from styfie.film.display import as_shown, displayed

if TYPE_CHECKING:
    from av.container import InputContainer


@dataclass(frozen=True, eq=False)
class Frame:
    """A `picture` (1, 3, H, W) in [0, 1], upright, and when it is shown: `pts` in units of the clip's time base."""

    picture: Tensor
    pts: int


class Clip:
    """A video file, read frame by frame at a longest side of `size` pixels (0 = its own), both sides even.

    Raises:
        MissingError: no such file, or PyAV is not there.
        InputError: no video that can be read.
    """

    def __init__(self, file: str | Path, size: int = 0) -> None:
        self.file = Path(file)
        av = pyav()
        if not self.file.is_file():
            raise MissingError(f"There is no video {self.file}.")
        try:
            self.container: InputContainer = av.open(str(self.file))
            self.stream = self.container.streams.video[0]
        except (av.error.FFmpegError, IndexError):
            raise InputError(
                f"{self.file.name} cannot be read as a video: it is damaged, or holds no picture."
            ) from None
        self.size = size
        self.time_base: Fraction = self.stream.time_base or Fraction(1, 90_000)
        self.start = float(self.container.start_time or 0) / 1e6  # seconds of its own time at which players begin
        self.rate: Fraction = self.stream.average_rate or self.stream.guessed_rate or Fraction(25)

    @property
    def longest(self) -> int:
        """The longest side of its frames as they come, in pixels."""
        shown = displayed((self.stream.height, self.stream.width), self.stream.sample_aspect_ratio)
        return self.size or max(shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    def count(self, first: float = 0.0, end: float | None = None) -> int:
        """About how many frames lie between two times in seconds."""
        known = self.container.duration
        length = float(known) / 1e6 if known else float(self.stream.frames or 0) / float(self.rate)
        return max(1, round((min(length, end if end is not None else length) - first) * float(self.rate)))

    def frames(self, first: float = 0.0, end: float | None = None, skip: int = 0) -> Iterator[Frame]:
        """The frames shown from `first` seconds until before `end`, but for the first `skip` of them.

        Raises:
            InputError: a frame is damaged.
        """
        av = pyav()
        seen, last = 0, -1
        self.stream.thread_type = "AUTO"
        try:
            for frame in self.container.decode(self.stream):
                pts = frame.pts if frame.pts is not None else last + round(1 / (self.rate * self.time_base))
                last = pts
                time = float(pts * self.time_base)
                if end is not None and time >= end:
                    return
                if time < first - 1e-6:
                    continue
                seen += 1
                if seen > skip:
                    yield Frame(as_shown(frame, self.stream.sample_aspect_ratio, self.size), pts)
        except av.error.FFmpegError as error:
            raise InputError(f"{self.file.name} is damaged after {seen} frames ({error}).") from None


def pyav() -> Any:
    """The package `av`.

    Raises:
        MissingError: it is not there.
    """
    try:
        import av
        import av.error
    except ImportError:
        raise MissingError("Video needs an optional part: pip install 'styfie[video]'.") from None
    return av
