"""`styfie report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(help="The --output of a run in shards, on a cluster, or of several films.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what was done, skipped as done before, failed and is waiting, over all shards that share a folder.

    Exit code 0 if every shard has begun, nothing waits and nothing failed, 1 if not.
    """
    from styfie.outcomes import read_report

    found = read_report(folder)
    typer.echo(json.dumps(found.as_record(), indent=1) if as_json else found.as_text())
    if not found.complete:
        raise typer.Exit(1)
