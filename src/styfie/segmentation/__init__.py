"""What finds the regions of a photo."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from styfie.errors import InputError
from styfie.segmentation.protocols import Segmenter


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
