"""Teach the network that finds things by clicks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from styfie.errors import InputError
from styfie.evaluation.clicks import Find, Mask, next_click
from styfie.images import resize
from styfie.regions import Point
from styfie.segmentation.clickmaps import NEARER, ClickMaps
from styfie.segmentation.clicks import ClickedPhoto, ClickNet
from styfie.training.loop import Schedule, fit
from styfie.training.things import Scene, read_scenes

Clicks = tuple[list[Point], list[Point]]  # on a thing, and beside it
PER_SCENE = 8  # things of one picture that are learned, at most
NEAR = 0.6  # how far beside a thing clicks are made, in square roots of its area
WRONG = (1, 2, 4)  # further clicks, each where what was found is wrong, of each thing's examples
OVERLAP = 0.5  # weight of the soft IoU beside the entropy
SCHEDULE = Schedule(steps=1200, batch=8, learning_rate=2e-3, weight_decay=1e-2, average=0.995, save_every=500)


@dataclass(frozen=True, eq=False)
class Example:
    """Maps (MAPS, h, w) of some clicks, and the truth (1, h, w)."""

    maps: Tensor
    truth: Tensor


@dataclass(frozen=True, eq=False)
class ClickBatch:
    """Maps (B, MAPS, h, w), truth (B, 1, h, w), and where there is a picture (B, 1, h, w)."""

    maps: Tensor
    truth: Tensor
    inside: Tensor

    def to(self, device: torch.device) -> ClickBatch:
        """The same on another device."""
        return ClickBatch(self.maps.to(device), self.truth.to(device), self.inside.to(device))


def train_clicks(
    data: Sequence[Path],
    folder: Path,
    schedule: Schedule = SCHEDULE,
    *,
    leave_out: Sequence[str] = (),
    people: int = 0,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> ClickNet:
    """Train on the things of `data`; of each source of portraits on at most `people`, evenly spread, all if 0.

    Every thing is clicked on once, once more with one to four further clicks at random, and thrice with clicks where
    geodesic distance alone is wrong. Whoever clicks corrects what the network finds: once it has learned from these,
    each thing is clicked on where the network itself is wrong, and it learns as long again from all of them (iterative
    training, Sofiiuk, Petrov and Konushin 2021, here of one round). Checkpoints and `log.jsonl` go to `first` and
    `second` in `folder`.

    Raises:
        MissingError, InputError: as `read_scenes` and `loop.fit`; or there is nothing to learn from.
    """
    draw = np.random.default_rng(schedule.seed)
    scenes = [scene for source in data for scene in read_scenes(source, "train", leave_out, people)]
    examples = [example for scene in scenes for example in _of_scene(scene, draw)]
    if not examples:
        raise InputError("There is nothing to learn from: every picture is left out, or no thing is large enough.")
    network = fit_clicks(examples, folder / "first", schedule, on_log)
    examples += [example for scene in scenes for example in _of_scene(scene, draw, network)]
    return fit_clicks(examples, folder / "second", schedule, on_log, network)


def fit_clicks(
    examples: Sequence[Example],
    folder: Path,
    schedule: Schedule,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
    start: ClickNet | None = None,
) -> ClickNet:
    """A network that has learned from examples, from `start` on if that is given, frozen.

    Raises:
        InputError, OutputError: as `loop.fit`.
    """
    torch.manual_seed(schedule.seed)
    network = ClickNet()
    if start is not None:
        network.load_state_dict(start.state_dict())
    else:
        flat = torch.cat([one.maps.flatten(1)[:, :: len(examples)] for one in examples], 1).double()
        network.get_buffer("mean").copy_(flat.mean(1)[None, :, None, None])
        network.get_buffer("spread").copy_(flat.std(1).clamp_min(1e-3)[None, :, None, None])
    size = [max(one.truth.shape[dim] for one in examples) for dim in (1, 2)]

    def batch_at(step: int, rows: range) -> ClickBatch:
        return _batch([_drawn(examples, size, (schedule.seed, step, row)) for row in rows])

    trained = fit(network, batch_at, _loss_of, schedule, folder, on_log=on_log, about={"examples": _checksum(examples)})
    assert isinstance(trained, ClickNet)
    return trained.eval().requires_grad_(False)


def _checksum(examples: Sequence[Example]) -> str:
    """What tells examples from others, by which a checkpoint is known: their truths, and their maps' means."""
    digest = hashlib.sha256()
    for one in examples:
        digest.update(one.truth.numpy().tobytes() + one.maps.mean((1, 2)).numpy().tobytes())
    return digest.hexdigest()


def _loss_of(network: ClickNet, batch: ClickBatch, _progress: float) -> dict[str, Tensor]:
    """Binary cross-entropy, and how far the soft IoU is from 1, which counts small things as much as large ones."""
    logits = network(batch.maps).float()
    entropy = F.binary_cross_entropy_with_logits(logits, batch.truth, reduction="none") * batch.inside
    entropy = entropy.sum() / batch.inside.sum()
    found = logits.sigmoid() * batch.inside
    both = (found * batch.truth).sum((1, 2, 3))
    either = (found + batch.truth).sum((1, 2, 3)) - both
    overlap = 1 - (both / either.clamp_min(1)).mean()
    return {"entropy": entropy, "overlap": overlap, "total": entropy + OVERLAP * overlap}


def _drawn(examples: Sequence[Example], size: Sequence[int], seed: tuple[int, int, int]) -> tuple[Tensor, ...]:
    """One example by chance, half of them mirrored, made (height, width), and where it is a picture."""
    draw = np.random.default_rng(seed)
    one = examples[int(draw.integers(len(examples)))]
    maps, truth = one.maps.float(), one.truth.float()
    if draw.random() < 0.5:
        maps, truth = maps.flip(2), truth.flip(2)
    beyond = (0, size[1] - truth.shape[2], 0, size[0] - truth.shape[1])
    return F.pad(maps, beyond, "replicate"), F.pad(truth, beyond), F.pad(torch.ones_like(truth), beyond)


def _batch(drawn: Sequence[tuple[Tensor, ...]]) -> ClickBatch:
    return ClickBatch(*(torch.stack(one) for one in zip(*drawn, strict=True)))


def _of_scene(scene: Scene, draw: np.random.Generator, network: ClickNet | None = None) -> list[Example]:
    """Each thing clicked on at random and where geodesic distance is wrong, or with a network where that is wrong."""
    photo = torch.from_numpy(scene.image.copy()).permute(2, 0, 1)[None].float() / 255
    clicked, examples = ClickedPhoto(photo, network), []
    for number in draw.permutation(len(scene.things))[:PER_SCENE]:
        mask = scene.things[number].mask
        truth = resize(torch.from_numpy(mask).float()[None, None], clicked.maps.size)[0].half()
        counts = (0, int(draw.integers(1, 5))) if network is None else ()
        clicks = [draw_clicks(mask, more, draw) for more in counts]
        clicks += where_wrong(clicked.found if network else partial(_nearer, clicked.maps, mask.shape), mask)
        examples += [Example(torch.from_numpy(clicked.maps.at(*one)).half(), truth) for one in clicks]
    return examples


def where_wrong(find: Find, mask: Mask) -> list[Clicks]:
    """Points on a thing (H, W) and beside it, each where what `find` makes of those before is most wrong."""
    add: list[Point] = []
    remove: list[Point] = []
    clicks, found = [], np.zeros_like(mask)
    for count in range(max(WRONG) + 1):
        point, on = next_click(found, mask)
        (add if on else remove).append(point)
        if count in WRONG:
            clicks.append((list(add), list(remove)))
        found = find(add, remove)
    return clicks


def _nearer(maps: ClickMaps, size: tuple[int, int], add: Sequence[Point], remove: Sequence[Point]) -> Mask:
    """Where clicks on the thing are nearer than those beside it, by geodesic distance over features: (H, W)."""
    nearer = torch.from_numpy(maps.at(add, remove)[NEARER])[None, None]
    found: Mask = (resize(nearer, size) > 0)[0, 0].numpy()
    return found


def draw_clicks(mask: Mask, more: int, draw: np.random.Generator) -> Clicks:
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
