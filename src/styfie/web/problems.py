"""Errors as the interface says them: RFC 9457 problem details, with a code for each class of error.

Codes and titles are made from the classes of `styfie.errors` and `styfie.web.errors`: from their names, and from the
docstrings as far as the first colon or full stop. Only the statuses are listed here.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import styfie.errors
import styfie.web.errors
from styfie.errors import MissingError, StyfieError
from styfie.web.errors import (
    BusyError,
    ConflictError,
    FaultError,
    ForeignPageError,
    FullError,
    HostError,
    MethodError,
    NotFoundError,
    NotReadyError,
    StaleError,
    TooLargeError,
    UnauthorizedError,
    UnreadableRequestError,
)
from styfie.web.rewording import of_page

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:styfie:error:"
"""What the `type` of a problem begins with; its code follows."""
UNUSABLE = 422
"""The status of all classes that have none of their own."""
STATUSES: dict[type[StyfieError], int] = {
    UnreadableRequestError: 400,
    UnauthorizedError: 401,
    ForeignPageError: 403,
    NotFoundError: 404,  # before its base: it is what the status alone stands for
    MissingError: 404,
    MethodError: 405,
    ConflictError: 409,
    StaleError: 412,
    TooLargeError: 413,
    HostError: 421,
    BusyError: 429,
    FaultError: 500,
    NotReadyError: 503,
    FullError: 507,
}
KINDS = [
    kind
    for module in (styfie.errors, styfie.web.errors)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, StyfieError) and kind.__module__ == module.__name__
]


class Problem(NamedTuple):
    """A class of errors as the interface knows it."""

    code: str
    status: int
    title: str


def problem_of(kind: type[StyfieError]) -> Problem:
    """Code, status and title of a class of errors: those of the nearest class that the interface knows."""
    known = next(one for one in kind.__mro__ if one in KINDS)
    name = known.__name__.removeprefix("Styfie").removesuffix("Error") or "Error"
    code = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    status = next((STATUSES[one] for one in known.__mro__ if one in STATUSES), UNUSABLE)
    return Problem(code, status, re.split(r"[:.\n]", known.__doc__ or "")[0])


PROBLEMS = sorted({problem_of(kind) for kind in KINDS}, key=lambda one: (one.status, one.code))
"""Every problem there is, by status and code: what the description and the documents print."""


def problem_of_status(status: int) -> Problem:
    """The problem that a status alone stands for, as the guard and the framework refuse."""
    kind = next((kind for kind, one in STATUSES.items() if one == status), StyfieError)
    code, _, title = problem_of(kind)
    return Problem(code, status, title)


def document(problem: Problem, detail: str) -> dict[str, Any]:
    """The members of a problem's document; `detail` is the sentence that says why."""
    code, status, title = problem
    return {"type": TYPE + code, "title": title, "status": status, "detail": of_page(detail), "code": code}


def table() -> str:
    """All problems as a table in Markdown."""
    rows = (f"| `{code}` | {status} | {title} |" for code, status, title in PROBLEMS)
    return "\n".join(["| `code` | status | |", "|---|---|---|", *rows])
