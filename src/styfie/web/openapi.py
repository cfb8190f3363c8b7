"""The interface's description: what FastAPI makes of the routes, with errors, headers and who may ask.

Errors are described once, for every operation: each may answer them.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.routing import compile_path

from styfie.web.problems import MEDIA_TYPE, PROBLEMS, document
from styfie.web.responses import ErrorResponse

SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that the server prints when it starts. The page has it as a cookie.",
    }
}
OPEN: dict[str, Any] = {"security": []}
"""What an operation says that wants no token."""
CONDITIONAL = (412, "if-match")  # a status, and the header without which it is not answered
ELSEWHERE = (405, 503)  # no operation's own
ETAG = {"description": "The version that this is, for `If-None-Match` and `If-Match`.", "schema": {"type": "string"}}
LOCATION = {"description": "Where it is, relative to the address that was asked.", "schema": {"type": "string"}}
AFTER = {"description": "Seconds after which to ask again.", "schema": {"type": "integer"}}
JOB = "#/components/schemas/JobResponse"


def describe(app: FastAPI) -> None:
    """Have an application describe itself so."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(made())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def methods_at(app: FastAPI, path: str) -> list[str]:
    """All methods by which an address can be asked, of the description's path that fits it most closely.

    The framework knows those of its first route alone.
    """
    paths = app.openapi()["paths"]
    known = max((known for known in paths if compile_path(known)[0].match(path)), key=len, default=None)
    return sorted(method.upper() for method in paths[known]) if known else []


def _completed(description: dict[str, Any]) -> dict[str, Any]:
    parts = description["components"]
    for name in ("HTTPValidationError", "ValidationError"):  # the framework's, which are not answered
        parts["schemas"].pop(name, None)
    parts["schemas"]["ErrorResponse"] = ErrorResponse.model_json_schema()
    parts["responses"] = {f"Error{status}": _error(status) for status in {problem.status for problem in PROBLEMS}}
    parts["securitySchemes"] = SECURITY
    description["security"] = [{name: []} for name in SECURITY]
    for path in description["paths"].values():
        for operation in path.values():
            if operation.get("security") != OPEN["security"]:
                _complete(operation)
    return description


def _error(status: int) -> dict[str, Any]:
    problems = [problem for problem in PROBLEMS if problem.status == status]
    examples = {problem.code: {"value": document(problem, f"{problem.title}.")} for problem in problems}
    return {
        "description": " ".join(f"`{problem.code}`: {problem.title}." for problem in problems),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ErrorResponse"}, "examples": examples}},
        **({"headers": {"Retry-After": AFTER}} if status == 429 else {}),
    }


def _complete(operation: dict[str, Any]) -> None:
    """Say of an operation how it fails, and which headers its answers have."""
    headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
    for status in sorted({problem.status for problem in PROBLEMS}):
        if status not in ELSEWHERE and (status != CONDITIONAL[0] or CONDITIONAL[1] in headers):
            operation["responses"][str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    for status, response in operation["responses"].items():
        said = {}
        if status == "201":
            said["Location"] = LOCATION
        if response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref") == JOB:
            said["ETag"] = ETAG
        if said:
            response["headers"] = said
