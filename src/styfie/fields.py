"""What each field of `Look`, `Style` and `Settings` says in its metadata: what depends on it, and how it is asked for.

Whatever asks "is this still the same painting?" reads it here: the key of a run, of a film, what a batch finds painted
already, which regions are painted as one layer, what a painting's file holds, and what the page may show again. So does
whatever asks for values: the command line, the interface's schema and the page have ranges, choices and help from here.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, SupportsFloat, SupportsIndex

from styfie.errors import InputError

TEXTS = "tuple[str, ...]"  # the type of a field for several texts


class Part(StrEnum):
    """What of a picture a field's value is part of."""

    PAINTING = "painting"  # the layers
    BLEND = "blend"  # only what is made of the layers, or what they are called
    FOUND = "found"  # the layers by way of something that is found with it and compared in its place
    SERVICE = "service"  # nothing: it is asked of a server


@dataclass(frozen=True)
class Option:
    """How a field's value is asked for: what it is in a sentence, and what is taken.

    A number lies between `low` and `high`; `expected` says so in words, where a range alone would not. `unit` is "GB"
    where it is an amount of memory. Of texts there may be `choices`, or none where they are looked up when a run
    begins. `metavar` stands for the value in a command's usage.
    """

    help: str
    low: float | None = None
    high: float | None = None
    expected: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    metavar: str = ""

    @property
    def wanted_value(self) -> str:
        """What is taken, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return self.expected or (f"a number from {self.low} to {self.high}" if self.high is not None else "a text")

    def accepts(self, value: Any) -> bool:
        """Whether a value of the field's own kind is in range, or one of the choices."""
        if self.choices:
            return value in self.choices
        return self.low is None or self.high is None or bool(self.low <= value <= self.high)


def painting(option: Option | None = None, since: int = 0, strokes: bool = False) -> Mapping[str, Any]:
    """Metadata of a field that painted layers depend on, and that is asked for as `option` says, if it is.

    `since` is 0 for what was there when runs first had keys, 1 for what came before films had, and 2 for all that came
    or comes later: such a field is in a key only where it is not as by default, so that what was begun before there was
    such a field goes on. `strokes`: no engine reads it but those that draw strokes.
    """
    return MappingProxyType({"part": Part.PAINTING, "option": option, "since": since, "strokes": strokes})


def blend(option: Option | None = None, since: int = 0) -> Mapping[str, Any]:
    """Metadata of a field that only the blend of the layers depends on; the rest is as for `painting`."""
    return MappingProxyType({"part": Part.BLEND, "option": option, "since": since, "strokes": False})


def found(option: Option | None = None, since: int = 0) -> Mapping[str, Any]:
    """Metadata of a field whose effect is compared instead: of a device its kind, of a segmenter the regions."""
    return MappingProxyType({"part": Part.FOUND, "option": option, "since": since, "strokes": False})


def service(option: Option | None = None) -> Mapping[str, Any]:
    """Metadata of a field that no picture depends on, as it is asked of a server, and as `option` says, if it is."""
    return MappingProxyType({"part": Part.SERVICE, "option": option, "since": 0, "strokes": False})


def options_of(kind: Any, *parts: Part) -> dict[str, tuple[Field[Any], Option]]:
    """The fields of `fields_of` that are asked for as options, by name, with how."""
    pairs = ((field, field.metadata["option"]) for field in fields_of(kind, *parts))
    return {field.name: (field, option) for field, option in pairs if option is not None}


def check_options(value: Any) -> None:
    """Bring the fields of a new, frozen dataclass to Python's own kinds, as a recipe holds them, and check them.

    Raises:
        InputError: a value of another kind, out of range, or none of the choices.
    """
    for name, (field, option) in options_of(value).items():
        one = _plain(field, getattr(value, name))
        if not option.accepts(one):
            raise InputError(f"{name} is {one!r}: {option.wanted_value} is wanted.")
        object.__setattr__(value, name, one)


def _plain(field: Field[Any], value: Any) -> Any:
    """A field's value as Python's own kind; a whole number stays one where any number will do."""
    if field.type == "str" and isinstance(value, str):
        return value
    if field.type == TEXTS and isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if field.type == "bool" and isinstance(value, bool):
        return value
    if field.type == "int" and isinstance(value, SupportsIndex) and not isinstance(value, bool):
        return operator.index(value)
    if field.type == "float" and isinstance(value, SupportsFloat) and not isinstance(value, bool | str | bytes):
        return value if isinstance(value, int) else float(value)
    kinds = {
        TEXTS: "a list of texts",
        "str": "a name",
        "bool": "True or False",
        "int": "a whole number",
        "float": "a number",
    }
    raise InputError(f"{field.name} is {value!r}: {kinds[str(field.type)]} is wanted.")


def fields_of(kind: Any, *parts: Part) -> tuple[Field[Any], ...]:
    """The fields of a dataclass, or of a value of one, that belong to these parts, all if none is named; in order.

    Raises:
        KeyError: a field does not say what it belongs to.
    """
    return tuple(field for field in fields(kind) if field.metadata["part"] in (parts or Part))


def names_of(kind: Any, *parts: Part) -> tuple[str, ...]:
    """The names of `fields_of`."""
    return tuple(field.name for field in fields_of(kind, *parts))


def is_said(field: Field[Any], value: object, since: int) -> bool:
    """Whether a field counts in a key that knows those up to `since`: later ones only where not as by default."""
    return bool(field.metadata["since"] <= since or value != field.default)
