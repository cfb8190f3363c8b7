"""A file beside the jobs for faults of the program's: what nobody but its owner is told of."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE = "styfie.log"
LARGEST, OLD = 1_000_000, 2  # bytes of one file, and how many older ones are kept


class _PrivateHandler(RotatingFileHandler):
    """Tracebacks name files: they are the user's alone."""

    def _open(self) -> TextIOWrapper:
        held = os.open(self.baseFilename, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(held, "ab"), encoding=self.encoding)


@contextlib.contextmanager
def logged(folder: Path) -> Iterator[Path]:
    """Whatever Styfie logs is written to the folder's log meanwhile, with tracebacks and times; the file's path."""
    file = folder / FILE
    handler = _PrivateHandler(file, maxBytes=LARGEST, backupCount=OLD, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    logger = logging.getLogger("styfie")
    logger.addHandler(handler)
    try:
        yield file
    finally:
        logger.removeHandler(handler)
        handler.close()
