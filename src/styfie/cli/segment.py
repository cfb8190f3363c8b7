"""`styfie segment`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styfie.errors import InputError, OutputError, StyfieError

if TYPE_CHECKING:
    from PIL.Image import Image


def segment(
    photo: Annotated[Path, typer.Argument(help="A photo, or a folder of photos.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The mask, or for a folder the folder of masks.")
    ] = None,
) -> None:
    """Find the person: a soft mask at the photo's own upright size, 8 bit, 255 = person.

    A folder gives a folder with NAME.png for each photo; one that cannot be used does not stop the others.
    """
    from styfie.images import SUFFIXES

    if not photo.is_dir():
        _write_mask(photo, output or photo.with_name(f"{photo.stem}-mask.png"))
        return
    photos = sorted(p for p in photo.iterdir() if p.suffix.lower() in SUFFIXES)
    if not photos:
        raise InputError(f"There is no picture in the folder {photo}.")
    folder = output or photo.with_name(f"{photo.name}-masks")
    failed = 0
    for one in photos:
        try:
            _write_mask(one, folder / f"{one.stem}.png")
        except StyfieError as error:
            failed += 1
            typer.echo(f"{one.name}: {error}", err=True)
    if failed:
        typer.echo(f"{failed} of {len(photos)} photos gave no mask.", err=True)
        raise typer.Exit(2)


def _write_mask(photo: Path, file: Path) -> None:
    import styfie
    from styfie.images import to_image

    save_image(to_image(styfie.segment(photo)["subject"]), file)
    typer.echo(f"Wrote {file}")


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
