"""Why the server does not do something, and by which status it says so."""

from __future__ import annotations

import errno
import re

from styfie.errors import MissingError, StyfieError

MASK = re.compile(r"\b([Gg])ive a mask with --mask \S*?FILE( \(white = subject\))?")
OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


class BusyError(StyfieError):
    """Too much waits already: ask again later."""


class ConflictError(StyfieError):
    """Not in the state that the job is in."""


class NotFoundError(MissingError):
    """There is no such job, camera or picture, or no more."""


class WorkerDiedError(StyfieError):
    """A worker ended in the middle of a task."""


class TooLateError(WorkerDiedError):
    """A worker was ended because a task took longer than it may."""


class DroppedError(NotFoundError):
    """A task that its owner no longer wants."""


class FullError(StyfieError):
    """Nothing can be written: the disk is full."""


DISK_FULL = "The disk that Styfie keeps its pictures on is full: delete some, or make room, then ask again."
DISK_FULL_ERRNOS = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no quotas
STATUSES: dict[type[StyfieError], int] = {BusyError: 429, ConflictError: 409, MissingError: 404, FullError: 507}


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full, or that nothing more may be written to it."""
    return isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS


def of_page(sentence: str) -> str:
    """A sentence of the library's without the command line's words: the page has a brush, and fields with names."""
    brushed = MASK.sub(lambda found: ("B" if found[1] == "G" else "b") + "rush a mask of it", sentence)
    return OPTION.sub(lambda found: found[1].replace("-", "_"), brushed)


def status_of(error: StyfieError) -> int:
    """The HTTP status for an error: what cannot be used is 422."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 422)
