"""Options that several commands share, and what is said about masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styfie.errors import InputError

if TYPE_CHECKING:
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


def by_name(given: Sequence[str], option: str, default: str | None = None) -> dict[str, str]:
    """`NAME=VALUE` of a repeatable option; a bare value is `default`'s, as is a file that is really called so.

    Raises:
        InputError: a bare value where there is no default, an empty name, or a name given twice.
    """
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or (default and Path(one).exists()):
            name, value = default or "", one
        if not name or not value:
            raise InputError(f"{option} {one} came: {option} NAME=VALUE is wanted, such as hair=waves.")
        if name in found:
            raise InputError(f"{option} for {name} came twice: give one.")
        found[name] = value
    return found


def warn_of_doubt(regions: Regions) -> None:
    """One sentence on the masks that their user should look at, and how to help."""
    if doubtful := regions.doubtful:
        names = " and ".join(doubtful)
        typer.echo(
            f"The mask of {names} is doubtful: look at it, correct it with styfie segment --add x,y --remove x,y, "
            "and give it with --mask NAME=FILE.",
            err=True,
        )
