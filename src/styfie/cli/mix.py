"""`styfie mix`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from styfie.cli.field_options import with_options
from styfie.cli.options import named_in, parse_look_options, with_looks
from styfie.fields import Part


@with_options("painting", looks=[Part.BLEND])
def mix(
    painting: Annotated[Path, typer.Argument(help="A painting.ora of styfie paint.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder for the pictures; the painting's own if none.")
    ] = None,
    **given: Any,
) -> None:
    """Change a painting after the fact, at once: strength, colours and blur of its regions, nothing is painted anew.

    A bare value is for all regions that are painted or blurred.
    """
    from styfie.devices import few_threads
    from styfie.storage.extras import has_panels, write_panels
    from styfie.storage.openraster import read_painting, stored_recipe
    from styfie.storage.results import cutout, result_pictures, write_folder

    panels = has_panels(stored_recipe(painting))
    found = read_painting(painting, styles=panels)  # else their pictures are copied
    blurred = [name for name in named_in(given["blur"]) if found.regions.index(name) >= 0]
    painted = [name for name, look in found.looks.items() if look.painted or name in blurred]
    folder = output or painting.parent
    with few_threads():
        files = write_folder(with_looks(found, parse_look_options(painted, given)), folder, painting)
        if panels:  # with the likeness that was scored meanwhile in their recipe
            mixed = read_painting(files[-1])
            files += write_panels(folder, mixed, result_pictures(mixed), cutout(mixed))
        else:
            write_panels(folder, found, {}, None)
    typer.echo(f"Wrote {', '.join(file.name for file in files)} into {folder}")
