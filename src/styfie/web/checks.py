"""Whether what is asked can be done here, and what is asked where nothing is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from styfie.errors import InputError
from styfie.gallery import BUILT_IN, PAIRS
from styfie.web.messages import message
from styfie.web.options import Options
from styfie.web.schemas import LookSchema, PaintRequest, SettingsSchema, StyleSchema


def check_budget(settings: SettingsSchema, options: Options) -> None:
    """Refuse a painting of more pixels or steps than a server gives one, or what the library does not take."""
    settings.settings()
    if settings.size > options.longest:
        raise InputError(message("error.size", size=settings.size, most=options.longest))
    if settings.steps > options.most_steps:
        raise InputError(message("error.steps", steps=settings.steps, most=options.most_steps))


def check_styles(looks: Mapping[str, LookSchema], own: Collection[str]) -> None:
    """Refuse styles that are neither of the gallery nor the job's `own`."""
    for region, look in looks.items():
        for style in look.styles:
            if style.name not in BUILT_IN and style.name not in own:
                raise InputError(
                    message("error.style_unknown", style=style.name, region=region, known=", ".join(BUILT_IN))
                )


def is_styled(request: PaintRequest | None) -> bool:
    """Whether it asks for something that has to be painted."""
    return request is not None and any(look.styles for look in request.looks.values())


def with_styles(looks: Mapping[str, dict[str, Any]], regions: Collection[str]) -> dict[str, dict[str, Any]]:
    """The looks; where nothing at all is asked, with the gallery's first pair of styles, as the library does.

    Raises:
        InputError: only what needs no painting is asked.
    """
    found = dict(looks)
    if any(look.get("styles") for look in looks.values()):
        return found
    if any(look.get("blur") for look in looks.values()):
        raise InputError(message("error.only_blur"))
    for name, style in zip(("subject", "background"), PAIRS[0], strict=True):
        if name in regions:
            look = LookSchema(**looks.get(name, {}))
            found[name] = look.model_copy(update={"styles": [StyleSchema(name=style)]}).model_dump()
    return found
