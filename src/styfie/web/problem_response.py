"""A problem as it is answered."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from styfie.web.problems import MEDIA_TYPE, Problem, document

AGAIN = {429: "10", 503: "5"}  # seconds after which to ask again


def problem_response(problem: Problem, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as it is answered; `detail` is the sentence that says why."""
    said = {"retry-after": AGAIN[problem.status]} if problem.status in AGAIN else {}
    return JSONResponse(document(problem, detail), problem.status, said | dict(headers or {}), MEDIA_TYPE)
