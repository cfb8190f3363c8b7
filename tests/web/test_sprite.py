"""The gallery's small pictures in one file, `page/styles.webp`, as the page takes them out of it.

`python -m tests.web.test_sprite` writes it anew, and the names in `page/sprite.js`.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import styfie.web
from styfie.gallery import BUILT_IN
from styfie.images import to_image
from styfie.styles import load_style

PAGE = Path(styfie.web.__file__).parent / "page"
FILE = PAGE / "styles.webp"
COLUMNS, SIDE, DRAWN = 6, 112, 512


def drawn(name: str, size: int) -> Image.Image:
    return ImageOps.fit(to_image(load_style(name, size).picture), (SIDE, SIDE), Image.Resampling.LANCZOS)


def test_the_page_knows_the_styles_by_their_places() -> None:
    text = (PAGE / "sprite.js").read_text()
    (names,) = re.findall(r"const STYLES = \[(.*?)\]", text, re.DOTALL)
    assert re.findall(r'"([\w-]+)"', names) == list(BUILT_IN)
    rows = -(-len(BUILT_IN) // COLUMNS)
    assert f"const COLUMNS = {COLUMNS}, ROWS = {rows};" in text
    with Image.open(FILE) as sprite:
        assert sprite.size == (COLUMNS * SIDE, rows * SIDE)


def test_each_place_shows_its_style() -> None:
    with Image.open(FILE) as image:
        sprite = np.asarray(image.convert("RGB")).astype(float)
    shown = {
        name: sprite[SIDE * (n // COLUMNS) :, SIDE * (n % COLUMNS) :][:SIDE, :SIDE] for n, name in enumerate(BUILT_IN)
    }
    colours = {name: np.concatenate([one.mean((0, 1)), one.std((0, 1))]) for name, one in shown.items()}
    for name in ("night", "ink", "pop", "great-wave", "kiss", "birth-of-venus"):  # drawn anew, smaller
        picture = np.asarray(drawn(name, 128)).astype(float)
        mine = np.concatenate([picture.mean((0, 1)), picture.std((0, 1))])
        assert min(colours, key=lambda other: float(np.abs(colours[other] - mine).sum())) == name


if __name__ == "__main__":
    made = Image.new("RGB", (COLUMNS * SIDE, -(-len(BUILT_IN) // COLUMNS) * SIDE))
    for place, style in enumerate(BUILT_IN):
        made.paste(drawn(style, DRAWN), (SIDE * (place % COLUMNS), SIDE * (place // COLUMNS)))
    made.save(FILE, quality=60, method=6)
    every = [f'"{style}"' for style in BUILT_IN]
    lines = "".join(f"  {', '.join(every[n : n + 8])},\n" for n in range(0, len(every), 8))
    said = re.sub(r"(?<=const STYLES = \[\n).*?(?=\];)", lines, (PAGE / "sprite.js").read_text(), flags=re.DOTALL)
    size = f"const COLUMNS = {COLUMNS}, ROWS = {made.height // SIDE};"
    (PAGE / "sprite.js").write_text(re.sub(r"const COLUMNS = .*;", size, said))
