"""How old a job is: not by the time of day, but by how long the server has run since it was used."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from pathlib import Path

from styfie.web.atomic import write_whole

LONGEST = 120.0  # seconds between two looks at the clock that can pass: in more, the computer slept
WRITTEN = 600.0  # seconds after which it is written down


class RunningClock:
    """Seconds that the servers of a folder have run, all together.

    It stands still while none runs and while the computer sleeps, and no change of the time of day moves it.
    """

    def __init__(self, file: Path, least: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.file, self._monotonic = file, monotonic
        self._passed, self._seen = max(least, self._read()), monotonic()
        self._written = self._passed

    @property
    def now(self) -> float:
        """What it shows."""
        step = self._monotonic() - self._seen
        return self._passed + min(max(step, 0.0), LONGEST)

    def tick(self) -> float:
        """What it shows, from where it goes on; to be called about once a minute."""
        self._passed, self._seen = self.now, self._monotonic()
        if self._passed - self._written >= WRITTEN:
            self.keep()
        return self._passed

    def keep(self) -> None:
        """Write down what it shows."""
        self._written = self.now
        with contextlib.suppress(OSError):  # ages then begin a little younger
            write_whole(self.file, f"{self._written:.0f}\n".encode())

    def _read(self) -> float:
        try:
            found = float(self.file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0
        return found if math.isfinite(found) else 0.0
