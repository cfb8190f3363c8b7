"""What finds the regions of a photo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from styfie.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.regions import Regions


class Segmenter(Protocol):
    """Finds regions by name; see `portrait.PortraitSegmenter`."""

    def __call__(self, photo: Tensor, finer: Iterable[str] = ()) -> Regions:
        """Subject and background of a photo (1, 3, H, W), and the `finer` regions split off them."""

    def split(self, regions: Regions, photo: Tensor, finer: Iterable[str]) -> Regions:
        """Split `finer` regions off regions that are known already."""


@dataclass(frozen=True)
class SegmenterEntry:
    """One way to find regions."""

    title: str
    make: Callable[[], Segmenter]
    licence: str
    source: str


def _portrait() -> Segmenter:
    from styfie.segmentation.portrait import PortraitSegmenter, load_network

    return PortraitSegmenter(load_network())


SEGMENTERS: dict[str, SegmenterEntry] = {
    "portrait": SegmenterEntry(
        title="Subject and background, skin, hair, clothes, accessories, and each person, by the built-in network",
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
