"""What finds the regions of a photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from styfie.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.regions import Regions

Segmenter = Callable[["Tensor"], "Regions"]


@dataclass(frozen=True)
class SegmenterEntry:
    """One way to find regions."""

    title: str
    make: Callable[[], Segmenter]
    licence: str
    source: str


def _portrait() -> Segmenter:
    from functools import partial

    from styfie.segmentation.portrait import find_person, load_network

    return partial(find_person, network=load_network())


SEGMENTERS: dict[str, SegmenterEntry] = {
    "portrait": SegmenterEntry(
        title="Subject and background by the built-in network",
        make=_portrait,
        licence="see WEIGHTS.md",
        source="trained by `styfie train segmenter`",
    ),
}
AUTO = "portrait"


def load_segmenter(name: str) -> Segmenter:
    """The segmenter called `name`; `auto` is the best there is.

    Raises:
        InputError: there is none of that name.
    """
    if name == "auto":
        name = AUTO
    if name not in SEGMENTERS:
        raise InputError(f"There is no segmenter {name!r}: known are auto, {', '.join(SEGMENTERS)}.")
    return SEGMENTERS[name].make()
