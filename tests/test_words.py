"""Names and sentences say things in the words of the field: `docs/words.py` finds none of the private ones left."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

COMMAND = Path(__file__).parent.parent / "docs" / "words.py"


@pytest.fixture(scope="module")
def words() -> ModuleType:
    """The command that lists what is left."""
    spec = importlib.util.spec_from_file_location("docs_words", COMMAND)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_name_and_no_sentence_is_left(words: ModuleType) -> None:
    assert words.leftovers() == []


def test_the_list_of_other_senses_is_short_and_used(words: ModuleType) -> None:
    assert len(words.OTHER_SENSES) < 10
    senses = dict(words.OTHER_SENSES)
    words.OTHER_SENSES.clear()
    try:
        found = " ".join(words.leftovers())
    finally:
        words.OTHER_SENSES.update(senses)
    assert [name for name in senses if f" {name}: " not in found] == []


@pytest.mark.parametrize(
    "code",
    [
        "MOST = 3",
        "A, LEAST = 1, 2",
        "class Sight: ...",
        "def look_at(photo): ...",
        "def f(*, kept=1): ...",
        "class A:\n    shown: int = 0",
        "def f(self):\n    self.held = 1",
        "x = {'asked': 1}",
        "class StyleAsked: ...",
        "@router.get('/jobs/{id}/refusals')\ndef f(): ...",
    ],
)
def test_each_kind_of_name_is_seen(words: ModuleType, code: str) -> None:
    assert any(words.better(name) for _, name in words.python_names(ast.parse(code)))


@pytest.mark.parametrize("code", ["def f():\n    kept = 1", "MOST_STEPS = 3", "held_out = 1", "def unknown(x): ..."])
def test_what_is_free_is_not(words: ModuleType, code: str) -> None:
    assert not any(words.better(name) for _, name in words.python_names(ast.parse(code)))


def test_sentences_are_those_of_users(words: ModuleType) -> None:
    code = "def f():\n    'graded'\n    g('taught style')\n    raise A(f'{x} is no taught style')\n    h(help='graded')"
    assert [text for _, text in words.sentences(ast.parse(code))] == [" is no taught style", "graded"]


@pytest.mark.parametrize("line", ["export function undoing(a) {", '<p id="kept">', "  told: undefined;"])
def test_the_pages_names_are_seen(words: ModuleType, line: str) -> None:
    assert [bool(words.better(name)) for _, name in words.page_names(line)] == [True]
