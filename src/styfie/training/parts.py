"""Teach a network that finds people to tell their parts, and leave all else of it as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.errors import InputError
from styfie.evaluation.parts import UNLABELLED
from styfie.losses.masks import class_jaccard
from styfie.segmentation.pose import OWN, PartsHead, PoseNet
from styfie.training.ahead import count_drawers
from styfie.training.loop import CPU, fit
from styfie.training.portraits import Batch
from styfie.training.presets import PRESETS, TrainingPreset
from styfie.training.sampler import Material, Sampler

JACCARD = 0.5  # weight of the Jaccard index beside cross-entropy
PRESET = replace(PRESETS["ours"], schedule=replace(PRESETS["ours"].schedule, steps=2_000), plain=0.5)


def train_parts(
    network: PoseNet,
    material: Material,
    folder: Path,
    preset: TrainingPreset = PRESET,
    *,
    scenes: Sequence[Path] = (),
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
    about: Mapping[str, object] | None = None,
) -> PartsHead:
    """A head for a frozen network, taught on the portraits whose parts are labelled.

    Cross-entropy and the soft Jaccard index of each part over a batch, which counts accessories as much as clothes.
    `scenes` are pictures without people, as `train_segmenter` takes them. Checkpoints and `log.jsonl` go to `folder`;
    see `fit` for what `about` is, and for stopping.

    Raises:
        InputError: no portrait has labelled parts; or as `fit`.
        OutputError: `folder` cannot be written to.
    """
    material.learned = material.learned.with_parts()
    if not len(material.learned):
        raise InputError("No portrait has labelled parts: give --data with a folder parsing/ beside mask/.")
    preset = preset.lengthened(len(material.learned))
    torch.manual_seed(preset.schedule.seed)
    network.eval().requires_grad_(False).to(device)
    head = PartsHead()
    for own, stage in zip(head.stages, network.encoder.stages[OWN:], strict=True):
        own.load_state_dict(stage.state_dict())
    head.train().requires_grad_(True).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss_of(learner: PartsHead, batch: Batch, _progress: float) -> dict[str, Tensor]:
        with torch.no_grad():
            taps = network.encode(batch.pictures)
            levels = network.levels(taps)
        logits = learner(taps, levels).float()
        entropy = F.cross_entropy(logits, batch.parts, ignore_index=UNLABELLED, reduction="sum")
        entropy = entropy / (batch.parts != UNLABELLED).sum().clamp_min(1)
        jaccard = class_jaccard(logits, batch.parts, UNLABELLED)
        return {"entropy": entropy, "jaccard": jaccard, "total": entropy + JACCARD * jaccard}

    sampler = Sampler(material, preset, scenes)
    trained = fit(
        head,
        sampler.at,
        loss_of,
        preset.schedule,
        folder,
        groups=[
            {"params": [p for n, p in head.named_parameters() if not n.startswith("stages")]},
            {"params": list(head.stages.parameters()), "scale": 0.25},
        ],
        device=device,
        on_log=on_log,
        about=about,
        drawers=count_drawers(device),
    )
    assert isinstance(trained, PartsHead)
    return trained.requires_grad_(False)
