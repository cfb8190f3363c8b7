"""One server for a folder: two would each undo what the other writes."""

from __future__ import annotations

import errno
import logging
import os
import sys
from pathlib import Path

from styfie.errors import InputError

FILE = ".lock"
TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_log = logging.getLogger(__name__)


class FolderLock:
    """Held by the server of a folder; the system lets go of it with the process, however that ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor: int | None = None

    def take(self) -> None:
        """Hold it.

        Raises:
            InputError: another server does.
        """
        if self._descriptor is not None:
            return
        held = os.open(self.folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(held)
        except OSError as error:
            if error.errno in TAKEN:
                os.close(held)
                raise InputError(
                    f"Another styfie web serves {self.folder} already: open its page, end it, or name another folder."
                ) from None
            _log.warning("%s cannot be locked (%s): nothing else may serve it", self.folder, error.strerror or error)
        self._descriptor = held

    def release(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
