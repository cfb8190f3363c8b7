"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

from pathlib import Path

from styfie.storage.atomic import sync


def write_whole(file: Path, data: bytes) -> None:
    """Write a file beside and rename it; what was there before stays until the new one is on the disk."""
    beside = file.with_name(f".{file.name}.part")
    beside.write_bytes(data)
    replace_whole(beside, file)


def replace_whole(written: Path, file: Path) -> None:
    """Rename a written file over `file`, once its bytes are on the disk: a rename may reach it before them."""
    sync(written)
    written.replace(file)
    sync(file.parent)
