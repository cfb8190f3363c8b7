"""Files of a painting besides its pictures: strokes and drawings of engines that make them, and the paper's panels."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL.PngImagePlugin import PngInfo

from styfie.engines import ENGINES, EngineEntry
from styfie.painting import Painting
from styfie.regions import BACKGROUND, SUBJECT
from styfie.storage.atomic import writing_into
from styfie.storage.openraster import open_png, packet_of
from styfie.storage.sheet import draw_panels
from styfie.storage.xmp import SourceType, mark_png, mark_svg

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from styfie.engines.strokes import Drawing

STROKES = ("strokes.json", "strokes.svg")
SHAPES = "regions.svg"
PANELS = "panels.png"
EXTRAS = (*STROKES, SHAPES, PANELS)
PNG_END = b"IEND\xaeB`\x82"  # how every picture ends
SVG = b"<!-- Styfie: flat regions -->"  # in the first lines of the second kind of drawing
DRAWING = b'{"format": "styfie-strokes-'  # how the first of them begins
TITLE = "Styfie: panels"  # in the file of the panels
# What the pictures' metadata say that they are; photo and masks, which show nothing that was changed, say nothing.
SOURCE_TYPES = {
    **dict.fromkeys((SUBJECT, BACKGROUND, "both", "sheet", "panels"), SourceType.PAINTED),
    **dict.fromkeys(("cutout", "blur"), SourceType.ALTERED),
}


def marked(painting: Painting, name: str, data: bytes) -> bytes:
    """A result's PNG with the mark that it is to have: none where the settings ask for none, see `SOURCE_TYPES`."""
    return mark_png(data, packet_of(painting, SOURCE_TYPES[name])) if name in SOURCE_TYPES else data


def holds_extras(folder: Path, entry: EngineEntry) -> bool:
    """Whether the files that an engine makes besides are there and whole."""
    drawn = not entry.draws_strokes or (
        _is_drawing(folder / STROKES[0]) and ends_with(folder / STROKES[1], b"</svg>\n")
    )
    shown = not entry.has_panels or ends_with(folder / PANELS, PNG_END)
    return drawn and shown and (not entry.draws_svg or ends_with(folder / SHAPES, b"</svg>\n"))


def write_strokes(folder: Path, painting: Painting, drawing: Drawing | None) -> list[Path]:
    """Write the strokes of a painting as `strokes.json` and `strokes.svg`; without any, those of an earlier one go.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full. What was there before stays.
    """
    files = [folder / name for name in STROKES]
    if drawing is None:
        if _is_drawing(files[0]):
            remove(files)
        return []
    from styfie.engines.strokes import to_json, to_svg

    names, shares = painting.regions.names, painting.weights
    whole = set(names) <= set(drawing.regions)
    weights = {name: shares[names.index(name)][None] for name in drawing.regions}
    svg = to_svg(drawing, weights, None if whole else painting.photo)
    if packet := packet_of(painting):
        svg = mark_svg(svg, packet)
    with writing_into(folder) as beside:
        (beside / files[0].name).write_text(to_json(drawing), encoding="utf-8")
        (beside / files[1].name).write_text(svg, encoding="utf-8")
    return files


def write_svg(folder: Path, painting: Painting, svg: str) -> list[Path]:
    """Write a painting's drawing as `regions.svg`, with its mark; without any, that of an earlier one goes.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full. What was there before stays.
    """
    file = folder / SHAPES
    if not svg:
        if _is_shapes(file):
            remove([file])
        return []
    if packet := packet_of(painting):
        svg = mark_svg(svg, packet)
    with writing_into(folder) as beside:
        (beside / SHAPES).write_text(svg, encoding="utf-8")
    return [file]


def _is_shapes(file: Path) -> bool:
    """Whether a file is of an earlier painting, and not one of the user's that is called so."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            return SVG in stream.read(4096)  # after a mark
    except OSError:
        return False


def has_panels(recipe: Mapping[str, Any]) -> bool:
    """Whether a painting with this recipe has panels: whether the engine that it names makes such."""
    settings = recipe.get("settings")
    engine = settings.get("engine") if isinstance(settings, dict) else None
    return isinstance(engine, str) and engine in ENGINES and ENGINES[engine].has_panels


def write_panels(folder: Path, painting: Painting, pictures: Mapping[str, Tensor], cutout: Image | None) -> list[Path]:
    """Write a painting's results in the founding paper's eight panels as `panels.png`; without `cutout` none are.

    Those of an earlier painting go then. `pictures` and `cutout` are as for `sheet.draw_panels`.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full. What was there before stays.
    """
    file = folder / PANELS
    if cutout is None:
        if _is_panels(file):
            remove([file])
        return []
    held, title = io.BytesIO(), PngInfo()
    title.add_text("Title", TITLE)
    draw_panels(painting, pictures, cutout).save(held, "PNG", pnginfo=title)
    with writing_into(folder) as beside:
        (beside / PANELS).write_bytes(marked(painting, "panels", held.getvalue()))
    return [file]


def _is_panels(file: Path) -> bool:
    """Whether a file is of an earlier painting, and not one of the user's that is called so."""
    try:
        if not file.is_file():
            return False
        with open_png(file) as image:
            return image.info.get("Title") == TITLE
    except (OSError, ValueError, SyntaxError):
        return False


def _is_drawing(file: Path) -> bool:
    """Whether a file is of an earlier painting's strokes, and not one of the user's that is called so."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            return stream.read(len(DRAWING)) == DRAWING
    except OSError:
        return False


def ends_with(file: Path, last: bytes) -> bool:
    """Whether a file ends as a whole one of its kind does."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - len(last)))
            return stream.read() == last
    except OSError:
        return False


def remove(files: Iterable[Path]) -> None:
    """Remove what is left of an earlier painting; the new one is complete, also where that fails."""
    for file in files:
        with suppress(OSError):
            file.unlink(missing_ok=True)
