"""`styfie paint` of several photos or a folder: lines as they are done, and what became of all at the end."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from styfie.cli.options import parse_shard, warn_of_doubt
from styfie.cli.progress import print_note
from styfie.errors import InputError
from styfie.stores import name_of

if TYPE_CHECKING:
    from styfie.batch import Outcome
    from styfie.reading import Request


def paint_all(
    given: Sequence[Path],
    output: Path,
    request: Request,
    jobs: int,
    read: Sequence[Path] = (),
    part: str | None = None,
    on: str | None = None,
) -> None:
    """Paint each photo into a folder of its own; exit code 2 if any could not be, 130 if interrupted.

    `part` is the text of `--shard`, `on` that of `--on`.

    Raises:
        InputError, MissingError: what no photo could be painted with, or a folder without pictures.
        OutputError: results could not be written, or would replace a photo or what else is `read`.
    """
    from styfie.batch import find_photos, paint_many

    photos = find_photos(given)
    one_by_name = part is None and photos == list(given) and len(photos) == 1  # an array's task may have its own
    shard = None if one_by_name else parse_shard(part, [photo.name for photo in photos])
    count = len(shard.pick(photos, lambda photo: photo.name)) if shard else len(photos)
    if on is None:
        show_all(paint_many(photos, output, request, jobs, read, shard), count)
        return
    from styfie.cluster import Cluster, paint_on_cluster

    cluster = Cluster.parse(on)
    show_all(paint_on_cluster(photos, output, request, cluster, jobs, read, shard, print_note), count)


def show_all(painted: Generator[Outcome, None, None], count: int) -> None:
    """Take `count` outcomes and say what became of each and of all; exit code 2 if any failed, 130 if interrupted."""
    outcomes: list[Outcome] = []
    stopped = False
    with closing(painted) as ready:
        try:
            for outcome in ready:
                outcomes.append(outcome)
                _show(outcome, len(outcomes), count)
        except KeyboardInterrupt:
            stopped = True
    print_note(_summary(outcomes, count))
    if stopped:
        print_note("Stopped before the end: the same command goes on with the others.")
        raise typer.Exit(130)
    if any(outcome.kind == "failed" for outcome in outcomes):
        raise typer.Exit(2)


def watch_folder(given: Sequence[Path], output: Path, request: Request, jobs: int, read: Sequence[Path] = ()) -> None:
    """Paint what comes to lie in a folder until Ctrl-C, which is exit code 130.

    Raises:
        InputError, MissingError, OutputError: as `watch.watch`; or not one folder is given.
    """
    from styfie.watch import watch

    if len(given) != 1:
        raise InputError(f"{len(given)} names came with --watch: one folder is wanted.")
    print_note(f"Watching {given[0]}; Ctrl-C stops.")
    done = 0
    with closing(watch(given[0], output, request, jobs, read, print_note)) as ready:
        try:
            for outcome in ready:
                if outcome is not None:
                    done += 1
                    _show(outcome, done)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _show(outcome: Outcome, done: int, count: int = 0) -> None:
    if outcome.kind == "failed":
        print_note(f"{outcome.photo.name}: {outcome.reason}.")
    elif outcome.kind == "painted":
        of = f"/{count}" if count else ""
        typer.echo(f"{done}{of} {outcome.photo.name}: wrote {name_of(outcome.folder)}")
    warn_of_doubt(outcome.doubtful, outcome.photo.name)


def _why(outcome: Outcome) -> str:
    """The reason, which may begin with the photo's name, without it."""
    return outcome.reason.removeprefix(outcome.photo.name).lstrip()


def _summary(outcomes: Sequence[Outcome], count: int) -> str:
    """Such as `painted 7 of 8; not painted: x.jpg (reason)`."""
    kinds = [outcome.kind for outcome in outcomes]
    line = f"painted {kinds.count('painted')} of {count}"
    if kept := kinds.count("kept"):
        line += f"; painted before by the same command and kept: {kept}"
    if failed := [f"{o.photo.name} ({_why(o)})" for o in outcomes if o.kind == "failed"]:
        line += f"; not painted: {', '.join(failed)}"
    return line
