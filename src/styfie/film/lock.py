"""What holds among processes: a lock that ends with whoever holds it, and bytes that outlast a power cut."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def hold(file: Path) -> Iterator[bool]:
    """Whether nobody else holds a lock file, which is held meanwhile; it and its folder are made where they are not.

    A kill ends it as well. Where a file system knows no locks, everybody is alone.

    Raises:
        OSError: the file cannot be made.
    """
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            held = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # whoever held it has just removed the folder
            continue
        try:
            free = _lock(held)
            if free and not _is_at(held, file):
                continue  # likewise: what is locked is nobody's any more
            yield free
            return
        finally:
            os.close(held)


def sync(path: Path) -> None:
    """See that a file, or the names in a folder, are on the disk."""
    if path.is_dir() and sys.platform == "win32":  # which knows no such thing of folders
        return
    opened = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _is_at(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
