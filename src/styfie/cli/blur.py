"""`styfie blur`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from styfie.cli.options import Lens, Mark, Radius, Segmenter, warn_of_doubt
from styfie.errors import InputError
from styfie.settings import Settings


def blur(
    photo: Annotated[Path, typer.Argument(help="A photo.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The blurred portrait, in the format of its name, else a PNG.")
    ] = None,
    radius: Radius = Settings.radius,
    lens: Lens = Settings.lens,
    depth: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|auto",
            help="Grade a lens's blur by a depth map, bright = near; auto: the photo's own or an estimate.",
        ),
    ] = None,
    mask: Annotated[Path | None, typer.Option(help="A mask of the subject to use as it is.")] = None,
    segmenter: Segmenter = Settings.segmenter,
    size: Annotated[int, typer.Option(help="Longest side in pixels; 0 = the photo's own.")] = 0,
    mark: Mark = Settings.mark,
) -> None:
    """Blur the background behind the person, as a portrait lens does."""
    from styfie.cli.segment import sibling_file
    from styfie.depth import find_depth
    from styfie.images import read_once, to_image, write_picture
    from styfie.painting import lens_blur
    from styfie.reading import find_regions, read_photo
    from styfie.storage.atomic import check_targets, writing_file
    from styfie.storage.xmp import SourceType, xmp_packet

    settings = Settings(size=size, radius=radius, lens=lens, segmenter=segmenter, mark=mark)
    if depth and settings.lens in ("gaussian", "plain"):
        raise InputError("--depth came, and a Gaussian is the same everywhere: --lens disc or hexagon is wanted.")
    file = output or sibling_file(photo, "blur")
    check_targets([file], [photo, Path(segmenter), *([mask] if mask else []), *([Path(depth)] if depth else [])])
    source = read_once(photo)
    picture = read_photo(source, settings.size)
    regions = find_regions(picture, settings, {"subject": mask} if mask else {})
    known = find_depth(depth, source, picture, regions)
    blurred = lens_blur(picture, regions["subject"], settings.radius, settings.lens, known)
    with writing_file(file) as beside:
        write_picture(to_image(blurred), beside, xmp_packet(SourceType.ALTERED) if settings.mark else b"")
    warn_of_doubt(regions.doubtful)
    typer.echo(f"Wrote {file}")
