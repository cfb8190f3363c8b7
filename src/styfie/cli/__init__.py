"""The command line. It asks the library and shows the answer; it computes nothing itself."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from styfie import __version__
from styfie.cli import blur, doctor, evaluate, export, lists, mix, paint, segment, train, web
from styfie.errors import StyfieError

app = typer.Typer(
    name="styfie",
    help="Paint the person in one style and the world behind them in another.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("paint")(paint.paint)
app.command("mix")(mix.mix)
app.command("segment")(segment.segment)
app.command("blur")(blur.blur)
app.command("export")(export.export)
app.command("list")(lists.list_)
app.command("web")(web.web)
app.command("doctor")(doctor.doctor)
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"styfie {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: exit code 2 and one sentence for what cannot be used, 130 when interrupted."""
    try:
        app()
    except StyfieError as error:
        typer.echo(f"styfie: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
