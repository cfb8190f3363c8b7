"""What a network learns from, to look at: photos, each beside the same with all but the person white."""

from __future__ import annotations

from pathlib import Path

from styfie.images import to_image
from styfie.storage.sheet import lay_out
from styfie.training.outputs import write_atomically
from styfie.training.portraits import as_matte, as_picture
from styfie.training.sampler import Several

PAIRS = 8  # pairs
CELL = 192  # longest side of a picture, in pixels


def draw_pairs(portraits: Several, file: Path) -> None:
    """Write a sheet of `PAIRS` pairs of photo and masked photo, evenly spread over the portraits: after Figure 1.

    The founding paper's targets are photos in which all but the person is white.

    Raises:
        OutputError: the file cannot be written.
    """
    cells, shown = [], portraits.spread(PAIRS)
    for portrait in (shown[i] for i in range(len(shown))):
        photo, matte = as_picture(portrait), as_matte(portrait)
        cells += [("photo", to_image(photo)), ("masked", to_image(photo * matte + 1 - matte))]
    with write_atomically(file) as part:
        lay_out(cells, columns=4, cell=CELL).save(part, "PNG")
