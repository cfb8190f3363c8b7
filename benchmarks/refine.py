"""BANet's refinement of the outline, on and off: the same pictures, steps and seeds.

    python benchmarks/refine.py --data DATA [--size 64 --steps 200 --batch 8 --seeds 3]

DATA holds a folder `portraits` as `styfie train segmenter` takes it. Boundary F and IoU are of the held-out pictures at
their own size. Off, the loss has its other two terms alone, by the weights that they have with it.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from styfie.losses import masks
from styfie.training.presets import PRESETS, TrainingPreset
from styfie.training.segmenter import score_segmenter, train_segmenter

from common import arguments

NEVER = 2.0  # share of a training from which a term is on


def main() -> None:
    """Print a line for each seed, and the mean difference."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--scored", type=int, default=60, help="held-out pictures, evenly spread")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for seed in range(asked.seeds):
        settings = recipe(asked.size, asked.steps, asked.batch, seed)
        pair = [train(asked.data / "portraits", settings, on, asked.scored) for on in (True, False)]
        rows.append(np.subtract(pair[0], pair[1]))
        (on_f, on_iou), (off_f, off_iou) = pair
        print(f"seed {seed}: boundary F {on_f:.4f} on, {off_f:.4f} off", flush=True)
        print(f"        IoU {on_iou:.4f} on, {off_iou:.4f} off", flush=True)
    mean, spread = np.mean(rows, 0), np.std(rows, 0)
    print(f"on minus off: boundary F {mean[0]:+.4f} (deviation {spread[0]:.4f}), IoU {mean[1]:+.4f} ({spread[1]:.4f})")


def recipe(side: int, steps: int, batch: int, seed: int) -> TrainingPreset:
    """Ours, at one size, scored but once."""
    ours = PRESETS["ours"]
    schedule = replace(ours.schedule, steps=steps, batch=batch, average=0.99, seed=seed, scores=1)
    return replace(ours, side=side, growth=(), schedule=schedule)


def train(data: Path, settings: TrainingPreset, on: bool, scored: int) -> tuple[float, float]:
    """Boundary F and IoU of a network trained with the term on, or not."""
    usual = masks.REFINED_FROM
    masks.REFINED_FROM = usual if on else NEVER
    try:
        with tempfile.TemporaryDirectory() as folder:
            trained = train_segmenter("banet", [data], Path(folder), settings)
    finally:
        masks.REFINED_FROM = usual
    found = score_segmenter(trained.network.eval(), trained.material.held_out.spread(scored), settings.side)
    return found.boundary_f, found.iou


if __name__ == "__main__":
    main()
