"""The codes are a promise to programs: each is written down here once more, with its status."""

from __future__ import annotations

from styfie.cli.field_options import OptionError
from styfie.errors import InputError, OutputError, StyfieError
from styfie.web import errors
from styfie.web.errors import BusyError, StaleError
from styfie.web.problem_response import problem_response
from styfie.web.problems import PROBLEMS, document, problem_of, problem_of_status, table

STABLE = {  # RFC 9110, RFC 6585 (too many requests) and RFC 4918 (insufficient storage)
    "unreadable-request": 400,
    "unauthorized": 401,
    "foreign-page": 403,
    "dropped": 404,
    "missing": 404,
    "not-found": 404,
    "method": 405,
    "conflict": 409,
    "stale": 412,
    "too-large": 413,
    "host": 421,
    "absent-region": 422,
    "error": 422,
    "input": 422,
    "invalid-request": 422,
    "no-memory": 422,
    "no-person": 422,
    "output": 422,
    "too-late": 422,
    "worker-died": 422,
    "busy": 429,
    "fault": 500,
    "not-ready": 503,
    "full": 507,
}


def test_codes_and_statuses_stay_as_they_are() -> None:
    assert {problem.code: problem.status for problem in PROBLEMS} == STABLE
    assert len(PROBLEMS) == len(STABLE), "and none is of two classes"


def test_every_class_of_error_is_one() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StyfieError)]
    assert {problem_of(kind) for kind in [*classes, InputError, OutputError, StyfieError]} <= set(PROBLEMS)
    assert problem_of(OptionError).code == "error", "a class from elsewhere is what the nearest known one is"


def test_a_status_alone_is_a_problem_of_its_own_kind() -> None:
    assert [problem_of_status(one).code for one in (401, 404, 405, 413, 500)] == [
        "unauthorized",
        "not-found",
        "method",
        "too-large",
        "fault",
    ]
    assert problem_of_status(418)[:2] == ("error", 418), "whatever the framework says"


def test_an_error_is_answered_as_rfc_9457_has_it() -> None:
    found = problem_response(problem_of(BusyError), "Wait.")
    assert found.media_type == "application/problem+json" and found.headers["retry-after"] == "10"
    members = document(problem_of(StaleError), "Give a mask with --mask FILE.")
    assert members == {
        "type": "urn:styfie:error:stale",
        "title": "It was changed since the version that is named in If-Match",
        "status": 412,
        "detail": "Brush a mask of it.",
        "code": "stale",
    }


def test_the_table_has_each_code_once() -> None:
    rows = [line.split("|")[1].strip(" `") for line in table().splitlines()[2:]]
    assert rows == [code for code, _ in sorted(STABLE.items(), key=lambda one: (one[1], one[0]))]
