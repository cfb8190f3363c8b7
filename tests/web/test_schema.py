"""The interface fuzzed from its own description."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import hypothesis
import pytest

from styfie.web.problems import PROBLEMS
from tests.web.conftest import API, FAST, TestClient, ended, post

pytestmark = pytest.mark.slow

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")
UNFIT = [
    checks.ignored_auth,  # the server of these tests wants no token
    checks.positive_data_acceptance,  # what a photo is, and which regions it has, is in no description
]
CODES = {problem.code for problem in PROBLEMS}
SENT = ("method", "url", "headers", "json", "data", "params", "files")


def operations(client: TestClient) -> list[Any]:
    """All operations of the description but the streams of events, which do not end; deleting comes last."""
    description = client.get(f"{API}/openapi.json").json()
    for stream in ("events", "jobs/{id}/events"):
        description["paths"].pop(f"{API}/{stream}")
    found = [result.ok() for result in schemathesis.openapi.from_dict(description).get_all_operations()]
    return sorted(found, key=lambda one: one.method == "delete")


def _as_bytes(filename: str | None, content: Any, *kind: str) -> tuple[Any, ...]:
    """A part of a form as the client takes it, which wants bytes or text."""
    return filename, content if isinstance(content, bytes | str) else str(content), *kind


def fuzz(client: TestClient, operation: Any, job: str, seen: Counter[int]) -> None:
    """Send what fits an operation's description, and look at each answer."""

    @hypothesis.given(operation.as_strategy())
    @hypothesis.settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def ask(case: Any) -> None:
        if "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = job
        given = case.as_transport_kwargs(base_url="http://localhost")
        given["files"] = [(name, _as_bytes(*part)) for name, part in given.get("files") or ()]
        answer = client.request(**{name: value for name, value in given.items() if name in SENT})
        seen[answer.status_code] += 1
        assert answer.status_code < 500, f"{case.method} {case.formatted_path}: {answer.text}"
        answer.request.read()  # what was sent in parts
        case.validate_response(answer, excluded_checks=UNFIT)
        if answer.status_code >= 400:
            assert answer.json()["code"] in CODES, answer.text

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ask()


def test_no_request_of_its_description_is_a_fault(client: TestClient, small: bytes) -> None:
    job = ended(client, post(client, small, settings=FAST))
    seen: Counter[int] = Counter()
    for operation in operations(client):
        fuzz(client, operation, job["id"], seen)
    assert seen[200] > 5 and seen.total() > 60
