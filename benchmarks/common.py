"""What the benchmarks share: where the pictures are, the fixed names, and the fixed convolution."""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from styfie.gallery import GALLERY

PHOTOS = (
    "woman_smile_updo",
    "man_glasses_curly_hair",
    "woman_curly_hair_outdoor",
    "man_dark_shirt",
    "woman_red_hair_indoor",
    "man_beard_vest_window",
    "woman_uniform_glasses",
    "child_long_hair",
)
# What the optimisation was asked for when the networks that ship were compared with it: numbers in their cards are so.
FIRST: dict[str, Any] = {"encoder": "styfie-1", "loss": "gram"}
# Subject and background; a name that is no gallery style is a painting of the data's art folder.
PAIRS = (
    ("glass", "night"),
    ("shards", "waves"),
    ("watercolour", "marble"),
    ("picabia_udnie", "van_gogh_starry_night"),
    ("matisse_woman_with_a_hat", "hokusai_great_wave"),
    ("van_gogh_self_portrait_straw_hat", "kandinsky_composition_vii"),
)


def arguments(about: str, *, judge: bool = False) -> argparse.ArgumentParser:
    """A parser with `--data` and, where distances are judged, `--judge`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, required=True, help="folder with selfies/, art/, portraits/")
    parser.add_argument("--output", type=Path, default=Path("runs"), help="folder for sheets and numbers")
    if judge:
        parser.add_argument(
            "--judge", type=Path, required=True, help="the module with style_distance and content_distance"
        )
    return parser


def load_judge(file: Path) -> ModuleType:
    """The judge's module from its file."""
    spec = importlib.util.spec_from_file_location("judge", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def style_source(name: str, data: Path) -> str:
    """A gallery name as it is, else the painting's file."""
    return name if name in GALLERY else str(data / "art" / f"{name}.jpg")


def fixed_convolution() -> float:
    """Milliseconds of one 3x3 convolution, 64 to 64 channels at 256 pixels in float32: the machine's speed."""
    layer, picture = nn.Conv2d(64, 64, 3, padding=1), torch.rand(1, 64, 256, 256)
    with torch.no_grad():
        return 1000 * best_of(3, lambda: layer(picture))


def best_of(runs: int, run: Callable[[], object]) -> float:
    """The shortest of some runs in seconds, after one that is not counted."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times[1:])
