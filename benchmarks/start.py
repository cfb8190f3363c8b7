"""Does it pay to begin the optimisation from the fast engine's picture? Style and content distance after some steps.

    python benchmarks/start.py --data DATA --judge JUDGE [--size 384]

Means over 3 photos x 2 styles, each photo one region, by a judge that took no part in training.
"""

from __future__ import annotations

import numpy as np
import torch

from styfie.engines.optimise import optimise
from styfie.images import read_picture
from styfie.looks import Look
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.styles import load_style

from common import FIRST, PHOTOS, arguments, load_judge, style_source

STYLES = ("waves", "van_gogh_starry_night")
STEPS = (20, 30, 40)


def main() -> None:
    """Print a line for each start and number of steps."""
    parser = arguments(__doc__ or "", judge=True)
    parser.add_argument("--size", type=int, default=384)
    asked = parser.parse_args()
    judge = load_judge(asked.judge)
    styles = [load_style(style_source(name, asked.data), asked.size) for name in STYLES]
    photos = [read_picture(asked.data / "selfies" / f"{name}.jpg", asked.size) for name in PHOTOS[:3]]
    for start in ("photo", "fast"):
        for steps in STEPS:
            settings, found = Settings(size=asked.size, start=start, steps=steps, **FIRST), []
            for photo in photos:
                regions = Regions(("all",), torch.ones_like(photo[:, :1]), (1.0,))
                for style in styles:
                    *_, last = optimise(photo, regions, {"all": Look((style,), likeness=0.0)}, settings)
                    apart = judge.style_distance(last.layers, style.picture)
                    found.append((apart, judge.content_distance(last.layers, photo)))
            style_mean, content_mean = np.mean(found, 0)
            print(f"{start}, {steps} steps: style {style_mean:.3f}, content {content_mean:.3f}", flush=True)


if __name__ == "__main__":
    main()
