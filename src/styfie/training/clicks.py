"""Teach the network that finds things by clicks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from styfie.errors import InputError
from styfie.evaluation.clicks import Mask, next_click
from styfie.images import resize
from styfie.regions import Point
from styfie.segmentation.clicks import ClickedPhoto, ClickNet, around
from styfie.training.things import Scene, read_scenes

PER_SCENE = 3  # things of one picture that are learned, at most
PIXELS = 256  # of each example that are learned from in a step
NEAR = 0.6  # how far beside a thing clicks are made, in square roots of its area


@dataclass(frozen=True)
class ClickSchedule:
    """How long each round of the network learns."""

    steps: int = 600
    batch: int = 32  # examples a step
    learning_rate: float = 3e-3
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Example:
    """Maps (MAPS, h, w), the small picture in CIELAB (3, h, w), and the truth (1, h, w)."""

    maps: Tensor
    lab: Tensor
    truth: Tensor


def train_clicks(
    data: Sequence[Path],
    schedule: ClickSchedule = ClickSchedule(),
    *,
    leave_out: Sequence[str] = (),
    people: int = 0,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> ClickNet:
    """Train on the things of `data`; of each source of portraits on at most `people`, evenly spread, all if 0.

    Every thing is clicked on once, and once more with one to four further clicks, on it and beside it, at random. Each
    round of the network learns by itself, binary cross-entropy at some pixels, with what the round before finds.

    Raises:
        MissingError, InputError: as `read_scenes`; or there is nothing to learn from.
    """
    draw = np.random.default_rng(schedule.seed)
    scenes = (scene for source in data for scene in read_scenes(source, "train", leave_out, people))
    examples = [example for scene in scenes for example in _of_scene(scene, draw)]
    if not examples:
        raise InputError("There is nothing to learn from: every picture is left out, or no thing is large enough.")
    return fit_clicks(examples, schedule, on_log)


def fit_clicks(
    examples: Sequence[Example],
    schedule: ClickSchedule,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> ClickNet:
    """A network that has learned from examples, frozen."""
    torch.manual_seed(schedule.seed)
    draw = np.random.default_rng(schedule.seed)
    network = ClickNet()
    flat = torch.cat([one.maps.flatten(1)[:, :: len(examples)] for one in examples], 1).double()
    network.get_buffer("mean").copy_(flat.mean(1)[None, :, None, None])
    network.get_buffer("spread").copy_(flat.std(1).clamp_min(1e-3)[None, :, None, None])
    inputs = [network.normal(one.maps[None])[0] for one in examples]
    for number, layers in enumerate(network.rounds):
        if number:
            before = network.rounds[number - 1]
            with torch.no_grad():
                found = [around(before(x[None]), one.lab[None])[0] for x, one in zip(inputs, examples, strict=True)]
            inputs = [torch.cat([x[: one.maps.shape[0]], y]) for x, y, one in zip(inputs, found, examples, strict=True)]
        optimiser = torch.optim.AdamW(layers.parameters(), schedule.learning_rate, weight_decay=1e-3)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.learning_rate, total_steps=schedule.steps)
        total = 0.0
        for step in range(1, schedule.steps + 1):
            x, truth = _pixels(inputs, examples, schedule.batch, draw)
            loss = F.binary_cross_entropy_with_logits(layers(x), truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
            total += float(loss.detach())
            if on_log and step % max(1, schedule.steps // 5) == 0:
                on_log({"round": number + 1, "step": step, "entropy": total / max(1, schedule.steps // 5)})
                total = 0.0
    return network.eval().requires_grad_(False)


def _pixels(
    inputs: Sequence[Tensor], examples: Sequence[Example], count: int, draw: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Some pixels of some examples, as pictures of one row: (count, C, 1, PIXELS) and (count, 1, 1, PIXELS)."""
    rows, truths = [], []
    for at in draw.integers(len(examples), size=count):
        some = torch.from_numpy(draw.integers(examples[at].truth[0].numel(), size=PIXELS))
        rows.append(inputs[at].flatten(1)[:, some].float())
        truths.append(examples[at].truth.flatten(1)[:, some].float())
    return torch.stack(rows)[:, :, None], torch.stack(truths)[:, :, None]


def _of_scene(scene: Scene, draw: np.random.Generator) -> list[Example]:
    photo = torch.from_numpy(scene.image.copy()).permute(2, 0, 1)[None].float() / 255
    clicked, found = ClickedPhoto(photo), []
    for number in draw.permutation(len(scene.things))[:PER_SCENE]:
        mask = scene.things[number].mask
        truth = resize(torch.from_numpy(mask).float()[None, None], clicked.maps.size)[0]
        for more in (0, int(draw.integers(1, 5))):
            maps = clicked.maps.at(*draw_clicks(mask, more, draw))
            found.append(Example(torch.from_numpy(maps), clicked.maps.lab, truth))
    return found


def draw_clicks(mask: Mask, more: int, draw: np.random.Generator) -> tuple[list[Point], list[Point]]:
    """Points on a thing (H, W), the first often in its middle, and beside it; `more` of them after the first."""
    add = [next_click(np.zeros_like(mask), mask)[0] if draw.random() < 0.6 else _inside(mask, draw)]
    remove: list[Point] = []
    for _ in range(more):
        if draw.random() < 0.5 or mask.all():
            add.append(_inside(mask, draw))
        else:
            remove.append(_point_outside(mask, draw))
    return add, remove


def _inside(mask: Mask, draw: np.random.Generator) -> Point:
    deep = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return _any_of(deep >= min(2.0, 0.5 * deep.max()), draw)


def _point_outside(mask: Mask, draw: np.random.Generator) -> Point:
    away = ndimage.distance_transform_edt(~mask)
    near = (away > 2) & (away < NEAR * mask.sum() ** 0.5)
    return _any_of(near if near.any() else ~mask, draw)


def _any_of(mask: Mask, draw: np.random.Generator) -> Point:
    y, x = np.argwhere(mask)[draw.integers(int(mask.sum()))]
    return float(x) + 0.5, float(y) + 0.5
