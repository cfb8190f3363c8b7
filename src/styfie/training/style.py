"""Teach one network one style, or several that share all but a scale and a shift: Johnson et al. (2016).

The loss is the optimising engine's own on the built-in encoder: Gram matrices relative to the style, content relative
to the photo, total variation, range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from styfie.devices import lowered
from styfie.encoders import load_encoder
from styfie.encoders.plain import PlainEncoder
from styfie.engines.taught.network import TransformNet
from styfie.images import fit_size, resize
from styfie.training.fast import LEAST, Lesson, gram, gram_distance, painting_terms, to_batch
from styfie.training.loop import CPU, Schedule, fit
from styfie.training.pictures import PictureSet, random_crop

SCHEDULE = Schedule(
    steps=4_000, batch=4, accumulate=4, learning_rate=2e-3, weight_decay=0.0, average=0.998, save_every=250
)
GALLERY_STEPS = 4_000  # for all of the gallery
LESSON = Lesson(content=0.2, half=0, local=0)  # textures are learned by heart: there is but one for each style
SIDES = (160, 256)  # of the pictures of most steps, and of the last ones
SMALL_SHARE = 0.75  # of the steps that are on small pictures
SEEN = 1.5  # the style picture's shorter side, in sides of the photos' crops


@dataclass(frozen=True)
class Task:
    """A `photo` (1, 3, H, W) and the number of the style it is to be painted in."""

    photo: Tensor
    style: int

    def to(self, device: torch.device) -> Task:
        """The same on another device."""
        return Task(self.photo.to(device), self.style)


def train_style(
    photos: Sequence[Path],
    styles: Sequence[Tensor],
    folder: Path,
    schedule: Schedule = SCHEDULE,
    width: float = 0.5,
    lesson: Lesson = LESSON,
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> TransformNet:
    """Train on photos below `photos` to paint in `styles`, each RGB (1, 3, H, W) in [0, 1].

    Checkpoints and `log.jsonl` go to `folder`; given again, the same call goes on where it was stopped.

    Raises:
        InputError, MissingError: no photos, or a checkpoint of another run.
    """
    torch.manual_seed(schedule.seed)
    encoder = load_encoder("styfie-1")
    assert isinstance(encoder, PlainEncoder)
    encoder = lowered(encoder, device)
    sets = [PictureSet(source, least=LEAST) for source in photos]
    wanted = {side: [_grams(encoder, style.to(device), round(SEEN * side)) for style in styles] for side in SIDES}
    network = TransformNet(width, len(styles)).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.know(styles)

    def task_at(step: int, rows: range) -> Task:
        side = SIDES[0] if step < SMALL_SHARE * schedule.steps else SIDES[1]
        rng = np.random.default_rng((schedule.seed, step, rows.start))
        chosen = sets[int(rng.integers(len(sets)))]
        photo = random_crop(chosen[int(rng.integers(len(chosen)))], side, rng)
        return Task(to_batch(photo), (step * schedule.batch + rows.start) % len(styles))

    def loss_of(model: TransformNet, task: Task, _progress: float) -> dict[str, Tensor]:
        with torch.no_grad():
            content = encoder(task.photo)[encoder.content_tap]
        shares = torch.eye(len(styles), device=task.photo.device)[task.style]
        painted = model(task.photo, shares)
        found = encoder(painted)
        grams = wanted[task.photo.shape[-1]][task.style]
        style = torch.stack([gram_distance(gram(a), b) for a, b in zip(found.values(), grams, strict=True)]).sum()
        return painting_terms(style, found[encoder.content_tap], content, painted, lesson)

    trained = fit(network, task_at, loss_of, schedule, folder, device=device, on_log=on_log)
    assert isinstance(trained, TransformNet)
    return trained


@torch.no_grad()
def _grams(encoder: PlainEncoder, style: Tensor, shorter: int) -> list[Tensor]:
    """The Gram matrices of a style whose shorter side is brought to so many pixels."""
    height, width = style.shape[-2:]
    size = fit_size((height, width), round(shorter * max(height, width) / min(height, width)))
    seen = resize(style, size).contiguous(memory_format=torch.channels_last)
    return [gram(one) for one in encoder(seen).values()]
