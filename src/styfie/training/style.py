"""Teach one network one style, or several that share all but a scale and a shift: Johnson et al. (2016).

The loss is the optimising engine's own on the built-in encoder (`perceptual`), with patches of plain pixels beside it
and, where it is asked for, the order of depths that the photo has (Liu et al. 2017, `depth.order`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from styfie.colour import match_colours
from styfie.depth import load_depth_net, order_loss
from styfie.devices import to_fast_dtype
from styfie.encoders import load_encoder
from styfie.encoders.plain import PlainEncoder
from styfie.engines.layers import FAINT
from styfie.engines.per_style.network import TransformNet
from styfie.images import resize
from styfie.training.fast import MIN_PHOTO_SIDE, to_batch
from styfie.training.loop import CPU, Schedule, fit
from styfie.training.perceptual import Lesson, painting_terms, patch_distance, perceptual_targets
from styfie.training.pictures import PictureSet, random_crop
from styfie.training.segmenter import load_start

SCHEDULE = Schedule(
    steps=4_000, batch=4, accumulate=4, learning_rate=2e-3, weight_decay=0.0, average=0.998, save_every=250
)
GALLERY_STEPS = 4_000  # for all of the gallery
LESSON = Lesson(local=0)  # textures are learned by heart: there is but one for each style
SIDES = (160, 256)  # of the pictures of most steps, and of the last ones
SMALL_SHARE = 0.75  # of the steps that are on small pictures
SEEN = 1.5  # the style picture's shorter side, in sides of the photos' crops


@dataclass(frozen=True)
class StyleExample:
    """A `photo` (1, 3, H, W), the number of the style it is to be painted in, and a part of that of the same size."""

    photo: Tensor
    style: int
    part: Tensor

    def to(self, device: torch.device) -> StyleExample:
        """The same on another device."""
        return StyleExample(self.photo.to(device), self.style, self.part.to(device))


def train_style(
    photos: Sequence[Path],
    styles: Sequence[Tensor],
    folder: Path,
    schedule: Schedule = SCHEDULE,
    width: float = 0.5,
    lesson: Lesson = LESSON,
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
    start: Mapping[str, Tensor] | None = None,
    leave_out: Sequence[str] = (),
    depth: float = 0.0,
) -> TransformNet:
    """Train on photos below `photos` to paint in `styles`, each RGB (1, 3, H, W) in [0, 1].

    `start` are weights of an earlier run to begin from; photos with a word of `leave_out` in their path are not learned
    from. `depth` is what the photo's order of depths counts. Checkpoints and `log.jsonl` go to `folder`; given again,
    the same call goes on where it was stopped.

    Raises:
        InputError, MissingError: no photos, a checkpoint of another run, or a start of another network.
    """
    torch.manual_seed(schedule.seed)
    encoder = load_encoder("styfie-2")
    assert isinstance(encoder, PlainEncoder)
    encoder = to_fast_dtype(encoder, device)
    sets = [PictureSet(source, least=MIN_PHOTO_SIDE, leave_out=leave_out) for source in photos]
    seen = {side: [at_shorter(style.to(device), round(SEEN * side)) for style in styles] for side in SIDES}
    with torch.no_grad():
        wanted = {side: [perceptual_targets(encoder, style) for style in each] for side, each in seen.items()}
    depth_net = load_depth_net().to(device) if depth else None
    network = TransformNet(width, len(styles)).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.know(styles)
    if start:
        load_start(network, start)

    def example_at(step: int, rows: range) -> StyleExample:
        side = SIDES[0] if step < SMALL_SHARE * schedule.steps else SIDES[1]
        rng = np.random.default_rng((schedule.seed, step, rows.start))
        chosen = sets[int(rng.integers(len(sets)))]
        photo = random_crop(chosen[int(rng.integers(len(chosen)))], side, rng)
        number = (step * schedule.batch + rows.start) % len(styles)
        whole = seen[side][number]
        top, left = (int(rng.integers(most - side + 1)) for most in whole.shape[-2:])
        return StyleExample(to_batch(photo), number, whole[..., top : top + side, left : left + side])

    def loss_of(model: TransformNet, task: StyleExample, _progress: float) -> dict[str, Tensor]:
        side = task.photo.shape[-1]
        with torch.no_grad():
            style = seen[side][task.style]
            kept = encoder(match_colours(task.photo, style, torch.ones_like(task.photo[:, :1]), None, FAINT))
        painted = model(task.photo, torch.eye(len(styles), device=task.photo.device)[task.style])
        terms, _ = painting_terms(encoder, painted, kept, wanted[side][task.style], lesson)
        terms |= {"patches": lesson.patches * patch_distance(painted, task.part)}
        if depth_net:
            terms |= {"depth": depth * order_loss(depth_net, painted, task.photo)}
        return terms | {"total": torch.stack(list(terms.values())).sum()}

    about = asdict(lesson) | {"leave_out": list(leave_out)} | ({"depth": depth} if depth else {})
    trained = fit(network, example_at, loss_of, schedule, folder, device=device, about=about, on_log=on_log)
    assert isinstance(trained, TransformNet)
    return trained


def at_shorter(style: Tensor, shorter: int) -> Tensor:
    """A style (1, 3, H, W) whose shorter side is brought to so many pixels."""
    height, width = style.shape[-2:]
    size = (round(shorter * height / min(height, width)), round(shorter * width / min(height, width)))
    return resize(style, size).contiguous(memory_format=torch.channels_last)
