"""What an outside package may import: the protocols, their entries, and the types they speak. All else may change.

A package adds an entry by an entry point of the groups `styfie.engines`, `styfie.segmenters`, `styfie.encoders` and
`styfie.losses` (see `styfie.registry`), and tries what it adds by `styfie.testing`. Nothing here loads PyTorch before
it is asked for: entries are read to list what there is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from styfie.encoders import Encoder, EncoderEntry
from styfie.engines import Engine, EngineEntry, Memory
from styfie.errors import InputError, MissingError
from styfie.looks import Look, Style
from styfie.losses import LossEntry
from styfie.segmentation import SegmenterEntry
from styfie.segmentation.protocols import FrameSegmenter, Partitioner, PartSegmenter, Segmenter
from styfie.settings import Settings

if TYPE_CHECKING:
    from styfie.engines.layers import band_of, compose, if_styled
    from styfie.engines.onepass import OnePassPainter, in_one_pass
    from styfie.engines.progress import Progress
    from styfie.losses.moments import Moments
    from styfie.losses.style import Map, StyleLoss
    from styfie.regions import Regions

__all__ = [
    "Encoder",
    "EncoderEntry",
    "Engine",
    "EngineEntry",
    "FrameSegmenter",
    "InputError",
    "Look",
    "LossEntry",
    "Map",
    "Memory",
    "MissingError",
    "Moments",
    "OnePassPainter",
    "PartSegmenter",
    "Partitioner",
    "Progress",
    "Regions",
    "Segmenter",
    "SegmenterEntry",
    "Settings",
    "Style",
    "StyleLoss",
    "band_of",
    "compose",
    "if_styled",
    "in_one_pass",
]

_HOME = {
    "Map": "losses.style",
    "Moments": "losses.moments",
    "OnePassPainter": "engines.onepass",
    "Progress": "engines.progress",
    "Regions": "regions",
    "StyleLoss": "losses.style",
    "band_of": "engines.layers",
    "compose": "engines.layers",
    "if_styled": "engines.layers",
    "in_one_pass": "engines.onepass",
}


def __getattr__(name: str) -> Any:
    """Import what loads PyTorch when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'styfie.plugins' has no attribute {name!r}")
    return getattr(import_module(f"styfie.{_HOME[name]}"), name)
