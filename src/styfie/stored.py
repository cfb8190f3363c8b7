"""What a painting's file may hold as its recipe, so that what reads it need not look again."""

from __future__ import annotations

import math
from typing import Any

from styfie.looks import Look

LOOK = ("strength", "color", "stroke", "likeness", "graded", "brush", "blur", "bokeh")  # a look's plain values


def check_recipe(recipe: Any) -> dict[str, Any]:
    """A recipe of the kinds of values that are written.

    Raises:
        ValueError: it holds others.
    """
    texts, numbers = recipe["regions"] + recipe["sides"], recipe["score"]
    looks, settings = recipe["looks"], recipe.get("settings", {})
    if not all(isinstance(one, str) for one in texts) or not all(_is_number(one) for one in numbers):
        raise ValueError("regions")
    if not isinstance(settings, dict) or not all(isinstance(one, str | int | float) for one in settings.values()):
        raise ValueError("settings")
    if not _is_number(settings.get("radius", 0.0)) or not isinstance(settings.get("lens", ""), str):
        raise ValueError("blur")
    for look in looks.values():
        for style in look["styles"] if look else ():
            if not isinstance(style["name"], str) or not _is_number(style["weight"]):
                raise ValueError("style")
        for field in LOOK:
            wanted = type(getattr(Look(), field))
            if (
                look
                and field in look
                and not (_is_number(look[field]) if wanted is float else type(look[field]) is wanted)
            ):
                raise ValueError(field)
    return dict(recipe)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
