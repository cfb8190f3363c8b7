"""The finished parts of a film, from which a stopped or killed run goes on.

A part counts only if its record says so: how many frames it has, and the checksums of its film and of the state that
the next part builds on. Everything is on the disk before the record is, so that a power cut can take away no more than
the newest part; what was damaged since is painted again, with all that was built on it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

from safetensors.torch import load, save

from styfie.errors import OutputError
from styfie.film.clip import Frame, pyav
from styfie.film.encoding import encode
from styfie.film.lock import hold, sync
from styfie.film.stream import PreviousFrame
from styfie.weights import checksum

STATES = 256_000_000  # bytes of states kept, the newest two at least: from one of them a damaged film goes on


@dataclass(frozen=True)
class Record:
    """What a part is to be: `frames` in its film, SHA-256 of `film` and `state`, and which regions were ever `seen`."""

    frames: int
    film: str
    state: str
    seen: tuple[str, ...]

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """A part's record; none where there is none or it is damaged."""
        try:
            known = json.loads(file.read_bytes())
            found = cls(int(known["frames"]), str(known["film"]), str(known["state"]), tuple(map(str, known["seen"])))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return found


class Parts:
    """The parts of `length` frames of the film called `name`, in a hidden folder beside the result, while locked.

    `count` parts are whole, and `last` is what the next one builds on. `damaged` are those that were there but are to
    be painted again.

    Raises:
        OutputError: the folder cannot be written to, or another run is painting the same film into it.
    """

    def __init__(self, folder: Path, key: str, length: int, name: str) -> None:
        self.place, self.length = folder / f".unfinished-{key[:16]}", length
        self.extra: Path | None = None  # of a stopped run: not kept
        self.last: PreviousFrame | None = None
        self.seen: frozenset[str] = frozenset()
        self._lock = contextlib.ExitStack()
        self._made = not folder.exists()
        try:
            free = self._lock.enter_context(hold(self.place / "lock"))
        except OSError as error:
            raise OutputError(f"Could not write into {folder}: {error.strerror}.") from error
        if not free:
            self._lock.close()
            raise OutputError(
                f"{name} is being painted into {folder} by the same command already: let that one end, or stop it."
            )
        there = self._there()
        self.count = self._whole(there)
        self.damaged = there - self.count
        self.total = self.frames  # painted so far, those of a short last part too
        for number in range(self.count, there):
            self._record(number).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.count:  # nothing to go on from: leave no trace
            shutil.rmtree(self.place, ignore_errors=True)
            if self._made:
                with contextlib.suppress(OSError):  # there is a film in it
                    self.place.parent.rmdir()
        self._lock.close()

    @property
    def frames(self) -> int:
        """How many frames the finished parts have."""
        return self.length * self.count

    def _film(self, number: int) -> Path:
        return self.place / f"{number:05d}.nut"

    def _state(self, number: int) -> Path:
        return self.place / f"{number:05d}.safetensors"

    def _record(self, number: int) -> Path:
        return self.place / f"{number:05d}.json"

    def _there(self) -> int:
        """One more than the highest number of a part that was ever finished."""
        found = [int(file.stem) for file in self.place.glob("*.json") if file.stem.isdecimal()]
        return max(found, default=-1) + 1

    def _whole(self, there: int) -> int:
        """How many parts from the first on are as they were written, the state after the last of them too."""
        records: list[Record] = []
        for number in range(there):
            record = Record.read(self._record(number))
            if record is None or record.frames != self.length or not _is(self._film(number), record.film):
                break
            records.append(record)
        for count in range(len(records), 0, -1):
            record, state = records[count - 1], self._state(count - 1)
            if _is(state, record.state):
                self.last, self.seen = PreviousFrame.of_tensors(load(state.read_bytes())), frozenset(record.seen)
                return count
        return 0

    def write(
        self, frames: list[Frame], rate: Fraction, base: Fraction, last: PreviousFrame | None, seen: Collection[str]
    ) -> None:
        """One part more. Short, or without what the `last` frame left behind, it is not counted.

        Raises:
            OutputError: it cannot be written, as on a full disk; the parts before it stay.
        """
        film = self._film(self.count)
        with refusing(self.place.parent):
            encode(frames, rate, base, film)
            if last is None or len(frames) < self.length:
                self.extra, self.total = film, self.frames + len(frames)
                return
            state = self._state(self.count)
            state.write_bytes(save(last.to_tensors()))
            sync(film)
            sync(state)
            record = Record(len(frames), checksum(film), checksum(state), tuple(sorted(seen)))
            beside = self.place / "record"
            beside.write_text(json.dumps(asdict(record)), encoding="utf-8")
            sync(beside)
            beside.replace(self._record(self.count))
            sync(self.place)
        self.count += 1
        self.total = self.frames
        self._thin()

    def _thin(self) -> None:
        """Let go of states too old to be wanted."""
        size = 0
        for number in reversed(range(self.count)):
            state = self._state(number)
            if not state.exists():
                return
            size += state.stat().st_size
            if size > STATES and number < self.count - 2:
                state.unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """All parts in order."""
        return [*(self._film(n) for n in range(self.count)), *([self.extra] if self.extra else [])]

    def done(self, finished: bool) -> None:
        """Tidy up: of a stopped run the finished parts stay."""
        if finished:
            shutil.rmtree(self.place, ignore_errors=True)
        elif self.extra:
            self.extra.unlink(missing_ok=True)


def _is(file: Path, digest: str) -> bool:
    try:
        return checksum(file) == digest
    except OSError:
        return False


@contextlib.contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """Whatever FFmpeg or the system say to writing there, as one sentence.

    Raises:
        OutputError: that sentence.
    """
    try:
        yield
    except OutputError:
        raise
    except (OSError, pyav().error.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"Could not write into {folder}: {reason}. The same command goes on from the last part that is there."
        ) from error
