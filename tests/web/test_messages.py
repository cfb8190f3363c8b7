"""The one catalogue: all that is said is in it, all that is in it is said, and nothing in it is the command line's."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import styfie.web
from styfie.cli import app
from styfie.web.messages import catalogue, filled, message

WEB = Path(styfie.web.__file__).parent
PAGE = WEB / "page"
INDEX = (PAGE / "index.html").read_text()
MODULES = {file.name: file.read_text() for file in PAGE.glob("*.js") if file.name != "messages.js"}
PLACE = re.compile(r"\{(\w+)\}")
NAMES = {"Styfie", "JPEG", "PNG", "WebP"}


def forms(key: str) -> list[str]:
    found = catalogue()[key]
    return [found] if isinstance(found, str) else list(found.values())


def places(key: str) -> set[str]:
    return {name for text in forms(key) for name in PLACE.findall(text)}


def asked_by_server() -> Iterator[tuple[str, set[str]]]:
    """Keys of `message(…)` with the names of the values that go with them; a key that ends in `*` is a beginning."""
    for file in WEB.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "message"):
                continue
            key, names = call.args[0], {word.arg for word in call.keywords if word.arg}
            for one in (key.body, key.orelse) if isinstance(key, ast.IfExp) else (key,):
                if isinstance(one, ast.Constant):
                    yield str(one.value), names
                elif isinstance(one, ast.JoinedStr):
                    assert isinstance(one.values[0], ast.Constant)
                    yield str(one.values[0].value) + "*", names


def asked_by_page() -> Iterator[tuple[str, set[str]]]:
    for text in MODULES.values():
        for key, values in re.findall(r'\bt\("([\w.]+)"(?:, \{ (.*?) \}\))?', text):
            yield key, {re.split(r"[:,]", one.strip())[0] for one in re.split(r", (?=\w+(?::|,|$))", values) if one}
        for key in re.findall(r'\btitled\("([\w.]+)"\)', text):
            yield from ((key, set()), (f"{key}.about", set()))
    yield from ((key, set()) for key in re.findall(r"\{\{([\w.]+)\}\}", INDEX))


def test_what_is_said_is_in_the_catalogue_and_nothing_else() -> None:
    asked = [*asked_by_server(), *asked_by_page()]
    known = set(catalogue())
    begun = tuple(key[:-1] for key, _ in asked if key.endswith("*"))
    used = {key for key, _ in asked if not key.endswith("*")} | {
        key for key in known if begun and key.startswith(begun)
    }
    assert used - known == set(), "not in messages.js"
    assert known - used == set(), "said by nobody"


def test_each_sentence_is_given_the_values_that_are_filled_in() -> None:
    for key, names in [*asked_by_server(), *asked_by_page()]:
        if not key.endswith("*"):
            assert places(key) <= names and names <= places(key) | {"count"}, key


def test_no_sentence_is_the_command_lines() -> None:
    said = [(key, text) for key in catalogue() for text in forms(key)] + [("index.html", INDEX)]
    commands = getattr(typer.main.get_command(app), "commands")  # noqa: B009
    command = re.compile(rf"\bstyfie ({'|'.join(commands)})\b")
    for key, text in said:
        plain = re.sub(r"<!--.*?-->", "", text) if key == "index.html" else text
        assert "--" not in plain and not command.search(plain), key


def test_index_html_says_nothing_of_its_own() -> None:
    page = re.sub(r"<(svg|script)\b.*?</\1>|\{\{[\w.]+\}\}", "", INDEX, flags=re.DOTALL)
    words = re.findall(r">([^<>]*[A-Za-z]{2}[^<>]*)<", page) + re.findall(r'\b(?:title|alt|aria-label)="([^"]+)"', page)
    assert {word.strip() for word in words} <= NAMES


def test_a_sentence_is_filled_in() -> None:
    assert message("version.number", number=3) == "Version 3"
    assert message("ago.days", count=1) == "a day ago" and message("ago.days", count=2) == "2 days ago"
    assert filled('<b title="{{page.close}}">{{page.look_file}}</b>') == '<b title="Close">A look&#x27;s file</b>'
    with pytest.raises(KeyError):
        message("version.number")


def test_forms_are_those_of_a_count() -> None:
    for key, found in catalogue().items():
        assert isinstance(found, str) or list(found) == ["one", "other"], key
    assert json.dumps(catalogue())
