"""What the interface says of itself: each operation its errors, its headers and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from styfie.web import schemas
from styfie.web.app import make_app
from styfie.web.jobs import JobState
from styfie.web.options import Options
from styfie.web.problems import PROBLEMS
from styfie.web.routes.common import API
from tests.web.stubs import StubStudio


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    app: Any = make_app(StubStudio(Options(tmp_path_factory.mktemp("web"))))
    while not isinstance(app, FastAPI):
        app = app.app
    return app.openapi()


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path.removeprefix(API)}", operation


def test_every_error_is_described_with_its_code(description: dict[str, Any]) -> None:
    parts = description["components"]
    codes = parts["schemas"]["ErrorResponse"]["properties"]["code"]["enum"]
    assert codes == [problem.code for problem in PROBLEMS]
    for name, said in parts["responses"].items():
        (kind, content) = next(iter(said["content"].items()))
        assert kind == "application/problem+json"
        for code, example in content["examples"].items():
            assert example["value"]["code"] == code and f"Error{example['value']['status']}" == name
    for name, operation in operations(description):
        refused = [answer for status, answer in operation["responses"].items() if int(status) >= 400]
        assert all(answer["$ref"].partition("Error")[2].isdigit() for answer in refused), name
        assert name.endswith(("/health", "/ready")) or {"401", "404", "422", "429"} <= operation["responses"].keys()


def test_what_makes_something_says_where_it_is(description: dict[str, Any]) -> None:
    made = {name: one["responses"]["201"] for name, one in operations(description) if "201" in one["responses"]}
    assert len(made) == 6 and all("Location" in one["headers"] for one in made.values())


def test_what_can_be_edited_has_a_tag_and_takes_it(description: dict[str, Any]) -> None:
    found = dict(operations(description))
    edits = {name for name, one in found.items() if "412" in one["responses"]}
    assert edits == {
        "POST /jobs/{id}/regions",
        "POST /jobs/{id}/regions/{name}/points",
        "DELETE /jobs/{id}/regions/{name}",
        "PUT /jobs/{id}/mattes/{name}.png",
        "POST /jobs/{id}/undo",
        "POST /jobs/{id}/redo",
        "POST /jobs/{id}/versions/{number}",
        "PUT /jobs/{id}/looks",
        "POST /jobs/{id}/look",
        "DELETE /presets/{name}",
    }
    for name in edits - {"DELETE /presets/{name}"}:
        assert "ETag" in found[name]["responses"]["200"]["headers"], name


def test_who_may_ask_is_said(description: dict[str, Any]) -> None:
    (scheme,) = description["security"][0]
    assert description["components"]["securitySchemes"][scheme]["scheme"] == "bearer"


def test_what_is_asked_of_a_photo_is_a_shape(description: dict[str, Any]) -> None:
    """Though it comes as text, among files."""
    form = description["paths"][f"{API}/jobs"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    body = description["components"]["schemas"][form["$ref"].rpartition("/")[2]]
    text = next(one for one in body["properties"]["request"]["anyOf"] if one["type"] == "string")
    assert text["contentMediaType"] == "application/json" and text["contentSchema"]["$ref"].endswith("/PaintRequest")


def test_each_state_of_a_job_is_explained(description: dict[str, Any]) -> None:
    said = description["components"]["schemas"]["JobResponse"]["properties"]["state"]["description"]
    assert all(f"`{state}`" in said for state in get_args(JobState)) and "ends" in said


@pytest.mark.parametrize("name", [name for name in vars(schemas) if name.endswith(("Request", "Schema"))])
def test_examples_are_what_they_are_examples_of(name: str) -> None:
    model: type[BaseModel] = getattr(schemas, name)
    for example in model.model_json_schema().get("examples", ()):
        assert model.model_validate(example).model_dump(exclude_unset=True)
    assert name.endswith("Schema") or model.model_json_schema()["examples"]


def test_nothing_refers_to_what_is_not_there(description: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                yield from references(one)

    for reference in set(references(description)):
        found: Any = description
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
