"""`styfie blur`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from styfie.cli.options import Segmenter, warn_of_doubt
from styfie.settings import Settings


def blur(
    photo: Annotated[Path, typer.Argument(help="A photo.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The blurred portrait, a PNG.")] = None,
    radius: Annotated[
        float, typer.Option(min=0, max=1000, help="Standard deviation in pixels per 512 of the longest side.")
    ] = Settings.radius,
    mask: Annotated[Path | None, typer.Option(help="A mask of the subject to use as it is.")] = None,
    segmenter: Segmenter = Settings.segmenter,
    size: Annotated[int, typer.Option(help="Longest side in pixels; 0 = the photo's own.")] = 0,
) -> None:
    """Blur the background behind the person, as a portrait lens does."""
    from styfie.blur import portrait_blur
    from styfie.cli.segment import save_image
    from styfie.images import to_image
    from styfie.pipeline import find_regions, read_photo

    settings = Settings(size=size, radius=radius, segmenter=segmenter)
    picture = read_photo(photo, settings.size)
    regions = find_regions(picture, settings, {"subject": mask} if mask else {})
    file = output or photo.with_name(f"{photo.stem}-blur.png")
    save_image(to_image(portrait_blur(picture, regions["subject"], settings.radius)), file)
    warn_of_doubt(regions.doubtful)
    typer.echo(f"Wrote {file}")
