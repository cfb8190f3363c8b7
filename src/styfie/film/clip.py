"""A video file as its frames, read one after the other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from torch import Tensor

from styfie.errors import InputError, MissingError
from styfie.film.display import Display, displayed

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

SHORT = 0.02  # of the length that a file says it has, which may be missing at its end
HEADERS = {"matroska", "mov", "avi", "flv", "asf"}  # formats that say their length beforehand; of others it is guessed
RATES = (0, 1000)  # frames a second that are believed
FINEST = 1_000_000  # parts of a second in which times are written: an .mp4 holds no long frame in finer ones
LEAP = 1.0  # seconds by which time goes back where one recording ends and another begins


@dataclass(frozen=True, eq=False)
class Frame:
    """A `picture` (1, 3, H, W) in [0, 1], upright, and when it is shown: `pts` in units of the clip's time base."""

    picture: Tensor
    pts: int


@dataclass(frozen=True)
class Extent:
    """What a file really holds: the `times` of its frames, sorted, and where the last of all its packets `end`s.

    Both are in seconds of the file's own time; there are no times where packets have none.
    """

    times: tuple[float, ...]
    end: float


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
        except (av.error.FFmpegError, OSError, ValueError):
            raise self._unreadable() from None
        try:
            self.stream = self._pictures()
        except InputError:
            self.container.close()
            raise
        self.size = size
        base = self.stream.time_base or Fraction(1, 90_000)
        self.time_base: Fraction = base if base.denominator <= FINEST else Fraction(1, 90_000)
        self.start = float(self.container.start_time or 0) / 1e6  # seconds of its own time at which players begin
        rate = Fraction(self.stream.average_rate or self.stream.guessed_rate or 25)
        self.rate: Fraction = rate if RATES[0] < rate <= RATES[1] else Fraction(25)

    def _unreadable(self) -> InputError:
        return InputError(f"{self.file.name} cannot be read as a video: it is damaged, or holds no picture.")

    def _pictures(self) -> VideoStream:
        """The film's own stream, not the picture on the cover of a record."""
        from av.stream import Disposition

        streams = [s for s in self.container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            raise self._unreadable()
        known = [s for s in streams if s.codec_context is not None]
        if not known:
            raise InputError(
                f"The pictures of {self.file.name} are in no form that this FFmpeg knows: convert it first."
            )
        if not (known[0].width and known[0].height):
            raise self._unreadable()
        return known[0]

    @property
    def longest(self) -> int:
        """The longest side of its frames as they come, in pixels."""
        shown = displayed((self.stream.height, self.stream.width), self.stream.sample_aspect_ratio)
        return self.size or max(shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    @cached_property
    def extent(self) -> Extent:
        """What it holds, found by reading all of it without decoding.

        Raises:
            InputError: it is damaged.
        """
        av = pyav()
        times: set[float] = set()
        end, mine = 0.0, self.stream.index
        with av.open(str(self.file)) as opened:
            try:
                for packet in opened.demux():
                    at = packet.pts if packet.pts is not None else packet.dts
                    if at is None or packet.time_base is None:
                        continue
                    end = max(end, float((at + (packet.duration or 0)) * packet.time_base))
                    if packet.stream.index == mine and not packet.is_discard:
                        times.add(float(at * packet.time_base))
            except (av.error.FFmpegError, OSError) as error:
                raise InputError(self._damaged(end - self.start, f"it cannot be read on: {error}")) from None
        return Extent(tuple(sorted(times)), end)

    def count(self, first: float = 0.0, end: float | None = None) -> int:
        """How many frames lie between two times in seconds; about, where the file does not say."""
        if times := self.extent.times:
            low, high = (
                bisect_left(times, t + self.start - 1e-6) for t in (first, float("inf") if end is None else end)
            )
            return high - low if first else high  # what comes before the beginning is shown there
        known = self.container.duration
        length = float(known) / 1e6 if known else float(self.stream.frames or 0) / float(self.rate)
        return max(1, round((min(length, end if end is not None else length) - first) * float(self.rate)))

    def check(self, first: float = 0.0, end: float | None = None) -> None:
        """See that all is there of what is asked for, between two times in seconds.

        Raises:
            InputError: the file ends before it says that it does, or no frame is shown then.
        """
        extent, declared = self.extent, float(self.container.duration or 0) / 1e6
        if not HEADERS & set(self.container.format.name.split(",")):
            declared = 0.0
        wanted = declared if end is None else min(end, declared)
        if extent.end < wanted - max(SHORT * declared, 3 / float(self.rate)):
            raise InputError(
                self._damaged(extent.end - self.start, f"of {declared:.4g} s {extent.end:.4g} s are there")
            )
        if not self.count(first, end):
            until = f"to {end:g} s" if end is not None else "on"
            raise InputError(
                f"{self.file.name} holds no frame from {first:g} s {until}: choose another --from or --to."
            )

    def _damaged(self, until: float, why: str) -> str:
        way = f"--to {int(10 * until) / 10:g} paints what is there" if until >= 0.1 else "it is to be copied anew"
        return f"{self.file.name} is damaged or was cut off ({why}): {way}."

    def frames(self, first: float = 0.0, end: float | None = None, skip: int = 0) -> Iterator[Frame]:
        """The frames shown from `first` seconds until before `end`, but for the first `skip` of them.

        Each is later than the one before: of several at one time the last is shown, as players do. All have the size
        of the first; where a clip changes its shape, what comes later stands on black.

        Raises:
            InputError: a frame is damaged.
        """
        display = Display(self.stream.sample_aspect_ratio, self.size)
        for number, (frame, pts) in enumerate(self._in_order(first, end)):
            if not number:
                display.see(frame)
            if number >= skip:
                yield Frame(display.show(frame), pts)

    def _in_order(self, first: float, end: float | None) -> Iterator[tuple[av.VideoFrame, int]]:
        """Frames of a span and their times, which rise."""
        held: tuple[av.VideoFrame, int] | None = None
        for frame, pts in self._decoded():
            time = float(pts * self.time_base)
            if end is not None and time >= end:
                break
            if time < first - 1e-6:
                continue
            if held and pts > held[1]:
                yield held
            held = frame, pts
        if held:
            yield held

    def _decoded(self) -> Iterator[tuple[av.VideoFrame, int]]:
        """All frames with their times in units of the time base; those that never come are none, nor do times fall."""
        av = pyav()
        step = max(1, round(1 / (self.rate * self.time_base)))
        last: int | None = None
        shift = seen = 0
        self.stream.thread_type = "AUTO"
        try:
            for frame in self.container.decode(self.stream):
                seen += 1
                if frame.pts is None or frame.time_base is None:
                    pts = 0 if last is None else last + step
                else:
                    pts = round(frame.pts * frame.time_base / self.time_base) + shift
                if last is not None and (last - pts) * self.time_base >= LEAP:  # another recording, joined to this one
                    shift, pts = shift + last + step - pts, last + step
                if last is not None and pts < last:
                    continue
                last = pts
                yield frame, pts
        except (av.error.FFmpegError, OSError) as error:
            until = 0.0 if last is None else float(last * self.time_base) - self.start
            raise InputError(self._damaged(until, f"after {seen} frames: {error}")) from None


def pyav() -> Any:
    """The package `av`.

    Raises:
        MissingError: it is not there.
    """
    try:
        import av
        import av.error  # noqa: F401 - known by its name from here on
    except ImportError:
        raise MissingError("Video needs an optional part: pip install 'styfie[video]'.") from None
    return av
