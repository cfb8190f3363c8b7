"""`styfie mix`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from styfie.cli.options import Blurs, Bokehs, Colors, DepthFalloffs, Strengths, named_in, parse_look_options, with_looks


def mix(
    painting: Annotated[Path, typer.Argument(help="A painting.ora of styfie paint.")],
    strength: Strengths = None,
    color: Colors = None,
    depth_falloff: DepthFalloffs = None,
    blur: Blurs = None,
    bokeh: Bokehs = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder for the pictures; the painting's own if none.")
    ] = None,
) -> None:
    """Change a painting after the fact, at once: strength, colours and blur of its regions, nothing is painted anew.

    A bare value is for all regions that are painted or blurred.
    """
    from styfie.segmentation.foreground import one_thread
    from styfie.storage.openraster import read_painting
    from styfie.storage.results import write_folder

    found = read_painting(painting, styles=False)
    blurred = [name for name in named_in(blur) if found.regions.index(name) >= 0]
    painted = [name for name, look in found.looks.items() if look.painted or name in blurred]
    folder = output or painting.parent
    asked = parse_look_options(
        painted, strength=strength, color=color, depth_falloff=depth_falloff, blur=blur, bokeh=bokeh
    )
    with one_thread():
        files = write_folder(with_looks(found, asked), folder, painting)
    typer.echo(f"Wrote {', '.join(file.name for file in files)} into {folder}")
