"""The parts of a film and the sound of its clip as one file."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from styfie.film.clip import Clip, pyav

COPIED = {"aac", "mp3", "mp3float", "ac3", "eac3", "alac", "opus", "flac"}  # sound that an .mp4 takes as it is


def join(parts: Sequence[Path], clip: Clip, file: Path, first: float, whole: bool, count: int) -> None:
    """Parts and the clip's sound as one film, its times counted from `first` seconds.

    Sound ends with the last frame, unless the clip is painted `whole`: then what is heard after it is kept too.

    Raises:
        OSError: it cannot be written, or the parts do not hold `count` frames.
    """
    av = pyav()
    with av.open(str(file), "w", options={"video_track_timescale": str(clip.time_base.denominator)}) as film:
        with av.open(str(parts[0])) as one:
            picture = film.add_stream_from_template(one.streams.video[0])
        sound = _Sound(clip, film, first)
        start: Fraction | None = None
        end, found = Fraction(0), 0
        for part in parts:
            with av.open(str(part)) as one:
                for packet in one.demux(one.streams.video[0]):
                    if packet.pts is None or packet.time_base is None:
                        continue
                    time = packet.pts * packet.time_base
                    start = time if start is None else start
                    shift = round(Fraction(start if first else 0) / packet.time_base)
                    packet.pts -= shift
                    packet.dts = packet.pts
                    packet.stream = picture
                    end = time
                    sound.until(float(time))
                    film.mux(packet)
                    found += 1
        sound.until(math.inf if whole else float(end + 1 / clip.rate), last=True)
    if found != count:
        raise OSError(errno.EIO, f"of {count} painted frames {found} could be read again")


class _Sound:
    """The sound of a clip on its way into a film, copied where the film takes it, else as AAC."""

    def __init__(self, clip: Clip, film: Any, first: float) -> None:
        self.film, self.first = film, first
        self.packets: Iterator[Any] = iter(())
        self.held: Any = None
        self.source = pyav().open(str(clip.file)) if clip.container.streams.audio else None
        if self.source is None:
            return
        stream = self.source.streams.audio[0]
        self.copied = stream.codec_context.name in COPIED
        self.out = film.add_stream_from_template(stream) if self.copied else film.add_stream("aac", rate=stream.rate)
        self.packets = self.source.demux(stream)

    def until(self, time: float, last: bool = False) -> None:
        """Write what is heard before a time of the clip, in seconds."""
        while self.source is not None:
            packet = self.held or next(self.packets, None)
            self.held = None
            if packet is None or packet.pts is None:
                if packet is None:
                    self._close()
                continue
            heard = float(packet.pts * packet.time_base)
            if heard >= time:
                self.held = packet
                break
            if not self.first or heard >= self.first:  # what an encoder begins with is before 0
                self._write(packet)
        if last and self.source is not None:
            self._close()

    def _write(self, packet: Any) -> None:
        shift = round(self.first / packet.time_base)
        if self.copied:
            packet.stream = self.out
            packet.pts -= shift
            packet.dts = packet.pts
            self.film.mux(packet)
            return
        for frame in packet.decode():
            frame.pts -= round(self.first / frame.time_base)
            self.film.mux(self.out.encode(frame))

    def _close(self) -> None:
        if not self.copied:
            self.film.mux(self.out.encode())
        if self.source is not None:
            self.source.close()
        self.source = None
