"""The first small sketch of a photo, seen while the person in it is still looked at with care."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from torch import Tensor

from styfie.engines import load_engine
from styfie.errors import NoPersonError
from styfie.images import fit_size, resize, to_image
from styfie.painting import Painting
from styfie.regions import SUBJECT
from styfie.segmentation import find_segmenter, load_segmenter
from styfie.segmentation.protocols import FrameSegmenter
from styfie.settings import Settings
from styfie.styles import resolve_looks
from styfie.web.jobs import FIRST
from styfie.web.work.paintings import look_specs

SIDE = 256  # pixels of its longest side: it is painted at one scale alone


def first_sketch(folder: Path, photo: Tensor, styles: Mapping[str, str], drawn: str, settings: Settings) -> bool:
    """Paint a photo (1, 3, H, W) small, person and background in these `styles`, as one JPEG; whether there is one.

    The person is looked for as in a film's frame, in a tenth of the time. There is none where that look is not sure of
    anybody: the careful one may then see something else, and the picture would jump.
    """
    if not find_segmenter(settings.segmenter).follows:
        return False
    small = resize(photo, fit_size((photo.shape[-2], photo.shape[-1]), SIDE)).clamp(0, 1)
    try:
        regions, _ = cast(FrameSegmenter, load_segmenter(settings.segmenter)).of_frame(small, (), None)
    except NoPersonError:
        return False
    if regions.doubtful or SUBJECT not in regions.names:
        return False
    looks = {name: {"styles": [{"name": style, "weight": 1.0}]} for name, style in styles.items()}
    wanted = resolve_looks(look_specs(folder, looks, {}, Path(drawn)), SIDE)
    *_, last = load_engine("fast")(small, regions, wanted, settings)
    beside = folder / f".{FIRST}.part"
    to_image(Painting(small, regions, last.layers, wanted, {}).render()).save(beside, "JPEG", quality=88)
    beside.replace(folder / FIRST)  # should it be lost, nothing is: what comes after it is the same
    return True
