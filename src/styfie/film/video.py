"""Clips in and out: frames upright in their own time, sound as it is, in parts that a stopped run need not do again.

Frames are painted one after the other and encoded in parts of `PART` frames; with each finished part lies what the next
one builds on. At the end the parts and the sound of the original become one file. No more than a part is in memory.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from styfie.engines.progress import Progress
from styfie.errors import InputError, OutputError
from styfie.film.clip import Clip, Frame
from styfie.film.identity import film_key
from styfie.film.joining import Sound, find_sound, join, left_out
from styfie.film.lock import hold, sync
from styfie.film.parts import Parts, place_of, refusing, sealed
from styfie.film.stream import Stream
from styfie.film.stretches import WHOLE, Stretch, stretch_of
from styfie.outcomes import Outcomes
from styfie.settings import Settings
from styfie.shards import Shard
from styfie.storage.results import writing_into
from styfie.storage.xmp import SourceType, mark_mp4, xmp_packet
from styfie.styles import StyleInput, resolve_looks
from styfie.weights import checksum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from styfie.looks import Look

PART = 48  # frames
PAUSE = 0.5  # seconds before it is looked again whether another still joins


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
    note = on_note or (lambda _text: None)
    with _begun(file, folder, looks, settings, first, end, note) as job:
        finished = _paint(job, settings, on_progress, note)
        return job.target, finished


def paint_stretch(
    file: Path,
    folder: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    shard: Shard,
    first: float = 0.0,
    end: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> tuple[Path | None, bool]:
    """Paint a shard of a film, as `paint_video` does: one of `shard.count` stretches, divided at cuts where there are.

    Whoever paints the last of them joins them to the film, without decoding any: all are to have one `folder`. What the
    same call has painted before, stretch or film, is not painted again.

    Returns:
        The film, if all of it is there, and whether the stretch is finished.

    Raises:
        InputError, MissingError, OutputError: as `paint_video`.
    """
    note = on_note or (lambda _text: None)
    with _begun(file, folder, looks, settings, first, end, note) as job:
        record = Outcomes(folder, shard)
        name = f"{file.stem}-{_name_of(shard)}"
        record.begin([name])
        if _is_joined(job, record):
            record.add(name, "skipped", file=file.name)
            return job.target, True
        stretch = _places(job, shard)[shard.number - 1]
        outcome = "skipped"
        if sealed(stretch) is None:
            job = replace(job, shard=shard, stretch=stretch_of(job.clip, first, end, shard))
            if not _paint(job, settings, on_progress, note):
                return None, False
            outcome = "done"
        joined = _join_all(job, shard, record, note)
        record.add(name, outcome, file=file.name)
        return job.target if joined else None, True


@contextmanager
def _begun(
    file: Path,
    folder: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    first: float,
    end: float | None,
    note: Callable[[str], None],
) -> Iterator[_Job]:
    """What is to become of a clip, which is open meanwhile, and was found good for it.

    Raises:
        InputError, MissingError, OutputError: as `paint_video`.
    """
    if end is not None and end <= first:
        raise InputError(f"--from {first:g} and --to {end:g} came: an end after the beginning is wanted.")
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
        yield _Job(clip, known, sound, target, first, end, key, packet)


@dataclass(frozen=True, eq=False)
class _Job:
    """What is to become of a clip: the film `target` of what it shows from `first` to `end`, with an XMP `packet`.

    Of a `shard` only its `stretch` is painted.
    """

    clip: Clip
    looks: Mapping[str, Look]
    sound: Sound | None
    target: Path
    first: float
    end: float | None
    key: str
    packet: bytes
    shard: Shard | None = None
    stretch: Stretch = WHOLE

    @property
    def begin(self) -> float:
        """The first second of the clip's own time that is asked for."""
        return self.first and self.first + self.clip.start

    @property
    def total(self) -> int:
        """How many frames are to be painted, about."""
        end = self.clip.count(self.first, self.end) if self.stretch.end is None else self.stretch.end
        return end - self.stretch.first


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


def _paint(
    job: _Job, settings: Settings, on_progress: Callable[[Progress], bool | None] | None, note: Callable[[str], None]
) -> bool:
    """Paint what is not painted yet of a film and join all, or of a stretch; whether it is finished."""
    clip, folder, shard = job.clip, job.target.parent, job.shard
    with Parts(folder, job.key, PART, job.target.name, _name_of(shard) if shard else "") as parts:
        _say_where(parts, note)
        stream = Stream(job.looks, settings, parts.last)
        stream.seen |= parts.seen
        total, stopped = job.total, False
        frames = _frames(job, stream, parts)
        while not stopped and (batch := _batch(stream, frames, parts, total, on_progress)):
            stopped = batch.stopped
            parts.write(batch.frames, clip.rate, clip.time_base, None if stopped else stream.last, stream.seen)
            if len(batch.frames) < PART:
                break
        if not parts.files():
            raise InputError(f"{clip.file.name} holds no frame there that can be read: choose another --from or --to.")
        if not shard:
            _join(job, parts.files(), job.end is None and not stopped, parts.total)
            parts.done(finished=not stopped)
        elif stopped:
            parts.done(finished=False)
        else:
            parts.seal()
        if not stopped and (absent := [name for name in stream.looks if name not in stream.seen]):
            where = f"stretch {shard} of {clip.file.name}" if shard else clip.file.name
            note(f"In no frame of {where} there was {' or '.join(absent)}: nothing of it is painted.")
        return not stopped


def _frames(job: _Job, stream: Stream, parts: Parts) -> Iterator[Frame]:
    """The frames that are not painted yet; `stream` has seen those before them that a stretch begins with."""
    stretch, end = job.stretch, job.end and job.end + job.clip.start
    lead = 0 if parts.frames else stretch.lead
    frames = job.clip.frames(job.begin, end, skip=stretch.first + parts.frames - lead)
    if lead:
        seen = set(stream.seen)
        for _ in stream(one.picture for one in islice(frames, lead)):
            pass
        stream.seen = seen
    return islice(frames, None if stretch.end is None else stretch.end - stretch.first - parts.frames)


def _join(job: _Job, files: list[Path], whole: bool, count: int) -> None:
    """Write the film from its parts and the clip's sound.

    Raises:
        OutputError: it cannot be written.
    """
    folder = job.target.parent
    with refusing(folder), writing_into(folder) as beside:
        film = beside / job.target.name
        join(files, job.clip, job.sound, film, job.begin, whole, count)
        if job.packet:
            mark_mp4(film, job.packet)
        sync(film)
    sync(folder)


def _join_all(job: _Job, shard: Shard, record: Outcomes, note: Callable[[str], None]) -> bool:
    """Join the stretches, if all are painted, and say so in the record; whether the film is there now."""
    with _alone(place_of(job.target.parent, job.key, "join")):
        if _is_joined(job, record):  # by another meanwhile
            return True
        places = _places(job, shard)
        found = [sealed(place) for place in places]
        whole = [one for one in found if one is not None]
        if len(whole) < shard.count:
            missing = ", ".join(str(number) for number, one in enumerate(found, start=1) if one is None)
            note(f"Stretch {shard} is painted; the film is joined when {missing} of {shard.count} are too.")
            return False
        files = [file for parts, _ in whole for file in parts]
        _join(job, files, job.end is None, sum(frames for _, frames in whole))
        record.add(_record_name(job), "", key=job.key, film=checksum(job.target))
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
        return True


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Nobody else is in this block of the same place; whoever comes later waits, and sees what was done there."""
    while True:
        with hold(place / "lock") as free:
            if free:
                yield
                shutil.rmtree(place, ignore_errors=True)
                return
        time.sleep(PAUSE)


def _is_joined(job: _Job, record: Outcomes) -> bool:
    """Whether the film is there as the same request has joined it."""
    done = record.of(_record_name(job))
    try:
        return done.get("key") == job.key and done.get("film") == checksum(job.target)
    except OSError:
        return False


def _record_name(job: _Job) -> str:
    return f"{job.target.stem}.film"


def _name_of(shard: Shard) -> str:
    return f"{shard.number}-of-{shard.count}"


def _places(job: _Job, shard: Shard) -> list[Path]:
    """The places of all stretches, in order."""
    every = (Shard(number, shard.count) for number in range(1, shard.count + 1))
    return [place_of(job.target.parent, job.key, _name_of(one)) for one in every]


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
