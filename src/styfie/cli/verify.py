"""`styfie verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styfie.cli.progress import print_note, show_progress

if TYPE_CHECKING:
    from styfie.engines.progress import Progress


def verify(
    painting: Annotated[Path, typer.Argument(help="A painting.ora of styfie paint.")],
    photo: Annotated[
        Path | None,
        typer.Argument(help="The original photo, which large paintings want that begin as a small one."),
    ] = None,
) -> None:
    """Paint a painting again by its own recipe, and say whether the bytes are the same, and what differs if not.

    Also whether the marks in its pictures name this recipe. Exit code 0 if all is the same, 1 if not.
    """
    from styfie.verification import verify, wants_photo

    if photo is None and wants_photo(painting):
        print_note(
            "This painting began as a small one of its original photo: without that photo some pixels may differ."
        )
    with show_progress() as show:

        def on_progress(progress: Progress) -> bool:
            show(progress)
            return True

        verdict = verify(painting, photo, on_progress)
    typer.echo(f"recipe sha256:{verdict.recipe}")
    if verdict.marks:
        wrong = [name for name, right in verdict.marks.items() if not right]
        names = f"; another one is named by {', '.join(wrong)}" if wrong else ""
        typer.echo(f"named by the marks of {len(verdict.marks) - len(wrong)} of {len(verdict.marks)} pictures{names}")
    for sentence in verdict.differences:
        typer.echo(f"differs: {sentence}")
    if not verdict.differences:
        typer.echo(f"{painting.name} painted again has the same bytes")
    if not verdict.same:
        raise typer.Exit(1)
