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
from styfie.segmentation.networks import PartsHead, PortraitNet
from styfie.training.ahead import count_drawers
from styfie.training.loop import CPU, fit
from styfie.training.portraits import Batch
from styfie.training.presets import PRESETS, TrainingPreset
from styfie.training.sampler import Material, Sampler

PRESET = replace(PRESETS["ours"], schedule=replace(PRESETS["ours"].schedule, steps=2_000), plain=0.5)


def train_parts(
    network: PortraitNet,
    material: Material,
    folder: Path,
    preset: TrainingPreset = PRESET,
    *,
    scenes: Sequence[Path] = (),
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
    about: Mapping[str, object] | None = None,
) -> PartsHead:
    """A head for a frozen network, taught by cross-entropy on the portraits whose parts are labelled.

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
    head = PartsHead().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def loss_of(learner: PartsHead, batch: Batch, _progress: float) -> dict[str, Tensor]:
        with torch.no_grad():
            taps = network.encode(batch.pictures)
            levels = network.levels(taps)
        entropy = F.cross_entropy(learner(taps, levels).float(), batch.parts, ignore_index=UNLABELLED, reduction="sum")
        return {"total": entropy / (batch.parts != UNLABELLED).sum().clamp_min(1)}

    sampler = Sampler(material, preset, scenes)
    trained = fit(
        head,
        sampler.at,
        loss_of,
        preset.schedule,
        folder,
        device=device,
        on_log=on_log,
        about=about,
        drawers=count_drawers(device),
    )
    assert isinstance(trained, PartsHead)
    return trained.requires_grad_(False)
