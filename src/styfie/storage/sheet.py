"""The contact sheet: all pictures of a painting and its styles, labelled; and the founding paper's panels."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from styfie.images import to_image
from styfie.likeness import face_score
from styfie.regions import BACKGROUND, SUBJECT

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.painting import Painting

CELL = 384  # longest side of a picture on the sheet, in pixels
GAP, LABEL_HEIGHT = 16, 30
PANEL = 256  # likewise of a panel: the founding paper's size
PANEL_NAMES = ("photo", "mask", "cutout", "blur", SUBJECT, BACKGROUND, "both")  # in panels, before the styles
LETTERS = 120  # of a label that are tried
PAPER, INK = (250, 248, 244), (40, 38, 36)


def draw_sheet(painting: Painting, pictures: Mapping[str, Tensor], cutout: Image.Image) -> Image.Image:
    """All `pictures` and the cutout (RGBA), then the styles, in rows of five with their names below.

    Where there is a face, the painted person's caption says how like it is, see `likeness.face_score`.
    """
    cells = [(caption(n, score_of(painting, n, picture)), to_image(picture)) for n, picture in pictures.items()]
    cells.insert(2, ("cutout", on_chequers(cutout)))
    for name, look in painting.looks.items():
        cells += [(f"style of {name}: {style.name}", to_image(style.picture)) for style in look.styles]
    return lay_out(cells, columns=5)


def draw_panels(painting: Painting, pictures: Mapping[str, Tensor], cutout: Image.Image) -> Image.Image:
    """A painting's results in eight panels, (a) to (h), as the founding paper shows its system.

    The person is cut out on white, as there. That both regions painted together are (g) is the paper's; the order of
    the others is ours. The styles share (h).
    """
    person = Image.new("RGB", cutout.size, "white")
    person.paste(cutout, mask=cutout.getchannel("A"))
    styles = [to_image(style.picture) for look in painting.looks.values() for style in look.styles]
    cells = [
        ("person" if n == "cutout" else n, person if n == "cutout" else to_image(pictures[n])) for n in PANEL_NAMES
    ]
    cells.append(("styles", lay_out([("", one) for one in styles], cell=PANEL // 2)))
    return lay_out(
        [(f"({letter}) {n}", one) for letter, (n, one) in zip(ascii_lowercase, cells, strict=False)], cell=PANEL
    )


def lay_out(cells: list[tuple[str, Image.Image]], columns: int = 4, cell: int = CELL) -> Image.Image:
    """Labelled pictures in rows, each brought to a longest side of `cell` pixels; a row is as high as it needs."""
    shown = [(label, fit_cell(image.convert("RGB"), cell)) for label, image in cells]
    columns = min(columns, len(shown))
    rows = [shown[i : i + columns] for i in range(0, len(shown), columns)]
    width = max(image.width for _, image in shown)
    heights = [max(image.height for _, image in row) + LABEL_HEIGHT for row in rows]
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, sum(heights) + GAP * (len(rows) + 1)), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=16)
    bottom = 0
    for row, height in zip(rows, heights, strict=True):
        bottom += GAP + height
        for i, (label, image) in enumerate(row):
            left = GAP + i * (width + GAP)
            sheet.paste(image, (left + (width - image.width) // 2, bottom - LABEL_HEIGHT - image.height))
            label = label if len(label) <= LETTERS else label[:LETTERS] + "…"  # more would never fit
            while len(label) > 8 and draw.textlength(label, font=font) > width:
                label = label[:-2].rstrip("….") + "…"
            draw.text((left + width / 2, bottom - LABEL_HEIGHT + 6), label, INK, font=font, anchor="ma")
    return sheet


def score_of(painting: Painting, name: str, picture: Tensor) -> float | None:
    """The likeness of a painted person; None of any other picture, and without a face."""
    return face_score(picture, painting.photo, painting.regions.face) if name in (SUBJECT, "both") else None


def caption(name: str, score: float | None) -> str:
    """A picture's name, with its likeness if it has one."""
    return name if score is None else f"{name}, likeness {score:.2f}"


def fit_cell(image: Image.Image, cell: int) -> Image.Image:
    """The picture with a longest side of `cell` pixels."""
    scale = cell / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def on_chequers(image: Image.Image, side: int = 12) -> Image.Image:
    """An RGBA picture over chequers of `side` pixels, which show where it is transparent."""
    tile = Image.new("RGB", (2 * side, 2 * side), (255, 255, 255))
    for corner in ((0, 0), (side, side)):
        tile.paste((215, 215, 215), (*corner, corner[0] + side, corner[1] + side))
    ground = Image.new("RGB", image.size)
    for top in range(0, image.height, tile.height):
        for left in range(0, image.width, tile.width):
            ground.paste(tile, (left, top))
    ground.paste(image, mask=image.getchannel("A"))
    return ground
