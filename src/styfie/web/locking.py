"""One server for a folder: two would each undo what the other writes."""

from __future__ import annotations

import errno
import logging
import sys
from pathlib import Path
from typing import IO

from styfie.errors import InputError

FILE = ".lock"
TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_log = logging.getLogger(__name__)


class FolderLock:
    """Held by the server of a folder; the system lets go of it with the process, however that ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: IO[bytes] | None = None

    def take(self) -> None:
        """Hold it.

        Raises:
            InputError: another server does.
        """
        if self._file is not None:
            return
        file = (self.folder / FILE).open("ab")
        try:
            _lock(file)
        except OSError as error:
            if error.errno in TAKEN:
                file.close()
                raise InputError(
                    f"Another styfie web serves {self.folder} already: open its page, end it, or name another folder."
                ) from None
            _log.warning("%s cannot be locked (%s): nothing else may serve it", self.folder, error.strerror or error)
        self._file = file

    def release(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
