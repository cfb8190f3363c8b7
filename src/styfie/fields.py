"""What each field of `Look`, `Style` and `Settings` says in its metadata: what of a picture depends on it.

Whatever asks "is this still the same painting?" reads it here: the key of a run, of a film, what a batch finds painted
already, which regions are painted as one layer, what a painting's file holds, and what the page may show again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Part(StrEnum):
    """What of a picture a field's value is part of."""

    PAINTING = "painting"  # the layers
    BLEND = "blend"  # only what is made of the layers, or what they are called
    FOUND = "found"  # the layers by way of something that is found with it and compared in its place


def painting(since: int = 0, strokes: bool = False) -> Mapping[str, Any]:
    """Metadata of a field that painted layers depend on.

    `since` is 0 for what was there when runs first had keys, 1 for what came before films had, and 2 for all that came
    or comes later: such a field is in a key only where it is not as by default, so that what was begun before there was
    such a field goes on. `strokes`: no engine reads it but those that draw strokes.
    """
    return MappingProxyType({"part": Part.PAINTING, "since": since, "strokes": strokes})


def blend(since: int = 0) -> Mapping[str, Any]:
    """Metadata of a field that only the blend of the layers depends on; `since` is as for `painting`."""
    return MappingProxyType({"part": Part.BLEND, "since": since, "strokes": False})


def found(since: int = 0) -> Mapping[str, Any]:
    """Metadata of a field whose effect is compared instead: of a device its kind, of a segmenter the regions."""
    return MappingProxyType({"part": Part.FOUND, "since": since, "strokes": False})


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
