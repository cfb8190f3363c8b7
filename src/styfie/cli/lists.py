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

from styfie.cli.progress import print_note
from styfie.registry import Registry


class Kind(StrEnum):
    """What can be listed."""

    styles = "styles"
    engines = "engines"
    segmenters = "segmenters"
    encoders = "encoders"
    losses = "losses"


UNSAID = {"path", "frames", "plan", "costs", "reach", "cached"}  # how an entry is run, not what it is
SAID = {"painter", "year"}  # of a style, in its "about"
UNITS = {"memory": "bytes for each pixel of a step"}


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the styles, engines, segmenters, encoders or losses there are, with sources and licences."""
    entries = _table(kind)
    if as_json:
        typer.echo(json.dumps(entries, indent=1))
        return
    shown = Table(box=None, pad_edge=False)
    said = (key for entry in entries for key, value in entry.items() if not isinstance(value, bool))
    columns = list(dict.fromkeys(said))
    if kind is Kind.styles:
        columns = [column for column in columns if column not in SAID]
    for column in columns:
        shown.add_column(column, overflow="fold", no_wrap=column == "name")  # names are copied from here
    for entry in entries:
        shown.add_row(*(escape(str(entry.get(column, ""))) for column in columns))
    console = Console()
    console.print(shown)
    for line in _legend(entries):
        console.print(line, highlight=False, soft_wrap=True)


def _legend(entries: list[dict[str, Any]]) -> list[str]:
    """What the codes and numbers among the entries mean, a line each."""
    from styfie.engines import TAXONOMY

    codes = sorted({entry["taxonomy"] for entry in entries if "taxonomy" in entry})
    meant = [f"  {code}  {TAXONOMY[code]}" if code in TAXONOMY else f"  {code}" for code in codes]
    heading = ["taxonomy, after Jing et al. (2018), Neural Style Transfer: A Review:"] if meant else []
    units = [f"{key}: {unit}" for key, unit in UNITS.items() if any(key in entry for entry in entries)]
    return ["", *heading, *meant, *units] if meant or units else []


def _table(kind: Kind) -> list[dict[str, Any]]:
    """Every entry of a registry as name and its plain fields; what is wrong with a package that adds some is told."""
    entries = registries()[kind]
    found = [{"name": name} | _plain(vars(entry)) for name, entry in entries.items()]
    for problem in entries.broken.values() if isinstance(entries, Registry) else ():
        print_note(f"styfie: {problem}")
    return found


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if isinstance(value, str | int) and key not in UNSAID}


def registries() -> dict[Kind, Mapping[str, object]]:
    """All that can be chosen by name."""
    from styfie.encoders import ENCODERS
    from styfie.engines import ENGINES
    from styfie.gallery import BUILT_IN
    from styfie.losses import STYLE_LOSSES
    from styfie.segmentation import SEGMENTERS

    return {
        Kind.styles: BUILT_IN,
        Kind.engines: ENGINES,
        Kind.segmenters: SEGMENTERS,
        Kind.encoders: ENCODERS,
        Kind.losses: STYLE_LOSSES,
    }
