"""Options that several commands share, and what is said about masks."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from styfie.errors import InputError

if TYPE_CHECKING:
    from styfie.painting import Painting
    from styfie.regions import Regions

Photo = Annotated[Path | None, typer.Argument(help="A photo. The built-in portrait if none is given.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same bytes.")]
Segmenter = Annotated[
    str, typer.Option("--segmenter", help="See: styfie list segmenters; or a FILE.safetensors of styfie train.")
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
    typer.Option("--strength", metavar="NAME=0..1", help="How much of a region's painting shows. Repeatable."),
]
Colors = Annotated[
    list[str] | None,
    typer.Option(
        "--color",
        metavar="NAME=MODE",
        help="A region's colours: style; keep, the photo's palette; luma, only light and dark painted. Repeatable.",
    ),
]


EXAMPLES = {"--style": "STYLE", "--mask": "FILE", "--strength": "0.5", "--color": "keep"}


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


def asked_looks(painted: Collection[str], strengths: Strengths, colors: Colors) -> dict[str, dict[str, Any]]:
    """What `--strength` and `--color` change in the looks of regions, checked before anything is painted.

    Raises:
        InputError: a region that is not painted, or a value out of range.
    """
    from styfie.looks import Look

    found: dict[str, dict[str, Any]] = {}
    for option, given in (("strength", strengths), ("color", colors)):
        for name, value in by_name(given or [], f"--{option}").items():
            if name not in painted:
                raise InputError(f"--{option} for {name} came: painted are {', '.join(painted)}.")
            found.setdefault(name, {})[option] = _number(value) if option == "strength" else value
    for changes in found.values():
        Look(**changes)
    return found


def with_looks(painting: Painting, asked: Mapping[str, Mapping[str, Any]]) -> Painting:
    """The painting with these changes to its looks."""
    from dataclasses import replace

    looks = {name: replace(look, **asked.get(name, {})) for name, look in painting.looks.items()}
    return replace(painting, looks=looks)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--strength {text} came: a number from 0 (photo) to 1 (painted) is wanted.") from None


def warn_of_doubt(regions: Regions) -> None:
    """One sentence on the masks that their user should look at, and how to help."""
    if doubtful := regions.doubtful:
        names = " and ".join(doubtful)
        typer.echo(
            f"The mask of {names} is doubtful: look at it, correct it with styfie segment --add x,y --remove x,y, "
            "and give it with --mask NAME=FILE.",
            err=True,
        )
