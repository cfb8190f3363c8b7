"""`styfie web`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from styfie.cli.field_options import with_fields
from styfie.errors import InputError, MissingError
from styfie.web.options import Options, default_folder


@with_fields(Options, after="browser")
def web(
    folder: Annotated[
        Path | None, typer.Argument(help="Where photos and paintings are kept; a folder of the user's own if none.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Of the token that everybody must show; made when missing. FOLDER/token if none."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    **given: Any,
) -> None:
    """Open the page: drop a photo, click a person, choose a style, and watch it being painted.

    Everything stays on this computer. Ctrl-C ends it; what was being painted goes on when it is started again.
    With --lan a phone in your network opens the page too, by the QR code that is shown.
    """
    try:
        from styfie.web.serving import serve
    except ImportError:
        raise MissingError("The page needs an optional part: pip install 'styfie[web]'.") from None
    from styfie.web.tokens import FILE, is_readable_by_others, read_token

    folder = folder or default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({error.strerror}): name another folder.") from None
    file = token_file or folder / FILE
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options = Options(folder, token=read_token(file), **said)
    if is_readable_by_others(file):
        typer.echo(f"styfie: other users of this computer can read the token in {file}: chmod 600 {file}", err=True)
    if options.is_open:
        typer.echo(
            f"styfie: {options.host} can be reached by others, who see your photos if they have this address with its "
            "token; the connection is not encrypted.",
            err=True,
        )
    serve(options, browser, typer.echo)
