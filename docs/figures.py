"""Make the README's pictures: `python docs/figures.py`. The built-in portrait and gallery are all they show."""

from __future__ import annotations

from pathlib import Path

import styfie
from styfie.folder import cutout, result_pictures
from styfie.gallery import GALLERY, draw
from styfie.images import to_image
from styfie.sheet import draw_sheet, lay_out

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Draw the gallery, the sheet of the built-in portrait in the default pair, and its parts each in a style.

    It takes two minutes on two cores.
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


if __name__ == "__main__":
    main()
