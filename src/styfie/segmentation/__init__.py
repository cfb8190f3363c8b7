"""What finds the regions of a photo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from styfie.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.regions import Regions


class Segmenter(Protocol):
    """Finds regions by name; see `portrait.PortraitSegmenter`."""

    def __call__(self, photo: Tensor, finer: Iterable[str] = ()) -> Regions:
        """Subject and background of a photo (1, 3, H, W), the `finer` regions split off them, and where faces are."""

    def split(self, regions: Regions, photo: Tensor, finer: Iterable[str]) -> Regions:
        """Split `finer` regions off regions that are known already, and find the faces."""


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
    """The segmenter called `name`; `auto` is the best there is, FILE.safetensors a network of one's own.

    Raises:
        InputError: there is none of that name, or the file holds no such network.
        MissingError: there is no such file.
    """
    if name.endswith(".safetensors"):
        from styfie.segmentation.files import read_network
        from styfie.segmentation.portrait import PortraitSegmenter

        return PortraitSegmenter(*read_network(Path(name)))
    if name == "auto":
        name = AUTO
    if name not in SEGMENTERS:
        known = ", ".join(SEGMENTERS)
        raise InputError(f"There is no segmenter {name!r}: known are auto, {known}, or a FILE.safetensors of your own.")
    return SEGMENTERS[name].make()
