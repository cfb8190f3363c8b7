"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_whole(file: Path, data: bytes) -> None:
    """Write a file beside and rename it; what was there before stays until the new one is on the disk."""
    beside = file.with_name(f".{file.name}.part")
    beside.write_bytes(data)
    replace_whole(beside, file)


def replace_whole(beside: Path, file: Path) -> None:
    """Rename a written file over `file`, once its bytes are on the disk: a rename may reach it before them."""
    sync(beside)
    beside.replace(file)
    sync(file.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk, where the system can do that."""
    flags = os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR
    with contextlib.suppress(OSError):  # a folder cannot be opened everywhere, and some network drives know no fsync
        held = os.open(path, flags)
        try:
            os.fsync(held)
        finally:
            os.close(held)
