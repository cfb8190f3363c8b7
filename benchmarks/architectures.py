"""The networks one beside the other: the same pictures, size and number of pictures seen, from the same seed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import torch

from styfie.training.architectures import ARCHITECTURES
from styfie.training.presets import PRESETS, TrainingPreset
from styfie.training.segmenter import score_segmenter, table_one, train_segmenter

from common import arguments, fixed_convolution


def recipe(side: int, pictures: int, batch: int = 16) -> TrainingPreset:
    """Ours, at one size throughout."""
    ours = PRESETS["ours"]
    schedule = replace(ours.schedule, steps=pictures // batch, batch=batch, learning_rate=1e-3, average=0.99)
    return replace(ours, side=side, growth=(), schedule=schedule)


def train_one(arch: str, data: Path, folder: Path, settings: TrainingPreset) -> dict[str, float]:
    """Train, and score on the validation pictures at their own size."""
    started = time.monotonic()
    trained = train_segmenter(arch, [data], folder, settings)
    minutes = (time.monotonic() - started) / 60
    network = trained.network.eval()
    table = table_one(trained)
    summary = score_segmenter(network, trained.material.held_out, settings.side)
    return {
        "parameters": ARCHITECTURES[arch].parameters,
        "pictures": settings.schedule.steps * settings.schedule.batch,
        "minutes": round(minutes, 1),
        "train_bce": table["train"].entropy,
        "val_bce": table["val"].entropy,
        "val_mean_iou": table["val"].mean_iou,
        "val_iou": summary.iou,
        "val_boundary_f": summary.boundary_f,
        "val_worst_tenth": summary.worst_tenth,
        "val_mae": summary.mae,
    }


def draw_curves(folders: list[Path], file: Path, batch: int) -> None:
    """Validation mean IoU of each network over the pictures seen."""
    from matplotlib.figure import Figure

    figure = Figure((7, 4), layout="constrained")
    axes = figure.subplots()
    for folder in folders:
        lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        points = [(line["step"] * batch, line["val_iou"]) for line in lines if "val_iou" in line]
        axes.plot(*zip(*points, strict=True), marker=".", label=folder.name.rsplit("-", 1)[0])
    axes.set(xlabel="pictures seen", ylabel="mean IoU, validation", ylim=(0.2, 1.0))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=110)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--arch", action="append", help="repeatable; all that fit a processor if none")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--pictures", type=int, default=10_000, help="pictures seen by each")
    options = parser.parse_args()
    print(f"fixed convolution {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads")
    options.output.mkdir(parents=True, exist_ok=True)
    settings, folders = recipe(options.size, options.pictures), []
    for arch in options.arch or ["banet", "segnet-slim", "portrait", "segnet"]:
        folder = options.output / f"{arch}-{options.size}"
        folders.append(folder)
        row = train_one(arch, options.data / "portraits", folder, settings)
        (folder / "scores.json").write_text(json.dumps(row, indent=1))
        print(arch, json.dumps({key: round(value, 4) for key, value in row.items()}), flush=True)
        draw_curves(folders, options.output / "architectures.png", settings.schedule.batch)


if __name__ == "__main__":
    main()
