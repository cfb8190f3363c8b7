"""The interface's shapes as the page's modules know them, `page/types.d.ts`, are those that the server has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

import styfie.web
from styfie.web import responses, schemas
from styfie.web.jobs import JobState
from tests.web.conftest import API, TestClient

TEXT = (Path(styfie.web.__file__).parent / "page" / "types.d.ts").read_text()
UNIONS = {name: set(re.findall(r'"(.*?)"', said)) for name, said in re.findall(r"type (\w+) = (\".*?);", TEXT)}
SHAPES = {
    name: dict(re.findall(r"^  (\w+): (.*);$", said, re.MULTILINE))
    for name, said in re.findall(r"interface (\w+) \{\n(.*?)^\}", TEXT, re.MULTILINE | re.DOTALL)
}
MODELS = [
    model
    for module in (schemas, responses)
    for name, model in vars(module).items()
    if isinstance(model, type) and issubclass(model, BaseModel) and name in SHAPES
]
OPEN = ("engine", "loss")  # names of registries, to which packages add
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean"}


def test_every_answer_has_a_shape() -> None:
    wanted = {name for name in vars(responses) if name.endswith("Response")}
    assert wanted | {"LookSchema", "SettingsSchema", "StyleSchema"} == {model.__name__ for model in MODELS}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_shapes_have_the_fields_of_the_models(model: type[BaseModel]) -> None:
    shape = SHAPES[model.__name__]
    assert list(shape) == list(model.model_fields)
    for name, field in model.model_fields.items():
        kind, said = field.annotation, shape[name]
        if name in OPEN:
            assert said == "string", name
        elif get_origin(kind) is Literal:
            assert UNIONS.get(said, set(re.findall(r'"(.*?)"', said))) == set(get_args(kind)), name
        elif kind in PLAIN:
            assert said == PLAIN[kind], name
        elif get_origin(kind) is list:
            (item,) = get_args(kind)
            assert said == f"{PLAIN.get(item, item.__name__)}[]", name


def test_states_are_those_of_a_job() -> None:
    assert UNIONS["JobState"] == set(get_args(JobState))


def test_what_the_server_says_of_itself_has_the_shapes(client: TestClient) -> None:
    about: dict[str, Any] = client.get(f"{API}/about").json()
    for name in ("limits", "defaults", "choices"):
        assert set(about[name]) == set(SHAPES[name.capitalize()])
    for name, words in (("colors", "Color"), ("bokehs", "Bokeh")):
        assert set(about["choices"][name]) == UNIONS[words]
