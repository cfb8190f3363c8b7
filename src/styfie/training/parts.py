"""Teach a network that finds people to tell their parts, and leave all else of it as it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.errors import InputError
from styfie.evaluation.parts import UNLABELLED
from styfie.losses.masks import class_jaccard
from styfie.segmentation.files import read_network, read_parts
from styfie.segmentation.pose import OWN, PartsHead, PoseNet
from styfie.segmentation.prediction import PART_NAMES
from styfie.training.ahead import count_drawers
from styfie.training.loop import CPU, fit
from styfie.training.portraits import Batch
from styfie.training.presets import PRESETS, TrainingPreset
from styfie.training.sampler import Material, Sampler
from styfie.training.segmenter import calibrate_segmenter
from styfie.weights import checksum

HESITANT = 3.0  # times as likely as all else an accessory has to be: hair with holes at the ears looks worse
JACCARD = 0.5  # weight of the Jaccard index beside cross-entropy
PRESET = replace(PRESETS["ours"], schedule=replace(PRESETS["ours"].schedule, steps=2_000), plain=0.5, paired=0.15)
# For a head that has learned already: full size throughout, at a quarter of the rate.
FINISH = replace(PRESETS["finish"], plain=PRESET.plain, paired=PRESET.paired)


def train_parts(
    start: Path,
    data: Sequence[Path],
    folder: Path,
    preset: TrainingPreset = PRESET,
    *,
    head: Path | None = None,
    scenes: Sequence[Path] = (),
    leave_out: Sequence[str] = (),
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> tuple[PartsHead, float]:
    """A head for the network of a file, taught on the portraits of `data` whose parts are labelled; the network stays.

    Cross-entropy and the soft Jaccard index of each part over a batch, which counts accessories as much as clothes: a
    head so taught finds too many, and in the end they have to be `HESITANT` times as likely as all else. `head` is the
    file of one that goes on learning. `scenes` and `leave_out` as `train_segmenter` takes them. Checkpoints and
    `log.jsonl` go to `folder`. The second is `Calibration.clear`, by all pictures that were held back.

    Raises:
        InputError: no portrait has labelled parts, or the network has no encoder to tell them by; or as `fit`.
        MissingError: there is no such file.
        OutputError: `folder` cannot be written to.
    """
    network = read_network(start)[0]
    if not isinstance(network, PoseNet):
        raise InputError(f"{start} has no encoder to tell parts by: give a file of --arch pose or guided.")
    material = Material(data, leave_out)
    material.check_words(scenes)
    material.learned = material.learned.with_parts()
    if not len(material.learned):
        raise InputError("No portrait has labelled parts: give --data with a folder parsing/ beside mask/.")
    preset = preset.lengthened(len(material.learned))
    torch.manual_seed(preset.schedule.seed)
    network.to(device)
    learner = _next_head(head) if head else _first_head(network)
    learner.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trained = fit(
        learner,
        Sampler(material, preset, scenes).at,
        partial(_loss_of, network),
        preset.schedule,
        folder,
        groups=[
            {"params": [p for n, p in learner.named_parameters() if not n.startswith("stages")]},
            {"params": list(learner.stages.parameters()), "scale": 0.25},
        ],
        device=device,
        on_log=on_log,
        about={
            "start": checksum(start),
            "head": checksum(head) if head else None,
            "side": preset.side,
            "data": [str(source) for source in data],
            "scenes": [str(source) for source in scenes],
            "leave_out": list(leave_out),
        },
        drawers=count_drawers(device),
    )
    assert isinstance(trained, PartsHead)
    _make_hesitant(trained.requires_grad_(False), HESITANT)
    network.parts = trained
    return trained, calibrate_segmenter(network, material.held_out, preset.side, device)[0].clear


def _first_head(network: PoseNet) -> PartsHead:
    """A head whose deep stages are those of the network's encoder."""
    head = PartsHead()
    for own, stage in zip(head.stages, network.encoder.stages[OWN:], strict=True):
        own.load_state_dict(stage.state_dict())
    return head


def _next_head(file: Path) -> PartsHead:
    """The head of a file as it was when it had learned."""
    head = read_parts(file)[0]
    _make_hesitant(head, 1 / HESITANT)
    return head.requires_grad_(True)


def _make_hesitant(head: PartsHead, times: float) -> None:
    """Let accessories be so many times less likely, in place."""
    assert head.answer.bias is not None
    head.answer.bias[1 + PART_NAMES.index("accessories")] -= math.log(times)


def _loss_of(network: PoseNet, head: PartsHead, batch: Batch, _progress: float) -> dict[str, Tensor]:
    with torch.no_grad():
        taps = network.encode(batch.pictures)
        levels = network.levels(taps)
    logits = head(taps, levels).float()
    entropy = F.cross_entropy(logits, batch.parts, ignore_index=UNLABELLED, reduction="sum")
    entropy = entropy / (batch.parts != UNLABELLED).sum().clamp_min(1)
    jaccard = class_jaccard(logits, batch.parts, UNLABELLED)
    return {"entropy": entropy, "jaccard": jaccard, "total": entropy + JACCARD * jaccard}
