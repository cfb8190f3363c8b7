"""Loss and mean IoU over the passes of a run: the founding paper's Figures 4 and 5."""

from __future__ import annotations

import json
from pathlib import Path

from styfie.errors import InputError, MissingError
from styfie.training.outputs import write_atomically

PANELS = (("bce", "binary cross-entropy, nats"), ("iou", "mean IoU"))
ROWS = (("train", "#2a6f97"), ("val", "#c8553d"))


def read_scores(log: Path) -> list[dict[str, float]]:
    """The lines of a run's `log.jsonl` in which pictures were scored.

    Raises:
        MissingError: there is no log.
        InputError: nothing was scored in it.
    """
    if not log.is_file():
        raise MissingError(f"There is no {log}: a run writes it into its folder.")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    found = [line for line in lines if "val_bce" in line]
    if not found:
        raise InputError(f"{log} holds no scores to draw: let the run go on until pictures have been scored.")
    return found


def draw_curves(log: Path, file: Path) -> Path:
    """Draw a run's scores on train and validation as a PNG.

    Raises:
        MissingError: matplotlib is not installed, or there is no log.
        InputError: nothing was scored in it.
        OutputError: the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingError("Curves need matplotlib: pip install 'styfie[plots]'.") from None
    scores = read_scores(log)
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, (key, label) in zip(figure.subplots(1, 2), PANELS, strict=True):
        for row, colour in ROWS:
            points = [(line["pass"], line[f"{row}_{key}"]) for line in scores]
            axes.plot(*zip(*points, strict=True), color=colour, marker=".", label=row)
        axes.set(xlabel="passes", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    with write_atomically(file) as part:
        figure.savefig(part, format="png", dpi=120)
    return file
