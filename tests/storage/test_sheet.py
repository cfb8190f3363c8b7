"""The sheet by hand: where pictures lie on it, how large it is, and what is written below."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.storage.sheet import CELL, GAP, LABEL_HEIGHT, LETTERS, PANEL, draw_panels, draw_sheet, lay_out, on_chequers

PAPER = (250, 248, 244)


def plain(width: int, height: int, colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def test_pictures_lie_in_rows_as_high_as_they_need() -> None:
    assert (CELL, GAP, LABEL_HEIGHT) == (384, 16, 30)
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    cells = [("", plain(100, 50, red)), ("", plain(25, 50, green)), ("", plain(50, 50, blue))]
    sheet = lay_out(cells, columns=2, cell=100)
    assert sheet.size == (2 * (100 + 16) + 16, 16 + 100 + 30 + 16 + 100 + 30 + 16)
    pixels = np.asarray(sheet).astype(int)
    for colour, box in (
        (red, (16, 66, 116, 116)),  # left, top, right, bottom: at the foot of its row
        (green, (132 + 25, 16, 132 + 75, 116)),  # in the middle of its column
        (blue, (16, 162, 116, 262)),
    ):
        rows, columns = np.nonzero((pixels == colour).all(-1))
        assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == box
    assert tuple(pixels[0, 0]) == tuple(pixels[-1, -1]) == PAPER
    assert lay_out(cells[:1], columns=5, cell=100).size == (132, 112), "no column is empty"
    assert lay_out(cells[:1]).size[0] == 384 + 32


def test_labels_are_below_in_the_middle_and_no_wider_than_a_picture() -> None:
    font = ImageFont.load_default(size=16)
    wide = ImageDraw.Draw(plain(1, 1, PAPER)).textlength("a label", font=font)
    for label in ("a label", "a label that is much too long for such a small picture, " * 4):
        pixels = np.asarray(lay_out([(label, plain(100, 100, (255, 0, 0)))], cell=100)).astype(int)
        ink = np.abs(pixels[116:] - PAPER).sum(-1) > 200
        rows, columns = np.nonzero(ink)
        assert 6 <= rows.min() + 0 <= 12 and rows.max() < 30, "in the line below"
        assert abs((columns.min() + columns.max()) / 2 - 66) < 2, "in the middle"
        assert columns.max() - columns.min() <= 100
    assert columns.max() - columns.min() > wide, "as much of it as there is room for"


def test_of_an_endless_label_120_letters_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    length = ImageDraw.ImageDraw.textlength

    def counted(self: ImageDraw.ImageDraw, text: str, **options: object) -> float:
        tried.append(len(text))
        return length(self, text, font=options["font"])  # type: ignore[arg-type]

    monkeypatch.setattr(ImageDraw.ImageDraw, "textlength", counted)
    lay_out([("i" * 5000, plain(100, 100, (0, 0, 0)))], cell=100)
    assert tried[0] == LETTERS + 1 == 121
    tried.clear()
    lay_out([("i" * 120, plain(100, 100, (0, 0, 0)))], cell=100)
    assert tried[0] == 120 and tried[1] == 119, "one letter less, and dots"


def test_what_is_transparent_shows_chequers_of_twelve_pixels() -> None:
    nothing = Image.new("RGBA", (60, 40))
    pixels = np.asarray(on_chequers(nothing))[..., 0]
    grey = (np.indices((40, 60)) // 12).sum(0) % 2 == 0
    assert (pixels[grey] == 215).all() and (pixels[~grey] == 255).all()
    half = Image.new("RGBA", (60, 40), (0, 0, 0, 255))
    assert np.asarray(on_chequers(half)).max() == 0


def test_the_cutout_is_the_third_and_styles_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    laid: list[tuple[list[str], int]] = []
    monkeypatch.setattr(
        "styfie.storage.sheet.lay_out", lambda cells, columns: laid.append(([label for label, _ in cells], columns))
    )
    photo = torch.zeros(1, 3, 8, 8)
    regions = Regions.of_subject(torch.ones(1, 1, 8, 8))
    looks = {"subject": Look((Style("ink", photo), Style("own", photo)))}
    pictures = {"photo": photo, "mask": photo[:, :1], "both": photo}
    draw_sheet(Painting(photo, regions, photo.expand(2, -1, -1, -1), looks), pictures, Image.new("RGBA", (8, 8)))
    labels = ["photo", "mask", "cutout", "both", "style of subject: ink", "style of subject: own"]
    assert laid == [(labels, 5)]


def test_panels_are_eight_and_both_is_the_seventh() -> None:
    grey = {name: n / 10 for n, name in enumerate(("photo", "mask", "blur", "subject", "background", "both"), 1)}
    pictures = {name: torch.full((1, 3, 64, 64), value) for name, value in grey.items()}
    photo = pictures["photo"]
    look = Look((Style("s", torch.full((1, 3, 32, 32), 0.9)),))
    regions = Regions.of_subject(torch.ones(1, 1, 64, 64))
    painting = Painting(photo, regions, photo.expand(2, -1, -1, -1), {"subject": look, "background": look})
    person = Image.new("RGBA", (64, 64), (255, 0, 0, 255))
    person.paste((0, 0, 0, 0), (0, 0, 64, 32))
    panels = draw_panels(painting, pictures, person)
    assert panels.size == (4 * (PANEL + GAP) + GAP, 2 * (PANEL + LABEL_HEIGHT) + 3 * GAP)
    middle = [(GAP + n % 4 * (PANEL + GAP) + 64, GAP + n // 4 * (PANEL + LABEL_HEIGHT + GAP) + 64) for n in range(7)]
    seen = [panels.getpixel(at) for at in middle]
    order = ("photo", "mask", "", "blur", "subject", "background", "both")
    levels = [(round(255 * grey[name]),) * 3 if name else (255, 255, 255) for name in order]
    assert seen == levels, "where the person is not, the third is white"
    assert panels.getpixel((middle[2][0], middle[2][1] + 150)) == (255, 0, 0)
