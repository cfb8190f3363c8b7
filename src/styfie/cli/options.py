"""Options that several commands share, and what is said about masks."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from styfie.cli.field_options import RegionValue, flag_of, option_type
from styfie.cli.progress import print_note
from styfie.errors import InputError
from styfie.settings import Settings

if TYPE_CHECKING:
    from styfie.painting import Painting
    from styfie.shards import Shard

if TYPE_CHECKING:
    Device = str
    Lens = str
    Segmenter = str
    Mark = bool
    Radius = float
else:  # all that there is to say of them stands in the fields
    Device, Lens, Mark, Radius, Segmenter = (
        option_type(Settings, name) for name in ("device", "lens", "mark", "radius", "segmenter")
    )
Masks = Annotated[
    list[str] | None,
    typer.Option(
        "--mask",
        metavar="[NAME=]FILE",
        help="A mask, white = inside: of the subject, or laid over the rest under a NAME of your own. Repeatable.",
    ),
]

ShardText = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Only part I of N, by names, for several machines; tasks of Slurm's and AWS Batch's array jobs do theirs.",
    ),
]

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


def parse_shard(text: str | None, names: Sequence[str]) -> Shard | None:
    """The shard that `--shard` or an array job asks for, after a line that says how many of `names` are its; or none.

    Raises:
        InputError: as `Shard.parse` and `shard_of_job`.
    """
    from styfie.shards import Shard, shard_of_job

    shard = Shard.parse(text) if text else shard_of_job()
    if shard:
        source = f", of {shard.source}" if shard.source else ""
        own = len(shard.pick(names, str))
        print_note(f"Shard {shard.number} of {shard.count}{source}: {own} of {len(names)}.")
    return shard


def parse_look_options(
    painted: Collection[str], given: Mapping[str, Sequence[RegionValue] | None]
) -> dict[str, dict[str, Any]]:
    """What options such as `--strength` change in the looks of regions, checked before anything is painted.

    `given` are the values by field of `Look`, each for a region or for all of the `painted` ones that are not named.

    Raises:
        InputError: a region that is not painted, or one given twice.
    """
    found: dict[str, dict[str, Any]] = {}
    for field, said in given.items():
        values: dict[str | None, Any] = {}
        for one in said or ():
            if one.region is not None and one.region not in painted:
                raise InputError(f"{flag_of(field)} for {one.region} came: painted are {', '.join(painted)}.")
            if one.region in values:
                raise InputError(f"{flag_of(field)} for {one.region or 'all regions'} came twice: give one.")
            values[one.region] = one.value
        for name in painted:
            if name in values or None in values:
                found.setdefault(name, {})[field] = values.get(name, values.get(None))
    return found


def named_in(said: Sequence[RegionValue] | None) -> list[str]:
    """The regions that a repeatable option names, each once."""
    return list(dict.fromkeys(one.region for one in said or () if one.region is not None))


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


def warn_of_doubt(doubtful: Sequence[str], photo: str = "") -> None:
    """One sentence on the masks that their user should look at, and how to help."""
    if doubtful:
        names = " and ".join(doubtful)
        print_note(
            f"{photo and f'{photo}: '}The mask of {names} is doubtful: look at it, correct it with "
            "styfie segment --add x,y --remove x,y, and give it with --mask NAME=FILE."
        )
