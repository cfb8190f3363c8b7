"""From what the command line says to what is asked of the library: of the regions, and of the run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import typer

from styfie.cli.field_options import RegionValue
from styfie.cli.options import named_in, parse_look_options
from styfie.errors import InputError
from styfie.looks import Look
from styfie.settings import Settings


def parse_settings(context: typer.Context, base: Settings) -> Settings:
    """A recipe's settings or the defaults, and in their place what the command line gives.

    Raises:
        InputError: values that do not go together.
    """
    known = {field.name for field in fields(Settings)}
    given = {name: value for name, value in context.params.items() if name in known and is_given(context, name)}
    return replace(base, **given)


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option is on the command line, rather than at its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP")


def parse_looks(
    styles: Mapping[str, str],
    masks: Mapping[str, str],
    given: Mapping[str, Sequence[RegionValue] | None],
    recipe: Mapping[str, Look],
) -> dict[str, Look]:
    """A recipe's looks with what the command line gives in their place.

    `styles` and `masks` are texts by region, `given` values of the other fields of `Look` as for
    `parse_look_options`. A region that gets another style keeps the rest of its look.

    Raises:
        InputError: a region that is not painted, or masks that are not one for each style.
    """
    from styfie.styles import parse_styles

    looks = dict(recipe)
    for name, text in styles.items():
        looks[name] = replace(looks.get(name, Look()), styles=parse_styles(text))
    for name, text in masks.items():
        if name not in looks:
            raise InputError(f"--style-mask for {name} came: a --style for it is wanted too.")
        looks[name] = _with_masks(name, looks[name], text)
    # A blurred region need not be painted; without any style it is the default pair's that the others are for.
    painted = tuple(looks) or ("subject", "background")
    for name, changes in parse_look_options(
        tuple(dict.fromkeys([*painted, *named_in(given.get("blur"))])), given
    ).items():
        looks[name] = replace(looks.get(name, Look()), **changes)
    return looks


def _with_masks(name: str, look: Look, text: str) -> Look:
    files = [text] if os.path.exists(text) else text.split("+")  # noqa: PTH110 - it takes names of any length
    if len(files) != len(look.styles):
        raise InputError(
            f"--style-mask for {name} names {len(files)}, and the region has {len(look.styles)} "
            f"{'style' if len(look.styles) == 1 else 'styles'}: FILE for each, joined by +, is wanted."
        )
    pairs = zip(look.styles, files, strict=True)
    return replace(look, styles=tuple(replace(style, mask=file) for style, file in pairs))
