"""Looks as files: what is asked of regions and of a run, with style pictures of one's own in it, for any photo."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from styfie.errors import InputError
from styfie.looks import BACKGROUND, SUBJECT
from styfie.web.jobs import Job
from styfie.web.messages import message
from styfie.web.schemas import LONGEST_NAME, LookSchema, PaintRequest, SettingsSchema

MAX_PICTURES = 12
CARRIED = ("engine", "quality", "steps", "seed", "loss", "start", "radius", "lens")
"""Settings that belong to a look: size, device and memory belong to a photo and a computer."""


class LookFile(PaintRequest):
    """A look as a file: a recipe with a name, and the `pictures` of its own styles as PNG in base64."""

    name: str = Field(default="", max_length=LONGEST_NAME)
    pictures: dict[Annotated[str, Field(max_length=LONGEST_NAME)], str] = Field(
        default_factory=dict, max_length=MAX_PICTURES
    )


def look_file(job: Job, folder: Path, name: str = "") -> LookFile:
    """The look of a job, whose files are in `folder`."""
    used = {style["name"] for look in job.looks.values() for style in look.get("styles", ())}
    pictures = {
        style: base64.b64encode((folder / file).read_bytes()).decode()
        for style, file in job.styles.items()
        if style in used
    }
    settings = {key: value for key, value in job.settings.items() if key in CARRIED}
    looks = {region: LookSchema(**look) for region, look in job.looks.items()}
    return LookFile(name=name, looks=looks, settings=SettingsSchema(**settings), pictures=pictures)


def picture_of(name: str, text: str) -> bytes:
    """A picture of a look's file.

    Raises:
        InputError: it is damaged.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(message("error.look_picture", style=name)) from None


def fitted(looks: Mapping[str, dict[str, Any]], regions: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The looks for other `regions`: each by its name, else as its side, subject or background."""
    sides = {SUBJECT: looks.get(SUBJECT) or _first(looks), BACKGROUND: looks.get(BACKGROUND)}
    found = {region["name"]: looks.get(region["name"]) or sides.get(region["side"]) for region in regions}
    return {name: dict(look) for name, look in found.items() if look}


def _first(looks: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The first look of a part, where the rest of the person has none."""
    return next((look for name, look in looks.items() if name != BACKGROUND), None)
