"""Sentences that reach the page, by key: of `page/messages.js`, which the page's modules read too."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from pathlib import Path

CATALOGUE = Path(__file__).parent / "page" / "messages.js"
_PLACE = re.compile(r"\{(\w+)\}")
_KEY = re.compile(r"\{\{([\w.]+)\}\}")


@cache
def catalogue() -> dict[str, str | dict[str, str]]:
    """All sentences by key; those that change with a `count` have one of each form."""
    text = CATALOGUE.read_text(encoding="utf-8")
    found: dict[str, str | dict[str, str]] = json.loads(text[text.index("{\n") : text.rindex("}") + 1])
    return found


def message(key: str, **values: object) -> str:
    """The sentence of a key, with `{name}` replaced by the value of that name.

    Raises:
        KeyError: there is no such sentence, or a value is missing.
    """
    found = catalogue()[key]
    if not isinstance(found, str):
        found = found["one" if values["count"] == 1 else "other"]
    return _PLACE.sub(lambda place: str(values[place[1]]), found)


def filled(page: str) -> str:
    """A page of HTML with each `{{key}}` replaced by its sentence."""
    return _KEY.sub(lambda place: html.escape(message(place[1])), page)
