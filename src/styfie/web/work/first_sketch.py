"""The first small sketch of a photo, seen while the person in it is still looked at with care."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from styfie.engines import load_engine
from styfie.errors import NoPersonError
from styfie.images import read_picture, to_image
from styfie.painting import Painting
from styfie.regions import SUBJECT
from styfie.segmentation import find_segmenter, load_segmenter
from styfie.segmentation.protocols import FrameSegmenter
from styfie.settings import Settings
from styfie.styles import resolve_looks
from styfie.web.jobs import FIRST, PHOTO
from styfie.web.work.paintings import look_specs
from styfie.web.workers import WorkerChannel

SKETCH_SIZE = 256  # pixels of its longest side: it is painted at one scale alone


def first_sketch(
    _channel: WorkerChannel, folder: str, styles: dict[str, str], drawn: str, settings: dict[str, Any]
) -> bool:
    """Paint a photo small, person and background in these `styles`, as one JPEG; whether there is one.

    The person is looked for as in a film's frame, in a tenth of the time. There is none where that look is not sure of
    anybody: the careful one may then see something else, and the picture would jump.
    """
    run_settings = Settings(**settings)
    if not find_segmenter(run_settings.segmenter).follows:
        return False
    small = read_picture(Path(folder) / PHOTO, SKETCH_SIZE)
    try:
        regions, _ = cast(FrameSegmenter, load_segmenter(run_settings.segmenter)).of_frame(small, (), None)
    except NoPersonError:
        return False
    if regions.doubtful or SUBJECT not in regions.names:
        return False
    looks = {name: {"styles": [{"name": style, "weight": 1.0}]} for name, style in styles.items()}
    wanted = resolve_looks(look_specs(Path(folder), looks, {}, Path(drawn)), SKETCH_SIZE)
    *_, last = load_engine("fast")(small, regions, wanted, run_settings)
    beside = Path(folder) / f".{FIRST}.part"
    to_image(Painting(small, regions, last.layers, wanted, {}).render()).save(beside, "JPEG", quality=88)
    beside.replace(Path(folder) / FIRST)  # should it be lost, nothing is: what comes after it is the same
    return True
