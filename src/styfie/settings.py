"""What is asked of a run. Every default stands here; the command line and the recipe read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from styfie.errors import InputError
from styfie.fields import Option, blend, check_options, found, painting
from styfie.looks import LENSES, MOST_BLUR

STARTS = ("photo", "noise", "fast")
QUALITIES = {"draft": 0.25, "standard": 1.0, "fine": 2.5}  # share of an engine's own number of steps
OLD_ENGINES = {"taught": "per-style"}  # names of before, as recipes and commands may still say them
STEPS = 40  # of most engines in standard quality
PRESETS: Mapping[str, Mapping[str, Any]] = {  # whole systems to compare with: what of the settings makes them
    "paper": {"engine": "classic", "size": 256, "lens": "plain"},  # the founding paper's
}
DEVICES = ("auto", "cpu", "cuda", "mps")


def preset_of(name: str) -> Mapping[str, Any]:
    """What of the settings a whole system is made of.

    Raises:
        InputError: there is none of that name.
    """
    if name not in PRESETS:
        raise InputError(f"There is no preset {name!r}: known are {', '.join(PRESETS)}.")
    return PRESETS[name]


@dataclass(frozen=True)
class Settings:
    """Asked of a whole run.

    Raises:
        InputError: a number out of range or a value of another kind, or a name that is not one of `DEVICES` and the
            like. Names of engines, encoders, losses and segmenters are looked up when a run begins.
    """

    size: int = field(
        default=512,
        metadata=painting(Option("Longest side of the result in pixels; 0 = the photo's own.", 0, 16_384)),
    )
    quality: str = field(
        default="standard",
        metadata=painting(Option("How long to paint.", choices=tuple(QUALITIES))),
    )
    steps: int = field(
        default=0,
        metadata=painting(
            Option("Steps at the coarsest scale, larger ones get fewer; 0 = as the quality asks.", 0, 100_000)
        ),
    )
    seed: int = field(
        default=0,
        metadata=painting(
            Option(
                "The same seed gives the same bytes. optimise (but from noise) and per-style use no chance.",
                0,
                2**63 - 1,
            )
        ),
    )
    device: str = field(
        default="auto",
        metadata=found(Option("auto (CUDA where there is one, else cpu), cpu, cuda or mps.", choices=DEVICES)),
    )
    engine: str = field(default="optimise", metadata=painting(Option("See: styfie list engines.")))
    encoder: str = field(default="styfie-2", metadata=painting(Option("See: styfie list encoders.")))
    loss: str = field(
        default="wasserstein", metadata=painting(Option("How style is measured. See: styfie list losses."))
    )
    segmenter: str = field(
        default="auto",
        metadata=found(
            Option("See: styfie list segmenters; or a FILE.safetensors of styfie train, a FILE.onnx of export.")
        ),
    )
    start: str = field(
        default="photo",
        metadata=painting(
            Option("Begin from the photo, from noise, or from what the fast engine paints.", choices=STARTS)
        ),
    )
    max_memory: float = field(
        default=4.0,
        metadata=painting(
            Option("What a painting may take; larger ones go in tiles.", 0.5, 10_000, unit="GB", metavar="800MB|2GB|…")
        ),
    )
    content_weight: float = field(
        default=0.025,
        metadata=painting(Option("Of the engine classic: what the photo's content counts.", 0, 1e6), since=2),
    )
    tv_weight: float = field(
        default=1.0,
        metadata=painting(Option("Of the engine classic: what total variation counts.", 0, 1e6), since=2),
    )
    evaluations: int = field(
        default=20,
        metadata=painting(
            Option("Of the engine classic: evaluations of loss and gradient at the most, per step.", 1, 10_000), since=2
        ),
    )
    depth_weight: float = field(
        default=0.0,
        metadata=painting(
            Option(
                "Of the engine optimise: what the photo's order of depths counts, as a depth network sees it; 0 = not.",
                0,
                1e6,
            ),
            since=2,
        ),
    )
    radius: float = field(
        default=10.0,
        metadata=blend(
            Option("Of the portrait blur: standard deviation in pixels per 512 of the longest side.", 0, MOST_BLUR)
        ),
    )
    lens: str = field(
        default="gaussian",
        metadata=blend(
            Option(
                "Of the portrait blur: gaussian, disc, hexagon; or plain, of the whole photo, halo and all.",
                choices=LENSES,
                metavar="SHAPE",
            )
        ),
    )
    mark: bool = field(
        default=True,
        metadata=blend(Option("Say in the pictures' metadata that they were changed, and by what."), since=2),
    )

    def __post_init__(self) -> None:
        if isinstance(self.engine, str):
            object.__setattr__(self, "engine", OLD_ENGINES.get(self.engine, self.engine))
        if isinstance(self.segmenter, Path):
            object.__setattr__(self, "segmenter", str(self.segmenter))
        check_options(self)
        if 0 < self.size < 32:
            raise InputError(f"size is {self.size}: at least 32 pixels are wanted, or 0 for the photo's own size.")

    def steps_of(self, standard: int = STEPS) -> int:
        """The steps of an engine that takes `standard` of them in standard quality."""
        return self.steps or max(1, round(standard * QUALITIES[self.quality]))
