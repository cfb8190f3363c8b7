"""`styfie web`."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from styfie.errors import InputError, MissingError
from styfie.web.options import LOOPBACK, Options, default_folder


def web(
    folder: Annotated[
        Path | None, typer.Argument(help="Where photos and paintings are kept; a folder of the user's own if none.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Another address than loopback lets others in, with a token.")
    ] = Options.host,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any that is free.")] = Options.port,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    hours: Annotated[
        float,
        typer.Option(min=0.1, help="How long a job is kept that nobody uses; only while this runs does it grow older."),
    ] = Options.hours,
    gigabytes: Annotated[
        float, typer.Option(min=0.1, help="What all jobs together may take; the longest unused go first.")
    ] = Options.gigabytes,
) -> None:
    """Open the page: drop a photo, click a person, choose a style, and watch it being painted.

    Everything stays on this computer. Ctrl-C ends it; what was being painted goes on when it is started again.
    """
    try:
        from styfie.web.serving import serve
    except ImportError:
        raise MissingError("The page needs an optional part: pip install 'styfie[web]'.") from None
    token = None if host in LOOPBACK else secrets.token_urlsafe(32)
    options = Options(folder or default_folder(), host, port, token, hours, gigabytes)
    if token:
        typer.echo(
            f"styfie: {host} can be reached by others, who see your photos if they have this address with its token; "
            "the connection is not encrypted.",
            err=True,
        )
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{options.folder} cannot be made ({error.strerror}): name another folder.") from None
    serve(options, browser, typer.echo)
