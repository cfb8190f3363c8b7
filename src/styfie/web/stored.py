"""What a `job.json` says, whichever version of Styfie wrote it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ValidationError

from styfie.web.schemas import LookSchema, SettingsSchema

SCHEMA = 1
"""Of `job.json`: raised when a key that is known already comes to mean something else, not when one is added."""
_REGION: dict[str, Any] = {"name": str, "side": str, "score": (int, float), "doubtful": bool, "area": (int, float)}
Values = dict[str, Any]


class UnreadableError(Exception):
    """A `job.json` that says nothing which can be understood; the text says why."""


def to_text(values: Values, more: Values) -> str:
    """What is known of a job as it is kept, with what another version had written down `more`."""
    return json.dumps({**more, **values, "schema": SCHEMA})


def from_text(text: str, names: Collection[str]) -> tuple[Values, Values]:
    """The `names` values of a `job.json`, as this version understands them, and those that it does not know.

    Raises:
        UnreadableError: it is no job's, or a newer schema's.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError("it is no JSON" if text.strip() else "it is empty") from None
    if not isinstance(found, dict):
        raise UnreadableError("it is not of a job")
    schema = found.pop("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise UnreadableError("a newer version of Styfie wrote it")
    values = {name: value for name, value in found.items() if name in names}
    try:
        _understand(values)
    except (TypeError, AttributeError, KeyError):
        raise UnreadableError("its looks, settings or regions cannot be understood") from None
    return values, {name: value for name, value in found.items() if name not in names}


def _understand(values: Values) -> None:
    """Looks, settings and regions as this version has them."""
    for which in ("looks", "painted_looks", "sketched_looks"):
        looks = values.get(which, {})
        values[which] = {name: understood(LookSchema, look) for name, look in looks.items()}
    values["settings"] = understood(SettingsSchema, values.get("settings", {}))
    for region in values.get("regions", []):
        if not all(isinstance(region[key], kind) for key, kind in _REGION.items()):
            raise TypeError


def understood(model: type[BaseModel], values: Values) -> Values:
    """Those of the values that a model knows and takes."""
    known = {name: value for name, value in values.items() if name in model.model_fields}
    try:
        model.model_validate(known)
    except ValidationError as error:
        wrong = {fault["loc"][0] for fault in error.errors()}
        return {name: value for name, value in known.items() if name not in wrong}
    return known
