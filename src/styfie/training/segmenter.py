"""Teach a network to find people."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from styfie.encoders.plain import SLOPE
from styfie.errors import InputError, MissingError
from styfie.evaluation.masks import MaskSummary, overlap, score_mask, summarise
from styfie.images import resize
from styfie.losses.masks import matte_entropy
from styfie.segmentation.calibration import LEVELS, Calibration, calibrate, reliability, sure_level
from styfie.segmentation.files import read_state
from styfie.segmentation.guided import GuidedNet
from styfie.segmentation.networks import FROZEN, PortraitNet, PyramidNet
from styfie.segmentation.portrait import predict
from styfie.segmentation.pose import PoseNet
from styfie.training.ahead import count_drawers
from styfie.training.architectures import load_architecture
from styfie.training.loop import CPU, fit
from styfie.training.outputs import make_folder
from styfie.training.portraits import Batch, as_matte, as_picture, place
from styfie.training.pose import settle
from styfie.training.presets import PRESETS, TrainingPreset
from styfie.training.processes import rank_and_count
from styfie.training.sampler import Material, Sampler, Several
from styfie.training.table import Scores, score_pictures
from styfie.weights import load_packaged

WATCHED, FEWEST = 200, 20  # portraits of either kind scored in the course of a run, and in short runs
SETTLED = 64  # pictures that the batch norms of a published encoder are measured on
LEARNED = 4  # pictures learned from for each that is scored: scoring is not to take longer than learning


@dataclass(frozen=True)
class Trained:
    """A trained network, frozen, and what it was trained on and how."""

    network: nn.Module
    material: Material
    recipe: TrainingPreset


def train_segmenter(
    arch: str,
    data: Sequence[Path],
    folder: Path,
    recipe: TrainingPreset = PRESETS["ours"],
    *,
    start: Mapping[str, Tensor] | None = None,
    scenes: Sequence[Path] = (),
    leave_out: Sequence[str] = (),
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> Trained:
    """Train the network called `arch` on the portraits of `data`, folders or ZIPs.

    `start` are weights of an earlier network of this kind, or of its encoder: for `portrait` the built-in one, which is
    what it starts from without, for `pose` MediaPipe's; for `guided` of a pose network, and its guide's. `scenes` are
    pictures without people to paste people on. Checkpoints and `log.jsonl` go to `folder`; see `fit` for several
    processes and for stopping. Pictures with one of the words of `leave_out` in their path are scored on but not
    learned from, nor pasted on.
    A schedule of no steps trains nothing: what `start` makes is to be scored and calibrated.

    Raises:
        InputError, MissingError: the data, the start or the settings cannot be used.
        OutputError: `folder` cannot be written to.
    """
    architecture = load_architecture(arch)
    material = Material(data, leave_out)
    material.check_words(scenes)
    if recipe.subset:
        material.learned = material.learned.chosen(recipe.subset)
    recipe = recipe.lengthened(len(material.learned))
    torch.manual_seed(recipe.schedule.seed)
    network = architecture.make()
    load_start(network, start, recipe.scratch)
    check_share(network, recipe)
    sampler = Sampler(material, recipe, scenes)
    if isinstance(network, PoseNet) and not has_head(start):
        many = replace(recipe, schedule=replace(recipe.schedule, batch=SETTLED))
        settle(network.encoder, Sampler(material, many, scenes).at(0, range(SETTLED)).to(CPU).pictures)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if not recipe.schedule.steps:
        make_folder(folder)
        return Trained(network.to(device).eval().requires_grad_(False), material, recipe)
    groups = None if recipe.scratch else groups_of(network)
    if not recipe.varied:
        freeze_unasked(network)

    schedule = recipe.schedule
    count = min(WATCHED, max(FEWEST, schedule.steps * schedule.batch // (schedule.scores * LEARNED)))
    watched = {"train": material.learned.spread(count), "val": material.held_out.spread(count)}

    def score(learner: nn.Module, step: int) -> dict[str, float]:
        found: dict[str, float] = {"pass": step * recipe.schedule.batch / recipe.pass_size}
        for row, portraits in watched.items():
            scores = score_pictures(learner, portraits, recipe.side, device)
            found |= {f"{row}_bce": scores.entropy, f"{row}_iou": scores.mean_iou}
        return found

    trained = fit(
        network,
        sampler.at,
        architecture.loss if recipe.varied else entropy_alone,
        recipe.schedule,
        folder,
        groups=groups,
        on_log=on_log,
        score=score,
        device=device,
        about={
            "arch": arch,
            "side": recipe.side,
            "varied": recipe.varied,
            "data": [str(source) for source in data],
            "scenes": [str(source) for source in scenes],
            "leave_out": list(leave_out),
        },
        drawers=count_drawers(device),
    )
    return Trained(trained.requires_grad_(False), material, recipe)


def entropy_alone(network: nn.Module, batch: Batch, _progress: float) -> dict[str, Tensor]:
    """The loss of pictures that are not varied."""
    entropy = matte_entropy(network(batch.pictures), batch.mattes)
    return {"entropy": entropy, "total": entropy}


def freeze_unasked(network: nn.Module) -> None:
    """Freeze what `entropy_alone` does not ask for: several processes wait for the gradients of all that is not."""
    if isinstance(network, PyramidNet):
        network.parts.requires_grad_(False)


def check_share(network: nn.Module, recipe: TrainingPreset) -> None:
    """Refuse what batch norm has nothing to average in: at 1/32 of the side such a share is a single value.

    Raises:
        InputError: a process's part of a batch is one picture of 32 pixels.
    """
    schedule, side = recipe.schedule, min(recipe.side, recipe.side_at(0))
    share = schedule.batch // (rank_and_count()[1] * schedule.accumulate)
    normed = any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    if normed and share == 1 and side <= 32:
        raise InputError(
            f"One picture of {side}x{side} pixels at a time, as they are at first, leaves batch norm nothing to "
            "average: choose a larger --batch or --size, or a smaller --accumulate."
        )


def load_start(network: nn.Module, start: Mapping[str, Tensor] | None, scratch: bool = False) -> None:
    """Load the weights to start from: all of the network's, or its encoder's; others stay as they were drawn.

    From `scratch` none are, unless they are given; a built-in network's encoder, which has no batch norm to put
    scales right, is then drawn as He et al. (2015) do. A pose network begins with its published encoder's, a guided
    one with a pose network's and its guide's.

    Raises:
        InputError: the weights are of another network, or a guide's are missing.
    """
    into = network
    if isinstance(network, GuidedNet) and not (has_head(start) and "guide.stem.weight" in start):
        raise InputError(
            "A guided network starts from two others: give --start, the safetensors of a pose network, and "
            "--guide, MediaPipe's selfie_segmentation.tflite; or --start with an earlier guided one alone."
        )
    if isinstance(network, PoseNet) and not start:
        raise InputError(
            "A pose network starts from MediaPipe's: give --guide pose_landmark_full.tflite; or --start with an "
            "earlier one."
        )
    if isinstance(network, PortraitNet) and scratch and start is None:
        for conv in network.encoder.convs:
            nn.init.kaiming_normal_(conv.weight, SLOPE)  # type: ignore[arg-type]
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        return
    if isinstance(network, PyramidNet):
        start = start or load_packaged("encoder")
        into = network if has_head(start) else network.encoder
    if start is None:
        return
    try:
        missing, unknown = into.load_state_dict(start, strict=False)
    except RuntimeError:  # other shapes
        missing, unknown = ["all"], []
    if missing or unknown:
        raise InputError("The weights to start from are of another network: give a file of the same one.")


def has_head(start: Mapping[str, Tensor] | None) -> TypeGuard[Mapping[str, Tensor]]:
    """Whether weights to start from are of more than an encoder."""
    return "head.1.weight" in (start or ())


def read_start(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, floats as float32.

    Raises:
        MissingError: there is no such file.
        InputError: it is no safetensors file, or holds what is no number.
    """
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no {file} to start from: give a safetensors file of an earlier run.")
    try:
        state = read_state(file)[0]
        whole = all(bool(torch.isfinite(value).all()) and not value.is_complex() for value in state.values())
    except (SafetensorError, OSError, LookupError, RuntimeError, TypeError, ValueError):
        raise InputError(f"{file} is no safetensors file: give one of an earlier run.") from None
    if not whole:  # training from these would end with such
        raise InputError(f"{file} holds weights that are no numbers: give a file of an earlier run.")
    return state


def groups_of(network: nn.Module) -> list[dict[str, Any]] | None:
    """Optimiser groups: a ready encoder learns more slowly.

    The built-in one at half the rate, its first convolutions not at all; a published one, deep and long taught, at a
    quarter.
    """
    if not isinstance(network, PyramidNet):
        return None
    scale = 0.25
    if isinstance(network, PortraitNet):
        network.encoder.convs[:FROZEN].requires_grad_(False)
        scale = 0.5
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    others = [p for n, p in network.named_parameters() if not n.startswith("encoder")]
    return [{"params": others}, {"params": encoder, "scale": scale}]


def table_one(trained: Trained, device: torch.device = CPU) -> dict[str, Scores]:
    """Scores on all held-out portraits, and on as many of those learned from."""
    material, side = trained.material, trained.recipe.side
    rows = {"train": material.learned.spread(len(material.held_out)), "val": material.held_out}
    return {name: score_pictures(trained.network, portraits, side, device) for name, portraits in rows.items()}


@torch.no_grad()
def score_segmenter(network: nn.Module, portraits: Several, side: int, device: torch.device = CPU) -> MaskSummary:
    """Mean scores per picture, at the truth's own size."""
    scores = []
    for portrait in (portraits[i] for i in range(len(portraits))):
        picture = place(portrait, side)[0]
        truth = as_matte(portrait)
        alpha = resize(network(picture[None].to(device)).sigmoid().cpu(), (truth.shape[-2], truth.shape[-1]))
        scores.append(score_mask(alpha[0, 0].numpy(), truth[0, 0].numpy()))
    return summarise(scores)


@torch.no_grad()
def calibrate_segmenter(
    network: nn.Module, portraits: Several, side: int, device: torch.device = CPU
) -> tuple[Calibration, list[tuple[float, float, int]]]:
    """How a network's probabilities are read, by portraits that it did not learn from; and how far one may trust it.

    The second is `reliability` on the same portraits, in tenths of the score.
    """
    before = Calibration()
    ious, people, clarities = [], [], []
    by_level: dict[float, list[float]] = {level: [] for level in LEVELS}
    for portrait in (portraits[i] for i in range(len(portraits))):
        photo, truth = as_picture(portrait), as_matte(portrait)
        seen = predict(photo.to(device), network, side, calibration=before)
        matte = resize(seen.matte.cpu(), (truth.shape[-2], truth.shape[-1]))
        for level, each in by_level.items():
            each.append(replace(seen, calibration=replace(before, sure=level)).sure)
        clarities.append(seen.clarity)
        ious.append(overlap((matte >= 0.5).numpy(), (truth >= 0.5).numpy()))
        people.append(bool((truth >= 0.5).any()))
    level = sure_level(by_level)
    shares = by_level[level]
    found = calibrate(shares, ious, people, replace(before, sure=level), clarities)
    return found, reliability([found.score(share) for share in shares], ious, [n / 10 for n in range(11)])
