"""The finished parts of a film, from which a stopped or killed run goes on."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

from safetensors.torch import load_file, save_file

from styfie.errors import OutputError
from styfie.film.clip import Frame
from styfie.film.encoding import encode
from styfie.stream import Shown


class Parts:
    """The finished parts of a run, in a hidden folder beside the result."""

    def __init__(self, folder: Path, key: str, length: int) -> None:
        self.place, self.length = folder / f".unfinished-{key[:16]}", length
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
            encode(frames, rate, base, file)
            if last is None or len(frames) < self.length:
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
