"""Teach the built-in network to find people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.encoders.plain import PlainEncoder
from styfie.evaluation.masks import MaskSummary, score_mask, summarise
from styfie.images import resize
from styfie.segmentation.networks import PortraitNet
from styfie.training.loop import Schedule, fit
from styfie.training.portraits import PARTS, UNLABELLED, Pastings, Portrait, PortraitSet, as_matte, place, relight

SCHEDULE = Schedule(steps=4000, batch=16, learning_rate=2e-3, weight_decay=1e-2, average=0.998)
SIDES = (192, 256)  # small pictures for the first share of the steps, full ones after
SMALL_SHARE = 0.5
# Sources that are few but varied are drawn more often.
DRAWN = {"hsd": 3.0, "comp": 1.0, "fasseg": 0.7}
NEW_BACKGROUND, CUTOUT = 0.25, 0.05  # shares of the pictures


@dataclass(frozen=True)
class Batch:
    """Pictures (B, 3, S, S), mattes (B, 1, S, S), part labels (B, S/2, S/2)."""

    pictures: Tensor
    mattes: Tensor
    parts: Tensor


class Supervised(nn.Module):
    """The network with a second head, for training only: naming skin, hair and clothes steadies the features."""

    def __init__(self, network: PortraitNet) -> None:
        super().__init__()
        self.network = network
        self.parts = nn.Conv2d(network.width, PARTS, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "person" (B, 1, H, W) and of the parts (B, PARTS, H/2, W/2)."""
        features = self.network.features(pictures)
        logits = F.interpolate(self.network.head(features), scale_factor=2.0, mode="bilinear")
        return logits, self.parts(features)


def matte_loss(logits: Tensor, mattes: Tensor) -> dict[str, Tensor]:
    """Binary cross-entropy, three times as heavy along the outline, and the soft Jaccard index per picture."""
    logits = logits.float()
    widened = F.max_pool2d(mattes, 9, 1, 4) + F.max_pool2d(-mattes, 9, 1, 4)
    weight = 1 + 2 * widened
    entropy = F.binary_cross_entropy_with_logits(logits, mattes, reduction="none")
    found = logits.sigmoid()
    shared = torch.minimum(found, mattes).sum((1, 2, 3))
    union = torch.maximum(found, mattes).sum((1, 2, 3))
    return {"entropy": (entropy * weight).sum() / weight.sum(), "jaccard": (1 - shared / (union + 1)).mean()}


class Sampler:
    """Batches of varied portraits; `at(step)` depends on the step and the seed alone."""

    def __init__(self, data: Path, schedule: Schedule) -> None:
        self.portraits, self.pastings, self.schedule = PortraitSet(data / "train"), Pastings(data), schedule
        drawn = np.array([DRAWN.get(name.split("_")[0], 1.0) for name in self.portraits.names])
        self.odds = drawn / drawn.sum()

    def draw(self, rng: np.random.Generator) -> Portrait:
        """A portrait, a pasted cut-out, or a portrait before another background."""
        kind = rng.random()
        portrait = self.pastings.cutout(rng) if kind < CUTOUT else None
        if portrait is None:
            portrait = self.portraits[int(rng.choice(len(self.odds), p=self.odds))]
        return self.pastings.onto_new_background(portrait, rng) if kind < CUTOUT + NEW_BACKGROUND else portrait

    def at(self, step: int) -> Batch:
        """The batch of one step."""
        rng = np.random.default_rng((self.schedule.seed, step))
        side = SIDES[step >= SMALL_SHARE * self.schedule.steps]
        placed = [place(self.draw(rng), side, rng, vary=True) for _ in range(self.schedule.batch)]
        pictures, mattes, parts = (torch.stack(column) for column in zip(*placed, strict=True))
        pictures = relight(pictures, rng).contiguous(memory_format=torch.channels_last)
        return Batch(pictures, mattes, parts[:, ::2, ::2])


def train_segmenter(
    data: Path,
    start: PlainEncoder,
    folder: Path,
    schedule: Schedule = SCHEDULE,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> PortraitNet:
    """Train on `data/train` from the weights of `start`, the built-in encoder."""
    torch.manual_seed(schedule.seed)
    model = Supervised(PortraitNet())
    model.network.encoder.load_state_dict(start.state_dict())
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model.network.encoder.convs[:2].requires_grad_(False)
    encoder = [p for p in model.network.encoder.parameters() if p.requires_grad]
    others = [p for n, p in model.named_parameters() if not n.startswith("network.encoder")]

    def loss_of(batch: Batch) -> dict[str, Tensor]:
        logits, parts = model(batch.pictures)
        terms = matte_loss(logits, batch.mattes)
        terms["parts"] = F.cross_entropy(parts.float(), batch.parts, ignore_index=UNLABELLED)
        return terms | {"total": terms["entropy"] + terms["jaccard"] + 0.2 * terms["parts"]}

    groups: list[dict[str, Any]] = [{"params": others}, {"params": encoder, "scale": 0.5}]
    trained = fit(model, Sampler(data, schedule).at, loss_of, schedule, folder, groups, on_log)
    assert isinstance(trained, Supervised)
    return trained.network.eval().requires_grad_(False)


@torch.no_grad()
def score_segmenter(network: PortraitNet, folder: Path, side: int = SIDES[-1]) -> MaskSummary:
    """Mean scores on all portraits below `folder`, at the truth's own size."""
    scores, portraits = [], PortraitSet(folder)
    for portrait in (portraits[i] for i in range(len(portraits))):
        picture = place(portrait, side, np.random.default_rng(0), vary=False)[0]
        truth = as_matte(portrait)
        alpha = resize(network(picture[None]).sigmoid(), (truth.shape[-2], truth.shape[-1]))
        scores.append(score_mask(alpha[0, 0].numpy(), truth[0, 0].numpy()))
    return summarise(scores)
