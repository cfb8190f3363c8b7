"""The pictures of a painting as files, written beside and renamed together."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from styfie.blur import portrait_blur
from styfie.errors import OutputError
from styfie.images import to_image
from styfie.openraster import region_names, write_painting
from styfie.regions import BACKGROUND, SUBJECT
from styfie.segmentation.foreground import estimate_foreground
from styfie.sheet import draw_sheet

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from styfie.painting import Painting


def write_folder(painting: Painting, folder: Path) -> list[Path]:
    """Write photo, masks, cutout, subject, background, both, blur and sheet as PNG, and `painting.ora`.

    Earlier files of these names are replaced only when all new ones are complete, and the masks of an earlier painting
    there go with it; others are left alone.

    Returns:
        The files.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full. What was there before stays.
    """
    pictures = result_pictures(painting)
    stale = [folder / f"mask-{name}.png" for name in region_names(folder / "painting.ora")]
    with writing_into(folder) as beside:
        for name, picture in pictures.items():
            to_image(picture).save(beside / f"{name}.png", compress_level=4)
        cut = cutout(painting)
        cut.save(beside / "cutout.png", compress_level=4)
        draw_sheet(painting, pictures, cut).save(beside / "sheet.png", compress_level=4)
        write_painting(painting, beside / "painting.ora")
    names = [*pictures, "sheet"]
    names.insert(2, "cutout")
    files = [folder / f"{name}.png" for name in names]
    for file in set(stale) - set(files):
        file.unlink(missing_ok=True)
    return [*files, folder / "painting.ora"]


def cutout(painting: Painting) -> Image:
    """The person in their own colours: none of the old background shines through its soft edge."""
    matte = painting.matte
    return to_image(estimate_foreground(painting.photo, matte), matte)


def result_pictures(painting: Painting) -> Mapping[str, Tensor]:
    """Every result that is a plain picture or matte, by name."""
    radius = float(painting.recipe.get("settings", {}).get("radius", 0.0))
    names = painting.regions.names
    finer = {f"mask-{name}": painting.regions[name] for name in names if set(names) - {SUBJECT, BACKGROUND}}
    return {
        "photo": painting.photo,
        "mask": painting.matte,
        **finer,
        SUBJECT: painting.render(only=painting.regions.of_side(SUBJECT)),
        BACKGROUND: painting.render(only=painting.regions.of_side(BACKGROUND)),
        "both": painting.render(),
        "blur": portrait_blur(painting.photo, painting.matte, radius),
    }


@contextlib.contextmanager
def writing_into(folder: Path) -> Iterator[Path]:
    """A new folder beside the results: when the block ends well its files move into `folder` together.

    Raises:
        OutputError: anything could not be written; nothing is left behind then.
    """
    made = not folder.exists()
    beside: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".styfie-", dir=folder))
        yield beside
        for file in sorted(beside.iterdir()):
            file.replace(folder / file.name)
    except OSError as error:
        if beside:
            shutil.rmtree(beside, ignore_errors=True)
        if made and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        reason = error.strerror or str(error)
        raise OutputError(f"Could not write into {folder}: {reason}. Earlier pictures there are unchanged.") from error
    finally:
        if beside:
            shutil.rmtree(beside, ignore_errors=True)
