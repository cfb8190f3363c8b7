"""The parts of a film and the sound of its clip as one file."""

from __future__ import annotations

import errno
import io
import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from styfie.film.clip import Clip, pyav
from styfie.film.display import tag_colours

COPIED = {"aac", "mp3", "mp3float", "ac3", "eac3", "alac", "opus", "flac"}  # sound that an .mp4 takes as it is
AAC = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)  # samples a second it can be
TRIED = 24  # packets of sound that are tried before a clip is painted


@dataclass(frozen=True)
class Sound:
    """A stream of sound, by its `index` in the clip, and whether it is `copied` as it is or encoded as AAC."""

    index: int
    copied: bool


def find_sound(clip: Clip) -> Sound | None:
    """The sound that players choose, or the next that can be kept, and how; none where there is none.

    Both ways are tried on its first packets: neither a codec's name nor a header says that all goes well.
    """
    streams = clip.container.streams
    best = streams.best("audio")
    for stream in sorted(streams.audio, key=lambda one: best is not None and one.index != best.index):
        if stream.codec_context is None:
            continue
        copied = stream.codec_context.name in COPIED
        ways = [Sound(stream.index, True)] * copied + [Sound(stream.index, False)]
        if found := next((way for way in ways if _works(clip, way)), None):
            return found
    return None


def left_out(clip: Clip, sound: Sound | None) -> list[str]:
    """What of a clip its film will not have, in words."""
    streams = clip.container.streams
    found = ["its sound, which is in no form that this FFmpeg can read"] if streams.audio and sound is None else []
    pictures = clip.stream.codec_context.format
    for count, what in (
        (len(streams.audio) - 1, "further track{} of sound"),
        (len(streams.subtitles), "track{} of subtitles"),
    ):
        found += [f"{count} {what.format('s' if count > 1 else '')}"] if count > 0 else []
    if pictures is not None and any(part.is_alpha for part in pictures.components):
        found.append("what is transparent, which is seen as it lies beneath")
    return found


def _works(clip: Clip, sound: Sound) -> bool:
    """Whether some of a clip's sound goes into a film that nobody sees."""
    av = pyav()
    try:
        with av.open(io.BytesIO(), "w", format="mp4") as film:
            track = Track(clip, sound, film, 0.0)
            film.start_encoding()
            track.until(math.inf, most=TRIED)
            return track.written > 0 or not track.packets_read
    except (av.error.FFmpegError, OSError, ValueError, NotImplementedError, MemoryError):
        return False


def join(
    parts: Sequence[Path], clip: Clip, sound: Sound | None, file: Path, first: float, whole: bool, count: int
) -> None:
    """Parts and the clip's sound as one film, its times counted from `first` seconds.

    Sound ends with the last frame, unless the clip is painted `whole`: then what is heard after it is kept too.

    Raises:
        OSError: it cannot be written, or the parts do not hold `count` frames.
    """
    av = pyav()
    with av.open(str(file), "w", options={"video_track_timescale": str(clip.time_base.denominator)}) as film:
        with av.open(str(parts[0])) as one:
            picture = film.add_stream_from_template(one.streams.video[0])
            tag_colours(picture.codec_context, one.streams.video[0].height)  # which the parts' container does not hold
        track = Track(clip, sound, film, first) if sound else None
        start: Fraction | None = None
        end, found = Fraction(0), 0
        for packet in _packets(parts):
            end = packet.pts * packet.time_base
            start = end if start is None else start
            packet.pts -= round(Fraction(start if first else 0) / packet.time_base)
            packet.dts = packet.pts
            packet.stream = picture
            if track:
                track.until(float(end))
            film.mux(packet)
            found += 1
        if track:
            track.until(math.inf if whole else float(end + 1 / clip.rate), last=True)
    if found != count:
        raise OSError(errno.EIO, f"of {count} painted frames {found} could be read again")


def _packets(parts: Sequence[Path]) -> Iterator[Any]:
    """The packets of all parts, one after the other."""
    for part in parts:
        with pyav().open(str(part)) as one:
            for packet in one.demux(one.streams.video[0]):
                if packet.pts is not None and packet.time_base is not None:
                    yield packet


class Track:
    """The sound of a clip on its way into a film, its times counted from `first` seconds; what is damaged is skipped.

    `packets_read` of the clip's and `written` of the film's packets are done.
    """

    def __init__(self, clip: Clip, sound: Sound, film: Any, first: float) -> None:
        av = pyav()
        self.film, self.first, self.copied = film, first, sound.copied
        self.source = av.open(str(clip.file))
        stream = self.source.streams[sound.index]
        self.packets: Iterator[Any] = self.source.demux(stream)
        self.packets_read = self.written = 0
        self.last: int | None = None  # time of the newest packet, in its own units: they rise
        if sound.copied:
            self.out = film.add_stream_from_template(stream)
            return
        rate = stream.rate if stream.rate in AAC else 48000
        self.out = film.add_stream("aac", rate=rate)
        self.out.layout = "stereo" if stream.codec_context.channels > 1 else "mono"
        self.resampler = av.AudioResampler(format="fltp", layout=self.out.layout, rate=rate)

    def until(self, time: float, last: bool = False, most: int | None = None) -> None:
        """Write what is heard before a time of the clip, in seconds; `last` of all, or `most` so many packets."""
        while self.source is not None and (most is None or self.packets_read < most):
            packet = self._next()
            if packet is None:
                last = True
                break
            heard = float(packet.pts * packet.time_base)
            if heard >= time:
                self.packets = itertools.chain([packet], self.packets)
                break
            self.packets_read += 1
            if not self.first or heard >= self.first:  # what an encoder begins with is before 0
                self._write(packet)
        if (last or most is not None) and self.source is not None:
            self._close()

    def _next(self) -> Any:
        """The next packet that has a time; none at the end, or where the file is damaged."""
        with suppress(pyav().error.FFmpegError, OSError):
            return next((packet for packet in self.packets if packet.pts is not None), None)
        return None

    def _write(self, packet: Any) -> None:
        if self.copied:
            packet.stream = self.out
            packet.pts -= round(self.first / packet.time_base)
            packet.dts = packet.pts
            self._mux([packet])
            return
        with suppress(pyav().error.InvalidDataError):
            for frame in packet.decode():
                if frame.pts is not None:
                    frame.pts -= round(self.first / frame.time_base)
                self._encode(frame)

    def _encode(self, frame: Any) -> None:
        for one in self.resampler.resample(frame):
            self._mux(self.out.encode(one))

    def _mux(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            if packet.dts is None or (self.last is not None and packet.dts <= self.last):
                continue
            self.last = packet.dts
            self.film.mux(packet)
            self.written += 1

    def _close(self) -> None:
        if not self.copied:
            self._encode(None)
            self._mux(self.out.encode(None))
        if self.source is not None:
            self.source.close()
        self.source = None
