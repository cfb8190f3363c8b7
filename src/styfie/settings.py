"""What is asked of a run. Every default stands here; the command line and the recipe read them."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from pathlib import Path
from typing import SupportsFloat, SupportsIndex

from styfie.errors import InputError
from styfie.fields import blend, found, painting
from styfie.looks import BOKEHS, MOST_BLUR

STARTS = ("photo", "noise", "fast")
QUALITIES = {"draft": 0.25, "standard": 1.0, "fine": 2.5}  # share of an engine's own number of steps
OLD_ENGINES = {"taught": "per-style"}  # names of before, as recipes and commands may still say them
STEPS = 40  # of most engines in standard quality
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Settings:
    """Asked of a whole run.

    Raises:
        InputError: a number out of range or a value of another kind, or a name that is not one of `DEVICES` and the
            like. Names of engines, encoders, losses and segmenters are looked up when a run begins.
    """

    size: int = field(default=512, metadata=painting())  # longest side of the result in pixels; 0 = the photo's own
    quality: str = field(default="standard", metadata=painting())  # how long to paint: one of `QUALITIES`
    # optimisation steps at the coarsest scale, larger ones get fewer; 0 = as the quality asks
    steps: int = field(default=0, metadata=painting())
    seed: int = field(default=0, metadata=painting())
    device: str = field(default="auto", metadata=found())
    engine: str = field(default="optimise", metadata=painting())
    encoder: str = field(default="styfie-2", metadata=painting())
    loss: str = field(default="wasserstein", metadata=painting())  # how style is measured: see `losses.STYLE_LOSSES`
    segmenter: str = field(default="auto", metadata=found())
    start: str = field(default="photo", metadata=painting())  # what an optimisation begins from: one of `STARTS`
    # gigabytes (10**9 bytes) that a run may take; larger pictures are painted in tiles
    max_memory: float = field(default=4.0, metadata=painting())
    # of the portrait blur: standard deviation in pixels per 512 of the longest side
    radius: float = field(default=10.0, metadata=blend())
    lens: str = field(default="gaussian", metadata=blend())  # its shape: one of `looks.BOKEHS`
    # whether pictures say in their metadata that they were changed, and by what
    mark: bool = field(default=True, metadata=blend(since=2))

    def __post_init__(self) -> None:
        for name in ("size", "steps", "seed"):
            object.__setattr__(self, name, _whole(name, getattr(self, name)))
        for name in ("max_memory", "radius"):
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        object.__setattr__(self, "engine", OLD_ENGINES.get(self.engine, self.engine))
        if isinstance(self.segmenter, Path):
            object.__setattr__(self, "segmenter", str(self.segmenter))
        for name in ("device", "engine", "encoder", "loss", "segmenter", "start", "lens"):
            if not isinstance(value := getattr(self, name), str):
                raise InputError(f"{name} is {value!r}: a name is wanted.")
        _within("size", self.size, 0, 16_384)
        if 0 < self.size < 32:
            raise InputError(f"size is {self.size}: at least 32 pixels are wanted, or 0 for the photo's own size.")
        _within("steps", self.steps, 0, 100_000)
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("radius", self.radius, 0, MOST_BLUR)
        _within("max_memory", self.max_memory, 0.5, 10_000)
        if not isinstance(self.mark, bool):
            raise InputError(f"mark is {self.mark!r}: True or False is wanted.")
        if self.quality not in QUALITIES:
            raise InputError(f"quality is {self.quality!r}: one of {', '.join(QUALITIES)} is wanted.")
        if self.device not in DEVICES:
            raise InputError(f"device is {self.device!r}: one of {', '.join(DEVICES)} is wanted.")
        if self.lens not in BOKEHS:
            raise InputError(f"lens is {self.lens!r}: one of {', '.join(BOKEHS)} is wanted.")
        if self.start not in STARTS:
            raise InputError(f"start is {self.start!r}: one of {', '.join(STARTS)} is wanted.")

    def steps_of(self, standard: int = STEPS) -> int:
        """The steps of an engine that takes `standard` of them in standard quality."""
        return self.steps or max(1, round(standard * QUALITIES[self.quality]))


def _whole(name: str, value: object) -> int:
    """A whole number of any kind as Python's own, as a recipe holds it."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise InputError(f"{name} is {value!r}: a whole number is wanted.")
    return operator.index(value)


def _number(name: str, value: object) -> float:
    """A number of any kind as Python's own; a whole one stays so."""
    if isinstance(value, bool | str | bytes) or not isinstance(value, SupportsFloat):
        raise InputError(f"{name} is {value!r}: a number is wanted.")
    return value if isinstance(value, int) else float(value)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} is {value}: a number from {low} to {high} is wanted.")
