"""Make the README's pictures: `python docs/figures.py`. The built-in portrait and gallery are all they show."""

from __future__ import annotations

from pathlib import Path

import styfie
from styfie.depth import estimate_depth
from styfie.folder import cutout, result_pictures
from styfie.gallery import GALLERY, draw
from styfie.images import to_image
from styfie.likeness import face_likeness
from styfie.looks import BOKEHS, Look
from styfie.sheet import draw_sheet, lay_out
from styfie.styles import load_styles

IMAGES = Path(__file__).parent / "images"
SIDE = 384  # longest side of the pictures of likeness, in pixels
HEAD = (64, 0, 304, 200)  # left, top, right and bottom of head and shoulders in them
PAIR = {"subject": "mosaic", "background": "night"}


def main() -> None:
    """Draw the gallery, the sheet of the built-in portrait in the default pair, its parts, and its likeness.

    It takes some minutes on two cores.
    """
    IMAGES.mkdir(exist_ok=True)
    cells = [(name, to_image(draw(name, 448))) for name in GALLERY]
    lay_out(cells, columns=7, cell=224).save(IMAGES / "gallery.jpg", quality=88)
    painting = styfie.paint()
    sheet = draw_sheet(painting, result_pictures(painting), cutout(painting))
    sheet.resize((sheet.width * 3 // 4, sheet.height * 3 // 4)).save(IMAGES / "sheet.jpg", quality=88)
    styles = {"hair": "waves", "skin": "watercolour", "clothes": "mosaic", "background": "night"}
    parts = styfie.paint(looks=styles)
    cells = [("photo", to_image(parts.photo))]
    cells += [(name, to_image(parts.regions[name])) for name in ("hair", "skin", "clothes")]
    cells.append(("a style for each", to_image(parts.render())))
    lay_out(cells, columns=5, cell=320).save(IMAGES / "regions.jpg", quality=88)
    draw_likeness(IMAGES / "likeness.jpg")
    draw_blur(IMAGES / "blur.jpg")


def draw_likeness(file: Path) -> None:
    """The face of the built-in portrait, painted freely, by default and as like as can be."""
    cells = []
    for likeness in (0.0, 0.5, 1.0):
        looks = {name: Look(load_styles(style, SIDE), likeness=likeness) for name, style in PAIR.items()}
        painted = styfie.paint(looks=looks, settings=styfie.Settings(size=SIDE))
        score = face_likeness(painted)
        label = f"--likeness {likeness:g}" if score is None else f"--likeness {likeness:g}: score {score:.2f}"
        cells.append((label, to_image(painted.render()).crop(HEAD)))
    lay_out(cells, columns=3, cell=320).save(file, quality=85)


def draw_blur(file: Path) -> None:
    """The background of the built-in portrait out of focus, by all shapes, by depth, and behind a painted person."""
    looks = {"subject": Look(load_styles("mosaic", SIDE)), "background": Look(blur=10, bokeh="disc")}
    painted = styfie.paint(looks=looks, settings=styfie.Settings(size=SIDE, engine="fast"))
    photo, matte = painted.photo, painted.matte
    depth = estimate_depth(photo, painted.regions)
    cells = [("photo", to_image(photo))]
    cells += [(bokeh, to_image(styfie.lens_blur(photo, matte, 10, bokeh))) for bokeh in BOKEHS]
    cells.append(("disc, --depth auto", to_image(styfie.lens_blur(photo, matte, 10, "disc", depth))))
    cells.append(("painted, --blur background=10", to_image(painted.render())))
    lay_out(cells, columns=6, cell=320).save(file, quality=85)


if __name__ == "__main__":
    main()
