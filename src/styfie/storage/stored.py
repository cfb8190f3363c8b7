"""What a painting's file may hold as its recipe, so that what reads it need not look again."""

from __future__ import annotations

import math
from typing import Any

from styfie.fields import names_of
from styfie.looks import LENSES, MOST_BLUR, Look

LOOK_FIELDS = tuple(name for name in names_of(Look) if name != "styles")  # a look's plain values

OLD_FIELDS = {"graded": "depth_falloff"}  # as files of before have them


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
    radius = settings.get("radius", 0.0)
    if not _is_number(radius) or not 0 <= radius <= MOST_BLUR or settings.get("lens", LENSES[0]) not in LENSES:
        raise ValueError("blur")  # which is blended with them before anybody looks at the settings
    for look in looks.values():
        for style in look["styles"] if look else ():
            if not isinstance(style["name"], str) or not _is_number(style["weight"]):
                raise ValueError("style")
            style["name"].encode()  # half a character can neither be shown nor written
        for field in (*LOOK_FIELDS, *OLD_FIELDS):
            wanted = type(getattr(Look(), OLD_FIELDS.get(field, field)))
            if (
                look
                and field in look
                and not (_is_number(look[field]) if wanted is float else type(look[field]) is wanted)
            ):
                raise ValueError(field)
    return dict(recipe)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
