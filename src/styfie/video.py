"""Clips in and out: frames upright in their own time, sound as it is, in parts that a stopped run need not do again.

Frames are painted one after the other and encoded in parts of `PART` frames; with each finished part lies what the next
one builds on. At the end the parts and the sound of the original become one file. No more than a part is in memory.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import styfie
from styfie.engines import weights_used
from styfie.engines.progress import Progress
from styfie.errors import InputError, MissingError, OutputError
from styfie.folder import writing_into
from styfie.images import fit_size, resize
from styfie.settings import Settings
from styfie.stream import Shown, Stream
from styfie.styles import Wanted, resolve_looks
from styfie.timelapse import codec
from styfie.weights import checksums

if TYPE_CHECKING:
    from collections.abc import Mapping

    import av
    from av.container import InputContainer

PART = 48  # frames
COPIED = {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"}  # sound that an .mp4 takes as it is
QUALITY = {"crf": "16", "bf": "0", "preset": "medium", "threads": "1"}  # without B-frames parts can be joined


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
        av = _pyav()
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
        self.rate: Fraction = self.stream.average_rate or self.stream.guessed_rate or Fraction(25)

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
        av = _pyav()
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
                    yield Frame(_upright(frame, self.size), pts)
        except av.error.FFmpegError as error:
            raise InputError(f"{self.file.name} is damaged after {seen} frames ({error}).") from None


def paint_video(
    file: Path,
    folder: Path,
    looks: Mapping[str, Wanted],
    settings: Settings,
    first: float = 0.0,
    end: float | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> tuple[Path, bool]:
    """Paint a clip into `folder`, as .mp4 under its own name.

    Stopped, by `on_progress` returning False, it leaves what is painted so far as a film that plays; killed or
    stopped, the same call goes on from the last finished part and ends with the same frames.

    Returns:
        The file, and whether it is finished.

    Raises:
        InputError, MissingError: what cannot be read, painted, or is not there.
        OutputError: the folder cannot be written to.
    """
    if end is not None and end <= first:
        raise InputError(f"--from {first:g} and --to {end:g} came: an end after the beginning is wanted.")
    with Clip(file, settings.size) as clip:
        longest = max(fit_size((clip.stream.height, clip.stream.width), settings.size)) if settings.size else 0
        known = resolve_looks(looks, longest or max(clip.stream.height, clip.stream.width))
        parts = _Parts(folder, _key(file, known, settings, first, end))
        stream = Stream(known, settings, parts.last())
        frames = clip.frames(first, end, skip=PART * parts.count)
        total, stopped = clip.count(first, end), False
        while not stopped and (batch := _batch(stream, frames, parts, total, on_progress)):
            stopped = batch.stopped
            parts.write(batch.frames, clip.rate, clip.time_base, None if stopped else stream.last)
            if len(batch.frames) < PART:
                break
        if not parts.count and not parts.extra:
            raise InputError(f"{file.name} holds no frame from {first:g} s on: choose an earlier --from.")
        name = f"{file.stem}.mp4"
        with writing_into(folder) as beside:
            _joined(parts.files(), clip, beside / name, first)
    parts.done(finished=not stopped)
    return folder / name, not stopped


@dataclass(frozen=True, eq=False)
class _Batch:
    frames: list[Frame]
    stopped: bool


def _batch(
    stream: Stream,
    frames: Iterator[Frame],
    parts: _Parts,
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
    began, done = time.monotonic(), PART * parts.count
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


class _Parts:
    """The finished parts of a run, in a hidden folder beside the result."""

    def __init__(self, folder: Path, key: str) -> None:
        self.place = folder / f".unfinished-{key[:16]}"
        self.extra: Path | None = None  # of a stopped run: not kept
        try:
            self.place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"Could not write into {folder}: {error.strerror}.") from error
        self.count = 0
        while self._state(self.count).is_file():
            self.count += 1

    def _file(self, number: int) -> Path:
        return self.place / f"{number:05d}.nut"

    def _state(self, number: int) -> Path:
        return self.place / f"{number:05d}.safetensors"

    def last(self) -> Shown | None:
        """What the next part builds on."""
        if not self.count:
            return None
        return Shown(**load_file(self._state(self.count - 1)))

    def write(self, frames: list[Frame], rate: Fraction, base: Fraction, last: Shown | None) -> None:
        """One part more; its state, written last, says that it is whole. Without a state it is not counted."""
        file = self._file(self.count)
        try:
            _encode(frames, rate, base, file)
            if last is None or len(frames) < PART:
                self.extra = file
                return
            beside = self.place / "state"
            save_file({name: tensor.contiguous() for name, tensor in vars(last).items()}, beside)
            beside.replace(self._state(self.count))
        except OSError as error:
            raise OutputError(f"Could not write into {self.place.parent}: {error.strerror or error}.") from error
        for old in range(self.count):  # only the newest is gone on from; empty ones still count
            if self._state(old).stat().st_size:
                self._state(old).write_bytes(b"")
        self.count += 1

    def files(self) -> list[Path]:
        """All parts in order."""
        return [*(self._file(n) for n in range(self.count)), *([self.extra] if self.extra else [])]

    def done(self, finished: bool) -> None:
        """Tidy up: of a stopped run the finished parts stay."""
        if finished:
            shutil.rmtree(self.place, ignore_errors=True)
        elif self.extra:
            self.extra.unlink(missing_ok=True)


def _encode(frames: list[Frame], rate: Fraction, base: Fraction, file: Path) -> None:
    av = _pyav()
    with av.open(str(file), "w", format="nut") as film:
        stream = film.add_stream(codec(), rate=rate, options=QUALITY)
        stream.height, stream.width = frames[0].picture.shape[-2:]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = base
        for one in frames:
            pixels = (255 * one.picture[0].permute(1, 2, 0)).round().to(torch.uint8).numpy()
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = one.pts, base
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


def _joined(parts: list[Path], clip: Clip, file: Path, first: float) -> None:
    """Parts and the clip's sound as one film, its times counted from `first` seconds."""
    av = _pyav()
    with av.open(str(file), "w", options={"video_track_timescale": str(clip.time_base.denominator)}) as film:
        with av.open(str(parts[0])) as one:
            picture = film.add_stream_from_template(one.streams.video[0])
        sound = _Sound(clip, film, first)
        start: Fraction | None = None
        end = Fraction(0)
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
        sound.until(float(end + 1 / clip.rate), last=True)


class _Sound:
    """The sound of a clip on its way into a film, copied where the film takes it, else as AAC."""

    def __init__(self, clip: Clip, film: Any, first: float) -> None:
        self.film, self.first = film, first
        self.packets: Iterator[Any] = iter(())
        self.held: Any = None
        self.source = _pyav().open(str(clip.file)) if clip.container.streams.audio else None
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


def _upright(frame: av.VideoFrame, size: int) -> Tensor:
    """A decoded frame as the viewer sees it, (1, 3, H, W) with even sides."""
    pixels = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4  # counterclockwise, as the clip's metadata ask for
    picture = torch.from_numpy(np.rot90(pixels, turns).copy()).permute(2, 0, 1)[None].float() / 255
    height, width = fit_size((picture.shape[-2], picture.shape[-1]), size or max(picture.shape[-2:]))
    return resize(picture, (max(2, height // 2 * 2), max(2, width // 2 * 2))).clamp(0, 1)


def _key(file: Path, looks: Mapping[str, Any], settings: Settings, first: float, end: float | None) -> str:
    """SHA-256 of all that the painted frames depend on."""
    asked = {
        name: [
            *(look.strength, look.color, look.stroke, look.likeness, look.blur, look.bokeh),
            [s.weight for s in look.styles],
        ]
        for name, look in looks.items()
    }
    plain = [
        styfie.__version__,
        torch.__version__,
        asdict(settings),
        asked,
        first,
        end,
        checksums(weights_used(settings)),
    ]
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    for name in sorted(looks):
        for style in looks[name].styles:
            for tensor in (style.picture, style.alpha):
                digest.update(b"none" if tensor is None else tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _pyav() -> Any:
    try:
        import av
        import av.error
    except ImportError:
        raise MissingError("Video needs an optional part: pip install 'styfie[video]'.") from None
    return av
