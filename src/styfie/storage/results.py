"""The pictures of a painting as files, written beside and renamed together."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import PIL.Image

from styfie._version import __version__
from styfie.devices import few_threads
from styfie.images import fit_size
from styfie.painting import Painting, lens_blur
from styfie.regions import BACKGROUND, SUBJECT
from styfie.segmentation.foreground import estimate_foreground
from styfie.settings import Settings
from styfie.storage.atomic import check_targets, folded
from styfie.storage.atomic import writing_into as writing_into
from styfie.storage.extras import EXTRAS, PNG_END, SOURCE_TYPES, ends_with, holds_extras, marked, remove
from styfie.storage.openraster import (
    eight_bits,
    in_threads,
    open_png,
    png,
    recipe_of,
    region_names,
    stored_recipe,
    stored_style,
    write_painting,
)
from styfie.storage.sheet import CELL, PAPER, caption, fit_cell, lay_out, on_chequers, score_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from styfie.engines import EngineEntry

FILE = "painting.ora"
WidthHeight = tuple[int, int]  # width and height
LONGEST = "both"  # takes the most time to make, and is packed while the others are made
PICTURES = ("photo", "mask", "cutout", SUBJECT, BACKGROUND, LONGEST, "blur", "sheet")


def result_files(folder: Path, regions: Iterable[str]) -> list[Path]:
    """The files that a painting with these regions, beside subject and background, may write into a folder.

    Among them are those of an earlier painting there that go with it.
    """
    masks = [*dict.fromkeys([*regions, SUBJECT, BACKGROUND])]
    pictures = [folder / f"{name}.png" for name in (*PICTURES, *(f"mask-{name}" for name in masks))]
    return [*pictures, *_stale(folder, pictures), *(folder / name for name in (FILE, *EXTRAS))]


def _stale(folder: Path, files: Iterable[Path]) -> list[Path]:
    """The masks of an earlier painting that `files` do not replace, whether or not case is told apart there."""
    names = {folded(file.name) for file in files}
    earlier = [f"mask-{name}.png" for name in region_names(folder / FILE)]
    return [folder / name for name in dict.fromkeys(earlier) if folded(name) not in names]


def write_folder(painting: Painting, folder: Path, like: Path | None = None) -> list[Path]:
    """Write photo, masks, cutout, subject, background, both, blur and sheet as PNG, and `painting.ora`.

    Earlier files of these names are replaced only when all new ones are complete, and the masks of an earlier painting
    there go with it; others are left alone. Pictures are made and packed one after the other: they are never all in
    memory.

    Args:
        painting: what to write.
        folder: where to.
        like: the file that the painting was read from, if it differs in its looks alone: what they do not change is
            left as it is in that file's folder, or copied from there, and its likeness is scored anew.

    Returns:
        The files.

    Raises:
        OutputError: the folder cannot be written to, the disk is full, or a file would be replaced that the painting
            was made from. What was there before stays.
    """
    names = [*result_pictures(painting), "sheet"]
    names.insert(2, "cutout")
    files = [folder / f"{name}.png" for name in names]
    stale = _stale(folder, files)
    _check_folder(painting, folder, like)
    with writing_into(folder) as beside, few_threads():
        written = _Written(beside, painting, _unchanged(painting, like) if like else {}, rescored=like is not None)
        cells = list(in_threads(lambda one: written.picture(*one), _sheet_cells(painting, written, like)))
        cells.insert(names.index(LONGEST), cells.pop(0))
        sheet = _sheet(cells, written.reused)
        (beside / "sheet.png").write_bytes(marked(written.painting, "sheet", png(sheet)))
        write_painting(written.painting, beside / FILE, written.both, like)
    remove(stale)
    return [*files, folder / FILE]


def _check_folder(painting: Painting, folder: Path, like: Path | None) -> None:
    """Refuse to replace what the painting was made from, but for its own file, which is what is asked for then."""
    own, read = folder / FILE, [*painting.sources, *([like] if like else [])]
    targets = result_files(folder, painting.regions.names)
    if like and own.exists() and like.exists() and own.samefile(like):
        targets.remove(own)
    check_targets(targets, read)


def holds_painting(folder: Path, entry: EngineEntry | None) -> bool:
    """Whether all files of the painting in a folder are there and whole, those besides of its engine's entry too."""
    names = region_names(folder / FILE)
    finer = names if set(names) - {SUBJECT, BACKGROUND} else ()
    pictures = [folder / f"{name}.png" for name in (*PICTURES, *(f"mask-{name}" for name in finer))]
    return (
        bool(names)
        and all(ends_with(file, PNG_END) for file in pictures)
        and (not entry or holds_extras(folder, entry))
    )


class _Written:
    """Pictures on their way into a `folder` beside the results, but for the `reused` files of an earlier run."""

    def __init__(self, folder: Path, painting: Painting, reused: Mapping[str, Path], rescored: bool) -> None:
        self.folder, self.painting, self.reused, self.rescored = folder, painting, reused, rescored
        self.both: tuple[Image, bytes] | None = None

    def score(self, likeness: float | None) -> None:
        """Have the recipe hold the likeness of `both` where another look made it anew: before any picture is marked."""
        if self.rescored and likeness is not None:
            recipe = {**self.painting.recipe, "likeness": round(likeness, 3)}
            self.painting = replace(self.painting, recipe=recipe)

    def picture(self, name: str, label: str, image: Image | WidthHeight) -> tuple[str, Image | WidthHeight]:
        """Write one if it has a name, and return its caption and its small copy for the sheet."""
        file = self.folder / f"{name}.png"
        if name in self.reused and name in SOURCE_TYPES:
            file.write_bytes(marked(self.painting, name, self.reused[name].read_bytes()))  # its recipe is another now
        elif name in self.reused and not self.reused[name].parent.samefile(self.folder.parent):
            shutil.copyfile(self.reused[name], file)
        if isinstance(image, tuple):
            return label, image
        if name and name not in self.reused:
            data = marked(self.painting, name, png(image))
            file.write_bytes(data)
            if name == "both":
                self.both = image, data
        with image:
            return label, fit_cell(on_chequers(image) if name == "cutout" else image.convert("RGB"), CELL)


def _sheet_cells(
    painting: Painting, written: _Written, like: Path | None
) -> Iterator[tuple[str, str, Image | WidthHeight]]:
    """Name, caption and 8-bit picture of every result, then of the styles, unnamed; `LONGEST` comes first.

    Of those that an earlier sheet shows already only their size there. What a score is of is made anew.
    """
    pictures, kept = result_pictures(painting), written.reused
    scored = () if painting.regions.face is None else (SUBJECT, "both")
    names = [*pictures]
    names.insert(2, "cutout")
    for name in sorted(names, key=lambda one: one != LONGEST):
        if name not in scored and (image := _stored_picture(painting.photo, kept, name)):
            yield name, name, image
        elif name == "cutout":
            yield name, name, cutout(painting)
        else:
            picture = pictures[name]
            score = score_of(painting, name, picture)
            if name == "both":
                written.score(score)
            yield name, caption(name, score), eight_bits(picture)
    for name, look in painting.looks.items():
        for n, style in enumerate(look.styles):
            label = f"style of {name}: {style.name}"
            if "sheet" in kept:
                yield "", label, _sheet_size(style.picture)
            else:
                yield (
                    "",
                    label,
                    stored_style(like, painting.regions.index(name), n) if like else eight_bits(style.picture),
                )


def _stored_picture(photo: Tensor, reused: Mapping[str, Path], name: str) -> Image | WidthHeight | None:
    """An earlier file's picture, or its size where the earlier sheet shows it."""
    if name not in reused:
        return None
    return _sheet_size(photo) if "sheet" in reused else open_png(reused[name])


def _sheet_size(picture: Tensor) -> WidthHeight:
    height, width = fit_size((picture.shape[-2], picture.shape[-1]), CELL)
    return width, height


def _sheet(cells: list[tuple[str, Image | WidthHeight]], reused: Mapping[str, Path]) -> Image:
    """The sheet; cells of which only the size is given are taken from the earlier one."""
    if "sheet" not in reused:
        return lay_out([(label, cell) for label, cell in cells if not isinstance(cell, tuple)], columns=5)
    shown = [(label, PIL.Image.new("RGB", c, PAPER) if isinstance(c, tuple) else c) for label, c in cells]
    new = lay_out(shown, columns=5)
    # Laid out once more, black where the earlier sheet holds what is wanted.
    black = [("", _blank(c) if isinstance(c, tuple) else PIL.Image.new("RGB", c.size, PAPER)) for _, c in cells]
    mask = lay_out(black, columns=5).convert("L").point([255] + [0] * 255)
    with open_png(reused["sheet"]) as old:
        new.paste(old, mask=mask)
    return new


def _blank(size: WidthHeight) -> Image:
    return PIL.Image.new("RGB", size)


def _is_sheet_of(painting: Painting, file: Path) -> bool:
    """Whether a file could be the painting's sheet, by its size."""
    styles = [style.picture for look in painting.looks.values() for style in look.styles]
    pictures = [painting.photo] * (len(result_pictures(painting)) + 1) + styles
    try:
        with open_png(file) as old:
            return old.size == lay_out([("", _blank(_sheet_size(one))) for one in pictures], columns=5).size
    except (OSError, ValueError, SyntaxError):
        return False


def _unchanged(painting: Painting, like: Path) -> Mapping[str, Path]:
    """The files beside a painting's own that another look does not change, if they are of that painting.

    `sheet` is among them if its other cells can be taken for the new one.
    """
    folder, before, after = like.parent, stored_recipe(like), recipe_of(painting)
    try:
        with zipfile.ZipFile(like) as archive:
            photo = archive.getinfo("data/photo.png").CRC
        if like.name != FILE or zlib.crc32((folder / "photo.png").read_bytes()) != photo:
            return {}
    except (OSError, KeyError, zipfile.BadZipFile):
        return {}
    names = ["cutout", *(n for n in result_pictures(painting) if n not in (SUBJECT, BACKGROUND, "both"))]
    for side in (SUBJECT, BACKGROUND):
        looks = [[one.get("looks", {}).get(n) for n in painting.regions.of_side(side)] for one in (before, after)]
        names += [side] if looks[0] == looks[1] else []
    found = {name: file for name in names if (file := folder / f"{name}.png").is_file()}
    sheet = folder / "sheet.png"
    same = before.get("styfie") == after.get("styfie") == __version__  # another version may draw it otherwise
    return {**found, "sheet": sheet} if same and _is_sheet_of(painting, sheet) else found


def cutout(painting: Painting) -> Image:
    """The person in foreground colours: none of the old background shines through its soft edge."""
    matte = painting.matte
    return eight_bits(estimate_foreground(painting.photo, matte), matte)


def result_pictures(painting: Painting) -> Mapping[str, Tensor]:
    """Every result that is a plain picture or matte, by name; each is made when it is asked for."""
    settings = painting.recipe.get("settings", {})
    radius, lens = float(settings.get("radius", 0.0)), settings.get("lens", Settings.lens)
    regions = painting.regions
    finer = {
        f"mask-{name}": partial(regions.__getitem__, name)
        for name in regions.names
        if set(regions.names) - {SUBJECT, BACKGROUND}
    }
    return _Made(
        {
            "photo": lambda: painting.photo,
            "mask": lambda: painting.matte,
            **finer,
            SUBJECT: lambda: painting.render(only=regions.of_side(SUBJECT)),
            BACKGROUND: lambda: painting.render(only=regions.of_side(BACKGROUND)),
            "both": painting.render,
            "blur": lambda: lens_blur(painting.photo, painting.matte, radius, lens, regions.depth),
        }
    )


class _Made(Mapping[str, "Tensor"]):
    """Pictures made when they are asked for: all at once would not fit in memory."""

    def __init__(self, makers: Mapping[str, Callable[[], Tensor]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> Tensor:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
