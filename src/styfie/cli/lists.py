"""`styfie list`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table


class Kind(StrEnum):
    """What can be listed."""

    styles = "styles"
    engines = "engines"
    segmenters = "segmenters"
    encoders = "encoders"


UNSAID = {"function", "keeps_steps", "draws_strokes", "reach", "kept"}  # how an entry is run, not what it is
SAID = {"painter", "year"}  # of a style, in its "about"


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the styles, engines, segmenters or encoders there are, with sources and licences."""
    entries = _table(kind)
    if as_json:
        typer.echo(json.dumps(entries, indent=1))
        return
    shown = Table(box=None, pad_edge=False)
    columns = list(dict.fromkeys(key for entry in entries for key in entry))
    if kind is Kind.styles:
        columns = [column for column in columns if column not in SAID]
    for column in columns:
        shown.add_column(column, overflow="fold", no_wrap=column == "name")  # names are copied from here
    for entry in entries:
        shown.add_row(*(escape(str(entry.get(column, ""))) for column in columns))
    Console().print(shown)


def _table(kind: Kind) -> list[dict[str, Any]]:
    """Every entry of a table as name and its plain fields."""
    from styfie.encoders import ENCODERS
    from styfie.engines import ENGINES
    from styfie.gallery import BUILT_IN
    from styfie.segmentation import SEGMENTERS

    tables: dict[Kind, Mapping[str, object]] = {
        Kind.styles: BUILT_IN,
        Kind.engines: ENGINES,
        Kind.segmenters: SEGMENTERS,
        Kind.encoders: ENCODERS,
    }
    return [
        {"name": name}
        | {key: value for key, value in vars(entry).items() if isinstance(value, str | int) and key not in UNSAID}
        for name, entry in tables[kind].items()
    ]
