"""The founding paper's Table 1: binary cross-entropy and mean IoU, as they are and as Keras counted the second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from styfie.training.portraits import place
from styfie.training.sampler import Several

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Over all pixels of all pictures, at the network's size, against masks of two values.

    `entropy` in nats; `mean_iou` is the mean of the person's and the background's IoU, cut at a probability of 0.5;
    `keras_meaniou_artifact` is what `tf.keras.metrics.MeanIoU(num_classes=2)` shows for the same probabilities.
    """

    pictures: int
    entropy: float
    mean_iou: float
    keras_meaniou_artifact: float


def count_pairs(truth: Tensor, found: Tensor) -> Counts:
    """Pixels by true class (row) and found class (column), from two boolean tensors of one shape."""
    pairs = 2 * truth.flatten().long() + found.flatten().long()
    counts: Counts = torch.bincount(pairs, minlength=4).reshape(2, 2).cpu().numpy()
    return counts


def mean_iou(counts: Counts) -> float:
    """The mean over the classes that occur of intersection over union."""
    shared = np.diag(counts)
    union = counts.sum(0) + counts.sum(1) - shared
    return float((shared[union > 0] / union[union > 0]).mean())


@torch.no_grad()
def score_pictures(network: nn.Module, portraits: Several, side: int, device: torch.device, batch: int = 8) -> Scores:
    """Score a network in evaluation mode on portraits stretched to `side` x `side`."""
    cut, cast = np.zeros((2, 2), np.int64), np.zeros((2, 2), np.int64)
    entropy = 0.0
    for first in range(0, len(portraits), batch):
        placed = [place(portraits[i], side) for i in range(first, min(first + batch, len(portraits)))]
        pictures, mattes = (torch.stack([row[k] for row in placed]).to(device) for k in (0, 1))
        truth = mattes >= 0.5
        logits = network(pictures).float()
        probabilities = logits.sigmoid()
        each = nn.functional.binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
        entropy += float(each.mean((1, 2, 3)).sum())
        cut += count_pairs(truth, probabilities >= 0.5)
        cast += count_pairs(truth, probabilities == 1)
    return Scores(len(portraits), entropy / len(portraits), mean_iou(cut), mean_iou(cast))


def as_text(rows: Mapping[str, Scores]) -> str:
    """The table for a terminal."""
    head = f"{'':8}{'pictures':>9}{'BCE':>9}{'mean IoU':>10}{'Keras MeanIoU':>15}"
    lines = [
        f"{name:8}{s.pictures:9}{s.entropy:9.4f}{s.mean_iou:10.4f}{s.keras_meaniou_artifact:15.4f}"
        for name, s in rows.items()
    ]
    return "\n".join([head, *lines])


def as_record(rows: Mapping[str, Scores]) -> dict[str, dict[str, Any]]:
    """The table for a file."""
    return {name: asdict(scores) for name, scores in rows.items()}
