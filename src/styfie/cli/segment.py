"""`styfie segment`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styfie.cli.options import Masks, Segmenter, by_name, warn_of_doubt
from styfie.errors import InputError, OutputError, StyfieError
from styfie.settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image


def segment(
    photo: Annotated[Path, typer.Argument(help="A photo, or a folder of photos.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The mask, or for a folder the folder of masks.")
    ] = None,
    region: Annotated[
        str,
        typer.Option(
            help="subject, background, skin, hair, clothes, accessories, person-1, person-2, … or a --mask's."
        ),
    ] = "subject",
    mask: Masks = None,
    add: Annotated[
        list[str] | None, typer.Option(metavar="X,Y", help="Add what lies around this pixel to the region. Repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="X,Y", help="Take what lies around this pixel out of it. Repeatable.")
    ] = None,
    segmenter: Segmenter = Settings.segmenter,
) -> None:
    """Find a region: a soft mask at the photo's own upright size, 8 bit, 255 = inside. The subject if none is named.

    Of several people person-1 is the leftmost. Points are pixels of the upright photo from its upper left corner.
    A folder gives a folder with NAME.png for each photo, or NAME.EXT.png where names are shared; one that cannot be
    used does not stop the others.
    """
    from styfie.images import SUFFIXES

    asked = _Asked(
        region, by_name(mask or [], "--mask", "subject"), _points(add or []), _points(remove or []), segmenter
    )
    photo = photo.resolve()
    if not photo.is_dir():
        _write_mask(photo, output or photo.with_name(f"{photo.stem}-mask.png"), asked)
        return
    photos = sorted(p for p in photo.iterdir() if p.suffix.lower() in SUFFIXES)
    if not photos:
        raise InputError(f"There is no picture in the folder {photo}.")
    if asked.add or asked.remove or asked.masks:
        raise InputError("Points and masks belong to one photo: name a photo, not a folder.")
    folder = output or photo.with_name(f"{photo.name}-masks")
    if folder.resolve() == photo:
        raise InputError(f"The masks would lie among the photos in {folder} and replace some: name another folder.")
    stems = Counter(one.stem for one in photos)
    failed = 0
    for one in photos:
        name = one.stem if stems[one.stem] == 1 else one.name
        try:
            _write_mask(one, folder / f"{name}.png", asked)
        except StyfieError as error:
            failed += 1
            typer.echo(f"{one.name}: {error}", err=True)
    if failed:
        typer.echo(f"{failed} of {len(photos)} photos gave no mask.", err=True)
        raise typer.Exit(2)


@dataclass(frozen=True)
class _Asked:
    """What is asked of each photo."""

    region: str
    masks: dict[str, str]
    add: list[tuple[float, float]]
    remove: list[tuple[float, float]]
    segmenter: str


def _write_mask(photo: Path, file: Path, asked: _Asked) -> None:
    import styfie
    from styfie.images import to_image

    picture = styfie.read_photo(photo, 0)
    settings = Settings(size=0, segmenter=asked.segmenter)
    regions = styfie.segment(picture, settings, [asked.region], asked.masks)
    if asked.add or asked.remove:
        regions = styfie.correct(regions, picture, asked.region, asked.add, asked.remove)
    save_image(to_image(regions[asked.region]), file)
    if asked.region in (*regions.doubtful, "background"):
        warn_of_doubt(regions.doubtful)
    typer.echo(f"Wrote {file}")


def _points(given: list[str]) -> list[tuple[float, float]]:
    """`X,Y` as numbers."""
    found = []
    for one in given:
        try:
            x, y = (float(number) for number in one.split(","))
        except ValueError:
            raise InputError(f"The point {one!r} came: two numbers such as 120,300 are wanted, x then y.") from None
        found.append((x, y))
    return found


def save_image(image: Image, file: Path) -> None:
    """Write a PIL image as PNG beside `file`, then rename."""
    beside = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(beside, "PNG")
        beside.replace(file)
    except OSError as error:
        raise OutputError(f"Could not write {file}: {error.strerror or error}.") from error
    finally:
        beside.unlink(missing_ok=True)
