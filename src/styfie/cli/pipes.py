"""Pictures through pipes: from standard input, and to standard output, where nothing else is said then."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from styfie.cli.options import warn_of_doubt
from styfie.cli.progress import interruptible, show_progress
from styfie.errors import OutputError
from styfie.stores import name_of

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.images import Picture
    from styfie.reading import Request


def check_stdout() -> None:
    """Refuse to write a picture where somebody reads.

    Raises:
        OutputError: standard output is a terminal.
    """
    if sys.stdout.isatty():
        raise OutputError("The picture would be written to the terminal: add > picture.png, or give --output.")


def write_stdout(data: bytes) -> None:
    """Write a picture file to standard output."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def print_written(file: Path, more: str = "") -> None:
    """Say what was written, unless it was standard output."""
    from styfie.images import STDOUT

    if file != STDOUT:
        typer.echo(f"Wrote {name_of(file)}{more}")


def paint_piped(photo: Picture | None, request: Request) -> None:
    """Paint a photo, and write the picture in both styles to standard output, as PNG with its mark."""
    from styfie.reading import SourcePhoto
    from styfie.running import Run
    from styfie.sources import files_read
    from styfie.storage.extras import marked
    from styfie.storage.openraster import eight_bits, png
    from styfie.storage.results import LONGEST

    check_stdout()
    with interruptible() as stop, show_progress() as show:

        def on_progress(progress: Progress) -> bool:
            show(progress)
            return not stop.requested

        painting = Run(SourcePhoto(photo), request, files_read(photo, request)).paint(on_progress)
    warn_of_doubt(painting.regions.doubtful)
    write_stdout(marked(painting, LONGEST, png(eight_bits(painting.render()))))
    if stop.requested:
        raise typer.Exit(130)
