"""Pages to look at: contact sheets of paintings side by side, and pairs whose sides are drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from styfie.storage.sheet import INK, lay_out

PAGE = (1500, 1080)  # pixels
SMALL = (400, 240)  # box of a photo or style on a page
LARGE = (730, 760)  # box of a painting
ROWS = 6  # of a contact sheet
STYLE_LABELS = {1: ("style",), 2: ("style of the person", "style of the rest")}


@dataclass(frozen=True)
class Compared:
    """Two paintings of one photo in the same style or styles."""

    name: str
    photo: Image.Image
    styles: Sequence[Image.Image]
    theirs: Image.Image
    ours: Image.Image


def write_sheets(compared: Sequence[Compared], folder: Path) -> list[Path]:
    """Photo, style, theirs and ours in a row each."""
    files = []
    for first in range(0, len(compared), ROWS):
        cells = []
        for one in compared[first : first + ROWS]:
            cells += [(one.name, one.photo), ("style", beside(one.styles)), ("theirs", one.theirs), ("ours", one.ours)]
        files.append(folder / f"sheet-{first // ROWS + 1}.png")
        lay_out(cells, columns=4).save(files[-1])
    return files


def write_pages(compared: Sequence[Compared], folder: Path, key: Path, seed: int) -> None:
    """A page for each pair, and `key`, which says which side is ours; show nobody who judges the key."""
    folder.mkdir(parents=True, exist_ok=True)
    sides, lines = random.Random(seed), [f"seed {seed}: the side that is ours"]
    for n, one in enumerate(compared, 1):
        ours = sides.choice("AB")
        draw_page(one, ours).save(folder / f"{n:02d}.png")
        lines.append(f"{n:02d} {ours} {one.name}")
    key.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw_page(one: Compared, ours: str) -> Image.Image:
    """Photo and styles small above, the paintings below, equally large; `ours` is on side A or B."""
    page = Image.new("RGB", PAGE, "white")
    draw, font, left = ImageDraw.Draw(page), ImageFont.load_default(size=14), 10
    for label, picture in (("photo", one.photo), *zip(STYLE_LABELS[len(one.styles)], one.styles, strict=True)):
        small = picture.resize(_inside(picture.size, SMALL), Image.Resampling.LANCZOS)
        draw.text((left, 4), label, INK, font=font)
        page.paste(small, (left, 24))
        left += small.width + 20
    size = _inside(one.theirs.size, LARGE)
    for n, side in enumerate("AB"):
        left = 10 + n * (LARGE[0] + 20)
        draw.text((left, 284), side, INK, font=font)
        picture = one.ours if side == ours else one.theirs
        page.paste(picture.resize(size, Image.Resampling.LANCZOS), (left, 304))
    return page


def beside(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures side by side, as high as the first."""
    height = pictures[0].height
    fitted = [p.resize((round(p.width * height / p.height), height), Image.Resampling.LANCZOS) for p in pictures]
    both = Image.new("RGB", (sum(p.width for p in fitted), height))
    left = 0
    for picture in fitted:
        both.paste(picture, (left, 0))
        left += picture.width
    return both


def _inside(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    scale = min(box[0] / size[0], box[1] / size[1])
    return round(size[0] * scale), round(size[1] * scale)
