"""What finds the regions of a photo."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

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


@runtime_checkable
class Partitioner(Segmenter, Protocol):
    """A segmenter that divides a photo of anything; see `jseg.segmenter.JsegSegmenter`."""

    @property
    def work(self) -> int:
        """Longest side of the picture that it looks for regions in, in pixels."""

    def seeing(self, picture: Tensor) -> Partitioner:
        """One that finds the regions of this picture in the same photo of any size: their numbers are then the same."""

    def partition(self, photo: Tensor, longest: int = 0) -> Regions:
        """All regions of a photo (1, 3, H, W) by area, with masks of at most `longest` pixels; 0: its own."""


Memory = Mapping[str, "Tensor"]  # masks (K, 1, H, W) of one frame by which those of the next are known


@runtime_checkable
class FrameSegmenter(Segmenter, Protocol):
    """A segmenter that finds the same regions again from frame to frame, some of which may be absent in some."""

    def check(self, finer: Iterable[str]) -> None:
        """See that there could be such regions in a frame.

        Raises:
            InputError: a name that no region of this segmenter ever has.
        """

    def of_frame(self, frame: Tensor, finer: Iterable[str], before: Memory | None) -> tuple[Regions, Memory]:
        """As when called, but a finer region that is absent is empty; and what to know them by in the next frame.

        `before` is what came of the last frame, moved to where it is in this one; empty after a cut, and none at the
        beginning.

        Raises:
            NoPersonError: nobody is found.
            InputError: a region that is not in the first frame and will never come.
        """


@dataclass(frozen=True)
class SegmenterEntry:
    """One way to find regions; `counted` makes one that finds so many as `NAME:N` asks for."""

    title: str
    make: Callable[[], Segmenter]
    licence: str
    source: str
    counted: Callable[[int], Segmenter] | None = None


def _portrait() -> Segmenter:
    from styfie.segmentation.portrait import PortraitSegmenter, load_network

    return PortraitSegmenter(load_network())


def _jseg(count: int | None = None) -> Segmenter:
    from styfie.segmentation.jseg.segmenter import JsegSegmenter

    return JsegSegmenter(count)


SEGMENTERS: dict[str, SegmenterEntry] = {
    "portrait": SegmenterEntry(
        title="Subject and background, skin, hair, clothes, accessories, and each person, by the built-in network",
        make=_portrait,
        licence="see WEIGHTS.md",
        source="trained by `styfie train segmenter`",
    ),
    "jseg": SegmenterEntry(
        title="Regions of anything by colour and texture: region-1, region-2, … by area; jseg:8 for 8 of them",
        make=_jseg,
        licence="Apache-2.0",
        source="written for Styfie after Deng and Manjunath 2001",
        counted=_jseg,
    ),
}
AUTO = "portrait"


def load_segmenter(name: str) -> Segmenter:
    """The segmenter called `name`; `auto` is the best there is, `jseg:8` finds 8 regions, FILE.safetensors is a
    network of one's own, FILE.onnx one of `styfie export`.

    Raises:
        InputError: there is none of that name, or the file holds no such network.
        MissingError: there is no such file, or ONNX Runtime is not installed.
    """
    if name.endswith(".safetensors"):
        from styfie.segmentation.files import read_network
        from styfie.segmentation.portrait import PortraitSegmenter

        return PortraitSegmenter(*read_network(Path(name)))
    if name.endswith(".onnx"):
        from styfie.segmentation.exported import read_exported
        from styfie.segmentation.portrait import PortraitSegmenter

        return PortraitSegmenter(*read_exported(Path(name)))
    if name == "auto":
        name = AUTO
    asked, (name, colon, count) = name, name.partition(":")
    entry = SEGMENTERS.get(name)
    if entry and colon:
        if not entry.counted or not re.fullmatch(r"[0-9]{1,9}", count):
            counted = ", ".join(f"{other}:8" for other, one in SEGMENTERS.items() if one.counted)
            raise InputError(f"The segmenter {asked} came: a number of regions is asked for as in {counted}.")
        return entry.counted(int(count))
    if entry is None:
        known = ", ".join(SEGMENTERS)
        raise InputError(
            f"There is no segmenter {asked!r}: known are auto, {known}, or a FILE.safetensors of your own."
        )
    return entry.make()
