"""Teach the network that paints in one pass what the optimising engine minimises, over many photos and paintings.

Johnson et al. (2016) for one style; Huang and Belongie (2017), Ghiasi et al. (2017) for any. The loss is the engine's
own, on the same frozen encoder: Gram matrices and content relative to style and photo, total variation, range. Every
eighth picture is painted in its own style and must stay what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from styfie.devices import lowered
from styfie.encoders import load_encoder
from styfie.encoders.loss_weights import THIN
from styfie.encoders.plain import PlainEncoder, halve
from styfie.engines.fast.network import FastNet, draw_noise, see
from styfie.engines.fast.transport import gaussian, transports
from styfie.gallery import GALLERY, draw
from styfie.losses.moments import moments
from styfie.training.loop import CPU, Schedule, fit
from styfie.training.pictures import PictureSet, Pixels, random_crop
from styfie.training.segmenter import begin

SCHEDULE = Schedule(
    steps=7_500,
    batch=4,
    accumulate=4,
    learning_rate=1e-3,
    weight_decay=1e-5,
    warm_up=0.03,
    clip=0.5,
    average=0.998,
    save_every=250,
)
SIDES = (192, 256)  # of the pictures of most steps, and of the last ones
SMALL_SHARE = 0.5  # of the steps that are on small pictures
LEAST = 256  # pixels of a photo's shorter side: smaller ones were enlarged, or are JPEG blocks
DRAWN = 512  # longest side at which gallery pictures are drawn
ONE_IN = 10  # paintings held out
SLOWER = 0.1  # times the learning rate of all else, of what reads the style: every convolution hangs on it
SAME = 8  # every so manieth picture is its own style
WIDEST = 3.0  # times a picture's side: the shorter side at most that a style is seen at, about 512 pixels for 160
TILES, LEAST_TILE = 4, 8  # on a side at most, in each of which there is to be texture; and cells on a tile's side
TURNED = 0.5  # share of styles whose colours are turned about


@dataclass(frozen=True)
class Lesson:
    """How much the terms of the loss count beside the style's."""

    content: float = 0.02
    half: float = 0.3  # share of the style's that is measured at half the size: large strokes
    local: float = 1.0  # texture everywhere: without it walls stay bare, and edges make up for them
    identity: float = 1.0
    total_variation: float = THIN.total_variation
    range: float = THIN.range


LESSON = Lesson()


@dataclass(frozen=True)
class Pair:
    """A `photo` and the `style` it is to be painted in, (1, 3, H, W) each, and the noise to paint with.

    `same` says that the style is the photo's own.
    """

    photo: Tensor
    style: Tensor
    noise: list[Tensor]
    same: bool = False

    def to(self, device: torch.device) -> Pair:
        """The same on another device."""
        return Pair(self.photo.to(device), self.style.to(device), [one.to(device) for one in self.noise], self.same)


class Material:
    """Photos and styles to draw pairs from; the gallery is a tenth of the styles, paintings are the rest."""

    def __init__(self, photos: Sequence[Path], styles: Sequence[Path], schedule: Schedule) -> None:
        self.photos = [PictureSet(source, least=LEAST) for source in photos]
        self.paintings = [PictureSet(source, one_in=ONE_IN) for source in styles]
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
        return Pair(to_batch(photo), to_batch(style), draw_noise((side, side), int(rng.integers(2**62))), same)

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
    """The terms of one pair's loss."""
    with torch.no_grad(), torch.autocast(pair.photo.device.type, enabled=False):
        photo, style = (see(one, encoder(one)) for one in (pair.photo, pair.style))
        wanted = [gaussian(one) for one in style.values()]
        affines = transports([gaussian(one) for one in photo.values()], wanted)
        colours, (_, *features) = affines[0](pair.photo), photo.values()
    painted = network(colours, features, network.laterals(affines[1:]), network.filters(wanted), pair.noise)
    found, tap = encoder(painted), encoder.content_tap
    apart = style_distance(found, style)
    if lesson.half:
        with torch.no_grad():
            small = encoder(halve(pair.style))
        apart = (1 - lesson.half) * apart + lesson.half * style_distance(encoder(halve(painted)), small)
    terms = painting_terms(apart, found[tap], photo[tap], painted, lesson)
    identity = (painted - pair.photo).abs().mean() if pair.same else apart.new_zeros(())
    local = texture_distance(found, style) if lesson.local else apart.new_zeros(())
    total = terms["total"] + lesson.local * local + lesson.identity * identity
    return terms | {"identity": identity, "local": local, "total": total}


def painting_terms(style: Tensor, found: Tensor, content: Tensor, painted: Tensor, lesson: Lesson) -> dict[str, Tensor]:
    """The terms for a picture (1, 3, H, W) at a style distance (), `found` and wanted `content` being maps of it.

    Of the style distance the logarithm of 1 + is minimised: some styles are hard, and must not shout down the others.
    """
    kept = content.float()
    terms = {
        "style": style,
        "content": F.mse_loss(found.float(), kept) / kept.var((0, 2, 3)).mean().clamp_min(1e-6),
        "smooth": 3 * (painted.diff(dim=-2).square().mean() + painted.diff(dim=-1).square().mean()),
        "range": 3 * (painted - painted.clamp(0, 1)).square().mean(),
    }
    weights = {"content": lesson.content, "smooth": lesson.total_variation / 3, "range": lesson.range / 3}
    return terms | {"total": style.log1p() + torch.stack([weights[name] * terms[name] for name in weights]).sum()}


def style_distance(found: Mapping[str, Tensor], style: Mapping[str, Tensor]) -> Tensor:
    """The distances () of Gram matrices, summed over taps."""
    return torch.stack([gram_distance(gram(one), gram(style[name])) for name, one in found.items()]).sum()


def texture_distance(found: Mapping[str, Tensor], style: Mapping[str, Tensor]) -> Tensor:
    """How far () the covariance in each tile is from the style's mean one, in [0, 1]: 1 for none at all.

    Gram matrices of whole pictures leave open where the texture is. Means are left out: light and dark stay the
    photo's. Squared, over the sum of both squares: tiles with too much are no worse than bare ones. Mean over taps.
    """
    each = []
    for name, one in found.items():
        mine, wanted = tile_covariances(one), tile_covariances(style[name]).mean(0)
        apart, size = (mine - wanted).square().sum((1, 2)), mine.square().sum((1, 2)) + wanted.square().sum()
        each.append((apart / size.clamp_min(1e-8)).mean())
    return torch.stack(each).mean()


def tile_covariances(features: Tensor) -> Tensor:
    """Covariances (N * N, C, C) of features (1, C, H, W) in N x N tiles, float32; `TILES` or fewer on a side."""
    count = max(1, min(TILES, min(features.shape[-2:]) // LEAST_TILE))
    height, width = (side // count for side in features.shape[-2:])
    even = features[0, :, : count * height, : count * width].float()
    tiles = even.unflatten(1, (count, height)).unflatten(3, (count, width)).permute(1, 3, 0, 2, 4).flatten(0, 1)
    flat = tiles.flatten(2)
    centred = flat - flat.mean(2, keepdim=True)
    found: Tensor = centred @ centred.mT / flat.shape[2]
    return found


def gram_distance(found: Tensor, style: Tensor) -> Tensor:
    """The squared distance () of Gram matrices over the style's square."""
    return (found - style).square().sum() / style.square().sum().clamp_min(1e-8)


def gram(features: Tensor) -> Tensor:
    """The Gram matrix (C, C) of features (1, C, H, W) per position, float32 sums of products in their own precision."""
    return moments(features, features.new_ones((1, 1, *features.shape[-2:])), mean=False).gram


def train_fast(
    photos: Sequence[Path],
    styles: Sequence[Path],
    folder: Path,
    schedule: Schedule = SCHEDULE,
    lesson: Lesson = LESSON,
    device: torch.device = CPU,
    start: Mapping[str, Tensor] | None = None,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> FastNet:
    """Train on photos below `photos` and paintings below `styles`; checkpoints and `log.jsonl` go to `folder`.

    `start` are weights of an earlier run to begin from. Given again, the same call goes on where it was stopped.

    Raises:
        InputError, MissingError: no photos, a checkpoint of another run, or a start of another network.
    """
    torch.manual_seed(schedule.seed)
    encoder = load_encoder("styfie-1")
    assert isinstance(encoder, PlainEncoder)
    encoder = lowered(encoder, device)
    material = Material(photos, styles, schedule)
    network = FastNet().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start:
        begin(network, start)
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
        about=asdict(lesson),
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
