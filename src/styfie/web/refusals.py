"""Why the server does not do something, and by which status it says so."""

from __future__ import annotations

from styfie.errors import MissingError, StyfieError


class BusyError(StyfieError):
    """Too much waits already: ask again later."""


class ConflictError(StyfieError):
    """Not in the state that the job is in."""


class GoneError(MissingError):
    """There is no such job, camera or picture, or no more."""


class WorkerDiedError(StyfieError):
    """A worker ended in the middle of a task."""


class TooLateError(WorkerDiedError):
    """A worker was ended because a task took longer than it may."""


class DroppedError(GoneError):
    """A task that its owner no longer wants."""


STATUSES: dict[type[StyfieError], int] = {BusyError: 429, ConflictError: 409, MissingError: 404}


def status_of(error: StyfieError) -> int:
    """The HTTP status for an error: what cannot be used is 422."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 422)
