"""All drawings of the gallery, small and side by side: what `drawings.png` holds.

A drawing that is to look different from now on is a change of every style by its name, of networks that were taught it
and of recipes that ask for it. Then, and only then, the picture is made anew:

    python -m tests.gallery.drawings
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from styfie.gallery import GALLERY

FILE = Path(__file__).with_name("drawings.png")
SIDE, FINER = 24, 4  # pixels of a small drawing, and times that it is drawn larger


def small(name: str) -> NDArray[np.float32]:
    """A drawing (24, 24, 3) in [0, 1], each pixel the mean of 4 x 4."""
    drawn = GALLERY[name].draw(FINER * SIDE, FINER * SIDE)
    found: NDArray[np.float32] = drawn.reshape(SIDE, FINER, SIDE, FINER, 3).mean((1, 3))
    return found


def stored() -> dict[str, NDArray[np.float32]]:
    """The small drawings in the file by their names, in the gallery's order."""
    with Image.open(FILE) as image:
        row: NDArray[np.float32] = np.asarray(image.convert("RGB"), np.float32) / np.float32(255)
    names = list(GALLERY)
    assert row.shape == (SIDE, SIDE * len(names), 3), "python -m tests.gallery.drawings makes the picture anew"
    return {name: row[:, SIDE * n : SIDE * (n + 1)] for n, name in enumerate(names)}


if __name__ == "__main__":
    whole = np.concatenate([small(name) for name in GALLERY], 1)
    Image.fromarray((255 * whole).round().astype(np.uint8)).save(FILE, optimize=True)
