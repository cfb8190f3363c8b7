"""Options that several commands share, and what is said about masks."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from styfie.cli.progress import print_note
from styfie.errors import InputError

if TYPE_CHECKING:
    from styfie.painting import Painting

Device = Annotated[str, typer.Option(help="auto (CUDA where there is one, else cpu), cpu, cuda or mps.")]
Seed = Annotated[
    int,
    typer.Option(
        help="The same seed gives the same bytes. optimise (but for --start noise) and per-style use no chance."
    ),
]
Segmenter = Annotated[
    str,
    typer.Option(
        "--segmenter",
        help="See: styfie list segmenters; or a FILE.safetensors of styfie train, a FILE.onnx of export.",
    ),
]
Masks = Annotated[
    list[str] | None,
    typer.Option(
        "--mask",
        metavar="[NAME=]FILE",
        help="A mask, white = inside: of the subject, or laid over the rest under a NAME of your own. Repeatable.",
    ),
]

Strengths = Annotated[
    list[str] | None,
    typer.Option("--strength", metavar="[NAME=]0..1", help="How much of a region's painting shows. Repeatable."),
]
Colors = Annotated[
    list[str] | None,
    typer.Option(
        "--color",
        metavar="[NAME=]MODE",
        help="A region's colours: style; keep, the photo's palette by mean and covariance; histogram, the same by "
        "histograms; luma, only light and dark painted. Repeatable.",
    ),
]
DepthFalloffs = Annotated[
    list[str] | None,
    typer.Option(
        "--depth-falloff",
        metavar="[NAME=]0..1",
        help="How much strength what is near loses, where --depth is known. Repeatable.",
    ),
]

Brushes = Annotated[
    list[str] | None,
    typer.Option(
        "--brush",
        metavar="[NAME=]KIND",
        help="What --engine strokes paints a region with: auto, oil, tape, marker or watercolour. Repeatable.",
    ),
]
Blurs = Annotated[
    list[str] | None,
    typer.Option(
        "--blur",
        metavar="[NAME=]RADIUS",
        help="A region out of focus, painted or not: standard deviation in pixels per 512 of the longest side. "
        "Repeatable.",
    ),
]
Bokehs = Annotated[
    list[str] | None,
    typer.Option(
        "--bokeh", metavar="[NAME=]SHAPE", help="Of --blur: gaussian, or a lens's disc or hexagon. Repeatable."
    ),
]
Mark = Annotated[
    bool, typer.Option("--mark/--no-mark", help="Say in the pictures' metadata that they were changed, and by what.")
]
Lens = Annotated[str, typer.Option(metavar="SHAPE", help="Of the portrait blur: gaussian, disc or hexagon.")]


EXAMPLES = {"--style": "STYLE", "--mask": "FILE", "--style-mask": "FILE"}


def by_name(given: Sequence[str], option: str, default: str | None = None) -> dict[str, str]:
    """`NAME=VALUE` of a repeatable option; a bare value is `default`'s, as is a file that is really called so.

    Raises:
        InputError: a bare value where there is no default, an empty name, or a name given twice.
    """
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or (default and os.path.exists(one)):  # noqa: PTH110 - it takes names too long for a file
            name, value = default or "", one
        if not name or not value:
            raise InputError(f"{option} {one} came: {option} NAME={EXAMPLES[option]} is wanted, NAME being a region.")
        if name in found:
            raise InputError(f"{option} for {name} came twice: give one.")
        found[name] = value
    return found


def parse_look_options(painted: Collection[str], **given: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """What options such as `--strength` change in the looks of regions, checked before anything is painted.

    `given` are the texts by field of `Look`: `NAME=VALUE`, or a bare value for all of the `painted` regions that are
    not named.

    Raises:
        InputError: a region that is not painted, one given twice, or a value out of range.
    """
    found: dict[str, dict[str, Any]] = {}
    for option, texts in given.items():
        values: dict[str, str] = {}
        for one in texts or ():
            name, equals, value = one.partition("=") if "=" in one else ("", "", one)
            if equals and name not in painted:
                raise InputError(f"--{option} for {name} came: painted are {', '.join(painted)}.")
            if name in values:
                raise InputError(f"--{option} for {name or 'all regions'} came twice: give one.")
            values[name] = value
        for name in painted:
            if (text := values.get(name, values.get(""))) is not None:
                found.setdefault(name, {})[option] = _checked(option, text)
    return found


def _checked(option: str, text: str) -> str | float:
    """The value of one field of `Look`."""
    from styfie.looks import Look

    if option == "color":
        return Look(color=text).color
    if option == "brush":
        return Look(brush=text).brush
    if option == "bokeh":
        return Look(bokeh=text).bokeh
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    change: dict[str, Any] = {option: value}
    try:
        replace(Look(), **change)
    except InputError as error:
        wanted = str(error).partition(": ")[2]
        raise InputError(f"--{option} {text} came: {wanted}" if math.isnan(value) else str(error)) from None
    return value


def named_in(texts: Sequence[str] | None) -> list[str]:
    """The regions that `NAME=VALUE` of a repeatable option name, each once."""
    return list(dict.fromkeys(one.partition("=")[0] for one in texts or () if "=" in one))


def with_looks(painting: Painting, changes: Mapping[str, Mapping[str, Any]]) -> Painting:
    """The painting with these changes to its looks; it is then no more what its run was asked for, nor as like.

    Raises:
        InputError: a strength that falls off with depth, where the painting knows none.
    """
    looks = {name: replace(look, **changes.get(name, {})) for name, look in painting.looks.items()}
    if painting.regions.depth is None and any(look.depth_falloff for look in looks.values()):
        raise InputError(
            "--depth-falloff came, and the painting knows no depth: paint it with --depth FILE or --depth auto."
        )
    recipe = {
        name: value for name, value in painting.recipe.items() if name not in ("fingerprint", "asked", "likeness")
    }
    return replace(painting, looks=looks, recipe=recipe)


MEMORY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(?:([MGT])B?)?", re.IGNORECASE)


def gigabytes(text: str) -> float:
    """`800MB`, `2GB`, `2.5G` or a plain number of gigabytes.

    Raises:
        InputError: none of these.
    """
    if not (found := MEMORY.fullmatch(text.strip())):
        raise InputError(f"--max-memory {text} came: 2GB, 800MB or a number of gigabytes is wanted.")
    return float(found[1]) * {"M": 0.001, "G": 1.0, "T": 1000.0}[(found[2] or "G").upper()]


def warn_of_doubt(doubtful: Sequence[str], photo: str = "") -> None:
    """One sentence on the masks that their user should look at, and how to help."""
    if doubtful:
        names = " and ".join(doubtful)
        print_note(
            f"{photo and f'{photo}: '}The mask of {names} is doubtful: look at it, correct it with "
            "styfie segment --add x,y --remove x,y, and give it with --mask NAME=FILE."
        )
