"""Clips in and out: frames upright in their own time, sound as it is, in parts that a stopped run need not do again.

Frames are painted one after the other and encoded in parts of `PART` frames; with each finished part lies what the next
one builds on. At the end the parts and the sound of the original become one file. No more than a part is in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from styfie.engines.progress import Progress
from styfie.errors import InputError, OutputError
from styfie.film.clip import Clip, Frame
from styfie.film.identity import film_key
from styfie.film.joining import Sound, find_sound, join, left_out
from styfie.film.lock import sync
from styfie.film.parts import Parts, refusing
from styfie.film.stream import Stream
from styfie.settings import Settings
from styfie.storage.results import writing_into
from styfie.storage.xmp import SourceType, mark_mp4, xmp_packet
from styfie.styles import StyleInput, resolve_looks

if TYPE_CHECKING:
    from collections.abc import Mapping

PART = 48  # frames


def paint_video(
    file: Path,
    folder: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    first: float = 0.0,
    end: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> tuple[Path, bool]:
    """Paint a clip into `folder`, as .mp4 under its own name; of it what is shown from `first` to `end`, in seconds.

    Stopped, by `on_progress` returning False, it leaves what is painted so far as a film that plays; killed or
    stopped, the same call goes on from the last finished part and ends with the same frames. `on_note` is told so.

    Returns:
        The file, and whether it is finished.

    Raises:
        InputError, MissingError: what cannot be read, painted, or is not there.
        OutputError: the folder cannot be written to, or another run is painting the same film into it.
    """
    if end is not None and end <= first:
        raise InputError(f"--from {first:g} and --to {end:g} came: an end after the beginning is wanted.")
    note = on_note or (lambda _text: None)
    with Clip(file, settings.size) as clip:
        known = resolve_looks(looks, clip.longest)
        if falling := [name for name, look in known.items() if look.depth_falloff]:
            raise InputError(
                f"The strength of {' and '.join(falling)} falls off with depth, and frames have none: "
                "leave --depth-falloff out."
            )
        target = _target(clip, folder)
        clip.check(first, end)
        sound = find_sound(clip)
        if lost := left_out(clip, sound):
            note(f"Left out of the film: {'; '.join(lost)}.")
        key = film_key(file, known, settings, first, end)
        packet = xmp_packet(SourceType.PAINTED, key) if settings.mark else b""
        with Parts(folder, key, PART, target.name) as parts:
            _say_where(parts, note)
            stream = Stream(known, settings, parts.last)
            stream.seen |= parts.seen
            finished = _paint(_Job(clip, sound, target, first, end, packet), stream, parts, on_progress)
        if finished and (absent := [name for name in stream.looks if name not in stream.seen]):
            note(f"In no frame of {file.name} there was {' or '.join(absent)}: nothing of it is painted.")
        return target, finished


@dataclass(frozen=True, eq=False)
class _Job:
    """What is to become of a clip: the film `target` of what it shows from `first` to `end`, with an XMP `packet`."""

    clip: Clip
    sound: Sound | None
    target: Path
    first: float
    end: float | None
    packet: bytes


def _target(clip: Clip, folder: Path) -> Path:
    """The film to write.

    Raises:
        OutputError: it would replace the clip, or what is no file.
    """
    target = folder / f"{clip.file.stem}.mp4"
    if target.exists() and target.samefile(clip.file):
        raise OutputError(f"{target} is the clip itself, which its painting would replace: choose another folder.")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise OutputError(
            f"{target} is no plain file, which a film could replace: remove it, or choose another folder."
        )
    return target


def _say_where(parts: Parts, note: Callable[[str], None]) -> None:
    if parts.damaged:
        note(f"Of what was painted before, the frames from {parts.frames + 1} on are damaged: they are painted again.")
    if parts.count:
        note(f"going on at frame {parts.frames + 1}")


def _paint(job: _Job, stream: Stream, parts: Parts, on_progress: Callable[[Progress], bool | None] | None) -> bool:
    """Paint what is not painted yet, and join all; whether it is finished."""
    clip, folder = job.clip, job.target.parent
    total, stopped = clip.count(job.first, job.end), False
    begin, end = job.first and job.first + clip.start, job.end and job.end + clip.start
    frames = clip.frames(begin, end, skip=parts.frames)
    while not stopped and (batch := _batch(stream, frames, parts, total, on_progress)):
        stopped = batch.stopped
        parts.write(batch.frames, clip.rate, clip.time_base, None if stopped else stream.last, stream.seen)
        if len(batch.frames) < PART:
            break
    if not parts.files():
        raise InputError(f"{clip.file.name} holds no frame there that can be read: choose another --from or --to.")
    with refusing(folder), writing_into(folder) as beside:
        film = beside / job.target.name
        join(parts.files(), clip, job.sound, film, begin, job.end is None and not stopped, parts.total)
        if job.packet:
            mark_mp4(film, job.packet)
        sync(film)
    sync(folder)
    parts.done(finished=not stopped)
    return not stopped


@dataclass(frozen=True, eq=False)
class _Batch:
    frames: list[Frame]
    stopped: bool


def _batch(
    stream: Stream,
    frames: Iterator[Frame],
    parts: Parts,
    total: int,
    on_progress: Callable[[Progress], bool | None] | None,
) -> _Batch | None:
    """The next part's frames, painted; None at the end."""
    taken: list[Frame] = []

    def pictures() -> Iterator[Tensor]:
        for frame in frames:
            taken.append(frame)
            yield frame.picture
            if len(taken) == PART:
                return

    painted: list[Frame] = []
    began, done = time.monotonic(), parts.frames
    with closing(stream(pictures())) as pictured:  # left open, it would give back PyTorch's threads at some later time
        for picture in pictured:
            painted.append(Frame(picture, taken[len(painted)].pts))
            each = (time.monotonic() - began) / len(painted)
            step = done + len(painted)
            left = each * max(0, total - step)
            shown = Progress(step, max(total, step), {"frames a second": 1 / max(each, 1e-6)}, left, picture)
            if on_progress and on_progress(shown) is False:
                return _Batch(painted, True)
    return _Batch(painted, False) if painted else None
