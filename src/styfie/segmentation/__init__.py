"""What finds the regions of a photo. Importing this imports no segmenter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from styfie.errors import InputError
from styfie.registry import Entry, Registry
from styfie.segmentation.protocols import Segmenter


@dataclass(frozen=True)
class SegmenterEntry(Entry):
    """One way to find regions: `path` names what makes it. All that stands below is what it can do.

    Each of these is a protocol in `styfie.segmentation.protocols`, which the segmenter has if it says so here.
    """

    counted: bool = False  # whether it is also made with a number of regions, as `NAME:N` asks for
    partitions: bool = False  # whether it divides a photo of anything: `Partitioner`
    follows: bool = False  # whether it finds regions again from frame to frame: `FrameSegmenter`
    parts: bool = False  # whether it knows what may be split off the person of a photo: `PartSegmenter`
    fast: bool = False  # whether there is one that takes less time and sees less: `FastSegmenter`
    network: bool = False  # whether it is a `portrait.PortraitSegmenter`, whose network can be scored


def _portrait(title: str, maker: str, licence: str, source: str) -> SegmenterEntry:
    path = f"styfie.segmentation.portrait:{maker}"
    return SegmenterEntry(title, path, "", licence, source, follows=True, parts=True, fast=True, network=True)


FREE = "portrait-free"  # parts on stated terms, too
SEGMENTERS: Registry[SegmenterEntry] = Registry(
    "segmenter",
    SegmenterEntry,
    {
        "portrait": _portrait(
            "Subject and background, skin, hair, clothes, accessories, and each person, by the built-in network",
            "load_portrait",
            "Apache-2.0; masks: no picture they were learned from states terms that forbid commercial use; parts: some "
            "are for research only: see WEIGHTS.md",
            "trained by `styfie train segmenter` and `styfie train parts`",
        ),
        FREE: _portrait(
            "The same masks but for strands of hair, and parts by the same network, less exact: for who builds on "
            "them and wants stated terms",
            "load_free",
            "Apache-2.0; no picture it learned from states terms that forbid commercial use: see WEIGHTS.md",
            "trained by `styfie train segmenter`",
        ),
        "jseg": SegmenterEntry(
            "Regions of anything by colour and texture: region-1, region-2, … by area; jseg:8 for 8 of them",
            "styfie.segmentation.jseg.segmenter:JsegSegmenter",
            source="written for Styfie after Deng and Manjunath 2001",
            counted=True,
            partitions=True,
            follows=True,
        ),
    },
    "styfie.segmenters",
)
FILES: Mapping[str, SegmenterEntry] = {
    ".safetensors": _portrait("A network of one's own", "load_trained", "its own", "`styfie train segmenter`"),
    ".onnx": _portrait("A network of one's own", "load_exported", "its own", "`styfie export segmenter`"),
}
"""What makes a segmenter of a file, by its suffix."""
AUTO = "portrait"


def find_segmenter(name: str) -> SegmenterEntry:
    """What is known of the segmenter called `name`, as for `load_segmenter`.

    Raises:
        InputError: there is none of that name.
        MissingError: it is of a package that is broken.
    """
    if suffix := _suffix(name):
        return FILES[suffix]
    own, colon, count = (AUTO if name == "auto" else name).partition(":")
    if own in SEGMENTERS and colon:
        if not SEGMENTERS[own].counted or not re.fullmatch(r"[0-9]{1,9}", count):
            counted = ", ".join(f"{other}:8" for other, one in SEGMENTERS.items() if one.counted)
            raise InputError(f"The segmenter {name} came: a number of regions is asked for as in {counted}.")
        return SEGMENTERS[own]
    return SEGMENTERS.find(name if colon else own, "auto, ", ", or a FILE.safetensors of your own")


def _suffix(name: str) -> str:
    """The suffix of `FILES` that a name ends with, nothing if it is no such file's."""
    return next((suffix for suffix in FILES if name.endswith(suffix)), "")


def load_segmenter(name: str) -> Segmenter:
    """The segmenter called `name`; `auto` is the best there is, `jseg:8` finds 8 regions, FILE.safetensors is a
    network of one's own, FILE.onnx one of `styfie export`.

    Raises:
        InputError: there is none of that name, or the file holds no such network.
        MissingError: there is no such file, or ONNX Runtime is not installed.
    """
    make = find_segmenter(name).load()
    given = [Path(name)] if _suffix(name) else [int(count) for count in name.split(":")[1:]]
    found: Segmenter = make(*given)
    return found
