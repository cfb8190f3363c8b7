"""Contact sheets to look at, each a PNG, with the likeness of the faces in the captions.

styles      8 selfies in 8 pairs of styles, subject and background
likeness    8 selfies, faces painted freely, as by default, and as in the photo
colours     4 selfies and a grey one, in the style's colours, the photo's by moments and by histograms, and luma only
strokes     4 selfies with strokes half, as and twice as large as the style's
regions     4 selfies in three regions: skin, hair, background; and skin, hair, clothes
people      photos of two people: each of them and the background
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from torch import Tensor

import styfie
from styfie.images import to_image
from styfie.looks import COLORS, Look
from styfie.painting import Painting
from styfie.pipeline import find_regions, read_photo
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.settings import Settings
from styfie.storage.sheet import PAPER, lay_out
from styfie.styles import load_styles

from common import PAIRS, PHOTOS, arguments, style_source

PAIRS_8 = (*PAIRS, ("mosaic", "autumn"), ("edvard_munch_the_scream", "gustav_klimt_the_kiss"))
FEW = 4  # photos, where each is painted in one pair of styles
LIKENESS = (0.0, Look().likeness, 1.0)
STROKES = (0.5, 1.0, 2.0)
PARTS = (("skin", "hair", BACKGROUND), ("skin", "hair", "clothes"))
PART_STYLES = (("watercolour", "waves", "night"), ("glass", "marble", "van_gogh_starry_night"))
PEOPLE = ("two_men_office", "two_women_redhair")
PERSONS = ("person-1", "person-2", BACKGROUND)
PEOPLE_STYLES = (("glass", "ink", "night"), ("picabia_udnie", "watercolour", "hokusai_great_wave"))
TINTS = np.array([(235, 120, 90), (90, 150, 230), (120, 200, 110), (240, 210, 90), (180, 120, 210), (90, 90, 90)])

Cell = tuple[str, Image.Image]
Rows = Iterator[list[Cell]]


@dataclass(frozen=True)
class Studio:
    """Where the pictures are, their size, and of how many photos a sheet is at most."""

    data: Path
    size: int
    photos: int

    def photo(self, name: str, *parts: str) -> tuple[Tensor, Regions]:
        """A selfie, and its regions with `parts` split off."""
        photo = read_photo(self.data / "selfies" / f"{name}.jpg", self.size)
        return photo, find_regions(photo, Settings(), {}, parts)

    def looks(self, names: Iterable[str], styles: Iterable[str]) -> dict[str, Look]:
        """Each region's style."""
        return {n: Look(load_styles(style_source(s, self.data), self.size)) for n, s in zip(names, styles, strict=True)}

    def paint(self, photo: Tensor, regions: Regions, looks: dict[str, Look]) -> Painting:
        """All by the defaults."""
        return styfie.paint(photo, looks, Settings(size=self.size), regions=regions)

    def swatch(self, styles: Sequence[str]) -> Cell:
        """The style pictures side by side."""
        side = self.size // len(styles)
        strip = Image.new("RGB", (side * len(styles), side))
        for i, name in enumerate(styles):
            (style,) = load_styles(style_source(name, self.data), self.size)
            strip.paste(ImageOps.fit(to_image(style.picture), (side, side)), (i * side, 0))
        return " + ".join(styles), strip


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", nargs="+", choices=SHEETS, default=list(SHEETS), metavar="NAME", help="these sheets")
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--photos", type=int, default=len(PHOTOS), help="at most so many on a sheet")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    studio = Studio(options.data, options.size, options.photos)
    for name in options.only:
        cells, columns, rows = [], 0, SHEETS[name](studio)
        for row in rows:
            columns = columns or len(row)
            cells += row
            print(f"{name}: {'; '.join(label for label, _ in row if label)}", flush=True)
            lay_out(cells, columns=columns, cell=max(256, options.size)).save(options.output / f"sheet-{name}.png")


def styles_sheet(studio: Studio) -> Rows:
    yield [blank(), *(studio.swatch(pair) for pair in PAIRS_8)]
    for name in PHOTOS[: studio.photos]:
        photo, regions = studio.photo(name)
        looks = [studio.looks((SUBJECT, BACKGROUND), pair) for pair in PAIRS_8]
        painted = [caption(" + ".join(p), studio.paint(photo, regions, a)) for p, a in zip(PAIRS_8, looks, strict=True)]
        yield [(name, to_image(photo)), *painted]


def likeness_sheet(studio: Studio) -> Rows:
    for name, pair in zip(PHOTOS[: studio.photos], PAIRS_8, strict=False):
        photo, regions = studio.photo(name)
        looks = studio.looks((SUBJECT, BACKGROUND), pair)
        row = [studio.swatch(pair), (name, to_image(photo))]
        for likeness in LIKENESS:
            asked = {n: replace(look, likeness=likeness) for n, look in looks.items()}
            row.append(caption(f"--likeness {likeness:g}", studio.paint(photo, regions, asked)))
        yield row


def colours_sheet(studio: Studio) -> Rows:
    """Colours are a matter of the blend: each photo is painted once."""
    for name, pair, grey in coloured(studio):
        photo, regions = studio.photo(name)
        if grey:
            photo = photo.mean(1, keepdim=True).expand_as(photo).contiguous()
        painting = studio.paint(photo, regions, studio.looks((SUBJECT, BACKGROUND), pair))
        row = [studio.swatch(pair), (f"{name}{', grey' if grey else ''}", to_image(photo))]
        for color in COLORS:
            looks = {n: replace(look, color=color) for n, look in painting.looks.items()}
            row.append(caption(f"--color {color}", replace(painting, looks=looks)))
        yield row


def coloured(studio: Studio) -> Iterator[tuple[str, tuple[str, str], bool]]:
    """Photos, their styles, and whether in grey."""
    names = PHOTOS[: min(FEW, studio.photos)]
    for name, pair in zip(names, PAIRS_8, strict=False):
        yield name, pair, False
    yield names[0], PAIRS_8[0], True


def strokes_sheet(studio: Studio) -> Rows:
    for name, pair in zip(PHOTOS[: min(FEW, studio.photos)], PAIRS_8[2:], strict=False):
        photo, regions = studio.photo(name)
        looks = studio.looks((SUBJECT, BACKGROUND), pair)
        row = [studio.swatch(pair), (name, to_image(photo))]
        for stroke in STROKES:
            asked = {n: replace(look, stroke=stroke) for n, look in looks.items()}
            row.append(caption(f"--stroke {stroke:g}", studio.paint(photo, regions, asked)))
        yield row


def regions_sheet(studio: Studio) -> Rows:
    yield from parts_rows(studio, PHOTOS[: min(FEW, studio.photos)], PARTS, PART_STYLES)


def people_sheet(studio: Studio) -> Rows:
    yield from parts_rows(studio, PEOPLE[: studio.photos], (PERSONS, PERSONS), PEOPLE_STYLES)


def parts_rows(
    studio: Studio, names: Iterable[str], parts: Sequence[Sequence[str]], styles: Sequence[Sequence[str]]
) -> Rows:
    """Each photo, and for each set of parts its styles, where the parts are, and the picture."""
    for name in names:
        row: list[Cell] = []
        for asked, chosen in zip(parts, styles, strict=True):
            photo, regions = studio.photo(name, *asked)
            row = row or [(name, to_image(photo))]
            painting = studio.paint(photo, regions, studio.looks(asked, chosen))
            row += [studio.swatch(chosen), tinted(painting), caption(", ".join(asked), painting)]
        yield row


def tinted(painting: Painting) -> Cell:
    """The photo in grey, with each painted region in a tint of its own."""
    grey = painting.photo.mean(1, keepdim=True)[0, 0].numpy()[..., None]
    colours = grey.repeat(3, -1)
    for tint, name in zip(TINTS, painting.looks, strict=False):
        alpha = painting.regions[name][0, 0].numpy()[..., None]
        colours = colours + alpha * 0.6 * (tint / 255 - colours)
    return ", ".join(painting.looks), Image.fromarray((255 * colours).round().astype(np.uint8))


def caption(text: str, painting: Painting) -> Cell:
    """The picture, with the likeness before its text where there is a face."""
    score = painting.likeness
    return text if score is None else f"{score:.2f} {text}", to_image(painting.render())


def blank() -> Cell:
    return "", Image.new("RGB", (2, 1), PAPER)


SHEETS: dict[str, Callable[[Studio], Rows]] = {
    "styles": styles_sheet,
    "likeness": likeness_sheet,
    "colours": colours_sheet,
    "strokes": strokes_sheet,
    "regions": regions_sheet,
    "people": people_sheet,
}


if __name__ == "__main__":
    main()
