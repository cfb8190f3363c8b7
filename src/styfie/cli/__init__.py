"""The command line. It asks the library and shows the answer; it computes nothing itself."""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper
from typing import Annotated, TextIO

import typer

from styfie._version import __version__
from styfie.cli import blur, doctor, evaluate, export, lists, mix, paint, segment, train, verify, web
from styfie.cli.progress import print_note
from styfie.errors import StyfieError

_log = logging.getLogger(__name__)
OLD_OPTIONS = {"graded": "depth-falloff"}  # names of before, which scripts may still say

app = typer.Typer(
    name="styfie",
    help="Paint the person in one style and the world behind them in another.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: OLD_OPTIONS.get(name, name),
    },
)
app.command("paint")(paint.paint)
app.command("mix")(mix.mix)
app.command("verify")(verify.verify)
app.command("segment")(segment.segment)
app.command("blur")(blur.blur)
app.command("export")(export.export)
app.command("list")(lists.list_)
app.command("web")(web.web)
app.command("doctor")(doctor.doctor)
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"styfie {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Tell what is logged, and where in the program an error comes from.")
    ] = False,
) -> None:
    del version  # its callback has answered
    if debug:
        told, logger = logging.StreamHandler(), logging.getLogger("styfie")
        told.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(told)
        logger.setLevel(logging.DEBUG)


def _write_what_it_can(stream: TextIO | None) -> None:
    """Have a terminal that knows few letters show others as question marks, rather than end the program."""
    if isinstance(stream, TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
        stream.reconfigure(errors="replace")


def main() -> None:
    """Run the command line: exit code 2 and one sentence for what cannot be used, 130 when interrupted."""
    for stream in (sys.stdout, sys.stderr):
        _write_what_it_can(stream)
    try:
        app()
    except StyfieError as error:
        _log.debug("This was refused:", exc_info=True)
        print_note(f"styfie: {error}")
        sys.exit(2)
    except OSError as error:  # of what was said: all files are written by the library, which says its own sentences
        _log.debug("This could not be written:", exc_info=True)
        print_note(
            f"styfie: The answer could not be written ({error.strerror or error}); files are where they were to be."
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
