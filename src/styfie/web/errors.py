"""Why the server does not do something. `problems` has the status and the code by which it says so."""

from __future__ import annotations

import errno

from styfie.errors import InputError, MissingError, StyfieError
from styfie.web.messages import message


class UnreadableRequestError(StyfieError):
    """The request cannot be read: it is cut short, or not what its headers say."""


class UnauthorizedError(StyfieError):
    """The server's token did not come with the request."""


class ForeignPageError(StyfieError):
    """The page of another site asked."""


class NotFoundError(MissingError):
    """There is nothing of that name or address, or no more."""


class MethodError(StyfieError):
    """There is something at this address, and it cannot be asked in this way."""


class ConflictError(StyfieError):
    """The job is not in a state in which this can be done."""


class StaleError(StyfieError):
    """It was changed since the version that is named in If-Match."""


class TooLargeError(StyfieError):
    """More was sent than the server takes."""


class HostError(StyfieError):
    """The name that the server was asked by is not its own."""


class InvalidRequestError(InputError):
    """A value of the request is not of the kind or range that the description says."""


class BusyError(StyfieError):
    """Too much waits already: ask again later."""


class WorkerDiedError(StyfieError):
    """The process that worked on it ended in the middle: ask again."""


class TooLateError(WorkerDiedError):
    """It took longer than it may, and was given up."""


class NoMemoryError(StyfieError):
    """It needs more memory than it may take."""


class DroppedError(NotFoundError):
    """It was deleted or stopped meanwhile."""


class FaultError(StyfieError):
    """A fault of the server's own, which is in its log."""


class NotReadyError(StyfieError):
    """The server cannot work yet, or no more."""


class FullError(StyfieError):
    """Nothing can be written: the disk is full."""


DISK_FULL = message("error.disk_full")
FAULT = message("error.fault")
DISK_FULL_ERRNOS = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # Windows has no quotas


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full, or that nothing more may be written to it."""
    return isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS
