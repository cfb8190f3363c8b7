"""Teach the network that paints in one pass what the optimising engine minimises, over many photos and paintings.

Johnson et al. (2016) for one style; Huang and Belongie (2017), Ghiasi et al. (2017) for any. The loss is the engine's
own, on the same frozen encoder (`perceptual`), with patches of plain pixels and texture in every part beside it. Most
pictures begin, as the engine's do, from what the network itself makes of them at half their size. Every eighth picture
is painted in its own style and must stay what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from styfie.devices import to_fast_dtype
from styfie.encoders import load_encoder
from styfie.encoders.plain import PlainEncoder, halve
from styfie.engines.fast.network import FastNet, draw_noise, see
from styfie.engines.fast.transport import Gaussian, gaussian, transports
from styfie.engines.layers import enlarge
from styfie.engines.onepass import DETAIL
from styfie.gallery import GALLERY, draw
from styfie.losses.moments import precise
from styfie.training.loop import CPU, Schedule, fit
from styfie.training.perceptual import Lesson, painting_terms, patch_distance, perceptual_targets, texture_distance
from styfie.training.pictures import PictureSet, Pixels, random_crop
from styfie.training.segmenter import load_start

SCHEDULE = Schedule(
    steps=7_500,
    batch=2,
    accumulate=2,
    learning_rate=7e-4,
    weight_decay=1e-5,
    warm_up=0.03,
    clip=0.5,
    average=0.998,
    save_every=250,
)
SIDES = (192, 256)  # of the pictures of most steps, and of the last ones
SMALL_SHARE = 0.5  # of the steps that are on small pictures
MIN_PHOTO_SIDE = 256  # pixels of a photo's shorter side: smaller ones were enlarged, or are JPEG blocks
DRAWN = 512  # longest side at which gallery pictures are drawn
ONE_IN = 10  # paintings held out
SLOWER = 0.1  # times the learning rate of all else, of what reads the style: every convolution hangs on it
SAME = 8  # every so manieth picture is its own style
STRAIGHT = 0.3  # share of the pictures that begin from the photo itself, as the engine's coarsest do
WIDEST = 3.0  # times a picture's side: the shorter side at most that a style is seen at, about 512 pixels for 160
TURNED = 0.5  # share of styles whose colours are turned about


LESSON = Lesson(patches=1.5)


@dataclass(frozen=True)
class Pair:
    """A `photo` and the `style` it is to be painted in, (1, 3, H, W) each, and the noise to paint with.

    `same` says that the style is the photo's own, `straight` that the painting begins from the photo itself and not
    from the same at half its size.
    """

    photo: Tensor
    style: Tensor
    noise: list[Tensor]
    same: bool = False
    straight: bool = True

    def to(self, device: torch.device) -> Pair:
        """The same on another device."""
        noise = [one.to(device) for one in self.noise]
        return replace(self, photo=self.photo.to(device), style=self.style.to(device), noise=noise)

    def half(self) -> Pair:
        """The same at half its size."""
        *coarser, coarsest = self.noise[1:]
        noise = [*coarser, coarsest, coarsest[..., ::2, ::2]]
        return replace(self, photo=halve(self.photo), style=halve(self.style), noise=noise)


class Material:
    """Photos and styles to draw pairs from; the gallery is a tenth of the styles, paintings are the rest."""

    def __init__(
        self, photos: Sequence[Path], styles: Sequence[Path], schedule: Schedule, leave_out: Sequence[str] = ()
    ) -> None:
        self.photos = [PictureSet(source, least=MIN_PHOTO_SIDE, leave_out=leave_out) for source in photos]
        self.paintings = [PictureSet(source, one_in=ONE_IN, leave_out=leave_out) for source in styles]
        drawn = (draw(name, DRAWN)[0].permute(1, 2, 0) for name in GALLERY)
        self.gallery = [(255 * one).round().numpy().astype(np.uint8) for one in drawn]
        self.schedule = schedule

    def pair(self, step: int, rows: range) -> Pair:
        """One row of a step's batch."""
        side = SIDES[0] if step < SMALL_SHARE * self.schedule.steps else SIDES[1]
        rng = np.random.default_rng((self.schedule.seed, step, rows.start))
        photo = random_crop(_any(self.photos, rng), side, rng)
        same = (step * self.schedule.batch + rows.start) % SAME == SAME - 1
        style = photo if same else _turned(self._style(side, rng), rng)
        noise = draw_noise((side, side), int(rng.integers(2**62)))
        return Pair(to_batch(photo), to_batch(style), noise, same, rng.random() < STRAIGHT)

    def _style(self, side: int, rng: np.random.Generator) -> Pixels:
        """A square of a painting as it is seen at sizes from `side` on: all of it, or a part with its strokes large.

        Pictures are painted at two and three times the size of these, in strokes as large as the style has there.
        """
        if rng.random() < 0.1 or not self.paintings:
            picture = self.gallery[int(rng.integers(len(self.gallery)))]
        else:
            picture = _any(self.paintings, rng)
        shorter = min(picture.shape[:2])
        scale = max(side, min(shorter, side * rng.uniform(1.0, WIDEST))) / shorter
        size = (max(side, round(picture.shape[1] * scale)), max(side, round(picture.shape[0] * scale)))
        resized = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0))
        return random_crop(resized, side, rng, 1.0)


def _any(sets: Sequence[PictureSet], rng: np.random.Generator) -> Pixels:
    chosen = sets[int(rng.integers(len(sets)))]
    return chosen[int(rng.integers(len(chosen)))]


def _turned(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Half the time the same with its colour channels permuted and some inverted: strokes in other colours."""
    if rng.random() > TURNED:
        return picture
    turned = picture[..., rng.permutation(3)]
    return np.where(rng.random(3) < 0.25, 255 - turned, turned).astype(np.uint8)


def to_batch(picture: NDArray[np.uint8]) -> Tensor:
    """A picture (H, W, 3) as RGB (1, 3, H, W) in [0, 1]."""
    batch = torch.from_numpy(picture[None].copy()).permute(0, 3, 1, 2).float() / 255
    return batch.contiguous(memory_format=torch.channels_last)


def fast_loss(network: FastNet, encoder: PlainEncoder, pair: Pair, lesson: Lesson) -> dict[str, Tensor]:
    """The terms of one pair's loss, weighted, and their `total`."""
    with torch.no_grad(), torch.autocast(pair.photo.device.type, enabled=False):
        content = pair.photo if pair.straight else _begun(network, encoder, pair)
        style = see(pair.style, encoder(pair.style))
        statistics = [gaussian(one) for one in style.values()]
        colours = transports([gaussian(pair.photo)], statistics[:1])[0](pair.photo)
        kept = encoder(colours.clamp(0, 1).contiguous(memory_format=torch.channels_last))
        del style["rgb"]
        wanted = perceptual_targets(encoder, pair.style, style)
    painted = _paint(network, encoder, content, statistics, pair.noise)
    terms, found = painting_terms(encoder, painted, kept, wanted, lesson)
    same = (painted - pair.photo).abs().mean() if pair.same else painted.new_zeros(())
    terms |= {
        "patches": lesson.patches * patch_distance(painted, pair.style),
        "local": lesson.local * texture_distance(found, style),
        "identity": lesson.identity * same,
    }
    return terms | {"total": torch.stack(list(terms.values())).sum()}


def _begun(network: FastNet, encoder: PlainEncoder, pair: Pair) -> Tensor:
    """What a pair's painting begins from: the same at half its size, and the photo's finer detail."""
    half = pair.half()
    statistics = [gaussian(one) for one in see(half.style, encoder(half.style)).values()]
    painted = _paint(network, encoder, half.photo, statistics, half.noise).clamp(0, 1)
    return enlarge(painted, pair.photo, DETAIL).clamp(0, 1).contiguous(memory_format=torch.channels_last)


def _paint(
    network: FastNet, encoder: PlainEncoder, content: Tensor, statistics: Sequence[Gaussian], noise: Sequence[Tensor]
) -> Tensor:
    """What the network makes of a picture (1, 3, H, W) and a style's statistics, around [0, 1]."""
    with torch.no_grad(), torch.autocast(content.device.type, enabled=False):
        seen = see(content, encoder(content))
        affines = transports([gaussian(one) for one in seen.values()], statistics)
        colours, (_, *maps) = affines[0](content), seen.values()
        features = [precise(one) for one in maps]  # the encoder may be in bfloat16, the network's weights are not
    painted: Tensor = network(colours, features, network.laterals(affines[1:]), network.filters(statistics), noise)
    return painted


def train_fast(
    photos: Sequence[Path],
    styles: Sequence[Path],
    folder: Path,
    schedule: Schedule = SCHEDULE,
    lesson: Lesson = LESSON,
    device: torch.device = CPU,
    start: Mapping[str, Tensor] | None = None,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
    leave_out: Sequence[str] = (),
) -> FastNet:
    """Train on photos below `photos` and paintings below `styles`; checkpoints and `log.jsonl` go to `folder`.

    `start` are weights of an earlier run to begin from; pictures with a word of `leave_out` in their path are not
    learned from. Given again, the same call goes on where it was stopped.

    Raises:
        InputError, MissingError: no photos, a checkpoint of another run, or a start of another network.
    """
    torch.manual_seed(schedule.seed)
    encoder = load_encoder("styfie-2")
    assert isinstance(encoder, PlainEncoder)
    encoder = to_fast_dtype(encoder, device)
    material = Material(photos, styles, schedule, leave_out)
    network = FastNet().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start:
        load_start(network, start)
    else:
        _level(network, encoder, [material.pair(0, range(n, n + 1)).photo.to(device) for n in range(schedule.batch)])

    def loss_of(model: FastNet, pair: Pair, _progress: float) -> dict[str, Tensor]:
        return fast_loss(model, encoder, pair, lesson)

    reads = [one for layer in (network.read, network.think, network.say) for one in layer.parameters()]
    rest = [one for one in network.parameters() if all(one is not other for other in reads)]
    trained = fit(
        network,
        material.pair,
        loss_of,
        schedule,
        folder,
        groups=[{"params": rest}, {"params": reads, "scale": SLOWER}],
        device=device,
        about=asdict(lesson) | {"leave_out": list(leave_out)},
        on_log=on_log,
    )
    assert isinstance(trained, FastNet)
    return trained


@torch.no_grad()
def _level(network: FastNet, encoder: PlainEncoder, photos: Sequence[Tensor]) -> None:
    """Scale what comes in from each tap to a mean square of 1 over some photos."""
    for tap, moved, plain in zip(encoder.style_taps, network.moved, network.plain, strict=True):
        power = torch.stack([encoder(photo)[tap].float().square().mean() for photo in photos]).mean()
        assert isinstance(moved, nn.Conv2d)
        moved.weight.div_(power.sqrt())
        plain.copy_(0.5 * torch.randn_like(plain) / (plain.shape[1] * power).sqrt())
