"""What is asked of the server itself. Every default stands here; the command line reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def default_folder() -> Path:
    """Where jobs are kept if nothing is said."""
    return platformdirs.user_data_path("styfie") / "web"


@dataclass(frozen=True)
class Options:
    """Where jobs are kept and how long, what is taken, and who may come.

    `token` is what everybody must show; None where only this computer can come at all.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8790
    token: str | None = None
    hours: float = 72.0  # that the server runs before a job goes that nobody uses
    gigabytes: float = 4.0  # (10**9 bytes) that all jobs may take; the longest unused go first
    most_bytes: int = 40_000_000  # of one upload
    most_pixels: int = 64_000_000  # of one picture
    longest: int = 4096  # of a painting, in pixels
    waiting: int = 24  # photos that may wait to be looked at, and paintings to be painted
    threads: int = 0  # of each worker; 0 = as many as there are cores
