"""Teach a network one style as Johnson, Alahi and Fei-Fei (2016) did: features of VGG-16, weighed by hand.

Content is compared on `relu3_3`, style by Gram matrices on `relu1_2`, `relu2_2`, `relu3_3` and `relu4_3`, of pictures
of 256 pixels; Adam, four pictures a step. Weights of content and style are those of its authors' later code. With a
weight for depth it is what Liu et al. (2017) add to it, by our depth network (`depth.order`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.depth import load_depth_net, order_loss
from styfie.encoders.vgg import Vgg, load_vgg
from styfie.engines.per_style.published import PublishedNet
from styfie.losses.functional import gram
from styfie.training.fast import MIN_PHOTO_SIDE, to_batch
from styfie.training.loop import CPU, Schedule, fit
from styfie.training.pictures import PictureSet, random_crop
from styfie.training.segmenter import load_start
from styfie.training.style import at_shorter

STYLE_TAPS, CONTENT_TAP = ("relu1_2", "relu2_2", "relu3_3", "relu4_3"), "relu3_3"
TRAINING_SIDE = 256  # pixels of photos and of the style's shorter side
# 40,000 steps of 4, as published, each picture by itself; the last weights are the result.
SCHEDULE = Schedule(
    steps=40_000,
    batch=4,
    accumulate=4,
    learning_rate=1e-3,
    weight_decay=0.0,
    one_cycle=False,
    clip=None,
    average=0.0,
    save_every=250,
)


@dataclass(frozen=True)
class PublishedWeights:
    """How much the terms of the loss count, of features of pixels in 0..255."""

    content: float = 1.0
    style: float = 5.0
    tv: float = 1e-6
    depth: float = 0.0  # of the order of depths, which is relative to the photo's own


def train_published(
    photos: Sequence[Path],
    style: Tensor,
    folder: Path,
    schedule: Schedule = SCHEDULE,
    width: float = 1.0,
    weights: PublishedWeights = PublishedWeights(),
    device: torch.device = CPU,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
    start: Mapping[str, Tensor] | None = None,
    leave_out: Sequence[str] = (),
    vgg: Vgg | None = None,
    side: int | None = None,
) -> PublishedNet:
    """Train on photos below `photos` to paint in `style`, RGB (1, 3, H, W) in [0, 1]; the rest is as for `train_style`.

    `vgg` is VGG-16 with its published weights if none is given.

    Raises:
        InputError, MissingError: no photos, no VGG-16, a checkpoint of another run, or a start of another network.
    """
    side = side or TRAINING_SIDE
    torch.manual_seed(schedule.seed)
    encoder = with_taps(vgg or load_vgg("vgg16")).to(device)
    sets = [PictureSet(source, least=MIN_PHOTO_SIDE, leave_out=leave_out) for source in photos]
    with torch.no_grad():
        found = encoder(at_shorter(style, side).to(device))
        wanted = {tap: gram_of(found[tap]) for tap in STYLE_TAPS}
    depth_net = load_depth_net().to(device) if weights.depth else None
    network = PublishedNet(width).to(device)
    if start:
        load_start(network, start)

    def photo_at(step: int, rows: range) -> Tensor:
        rng = np.random.default_rng((schedule.seed, step, rows.start))
        chosen = sets[int(rng.integers(len(sets)))]
        return to_batch(random_crop(chosen[int(rng.integers(len(chosen)))], side, rng))

    def loss_of(model: PublishedNet, photo: Tensor, _progress: float) -> dict[str, Tensor]:
        painted = model(photo)
        terms = published_terms(encoder, painted, photo, wanted, weights)
        if depth_net is None:
            return terms
        apart = weights.depth * order_loss(depth_net, painted, photo)
        return terms | {"depth": apart, "total": terms["total"] + apart}

    asked = {name: one for name, one in asdict(weights).items() if name != "depth" or one}
    about = asked | {"published": True, "side": side, "leave_out": list(leave_out)}
    trained = fit(network, photo_at, loss_of, schedule, folder, device=device, about=about, on_log=on_log)
    assert isinstance(trained, PublishedNet)
    return trained


def with_taps(vgg: Vgg) -> Vgg:
    """The network, giving the maps that are compared here."""
    vgg.style_taps, vgg.content_tap, vgg.content_taps = STYLE_TAPS, CONTENT_TAP, (CONTENT_TAP,)
    return vgg


def gram_of(features: Tensor) -> Tensor:
    """Gram matrix (C, C) of features (1, C, H, W), divided by C * H * W."""
    return gram(features) / features.shape[1]


def published_terms(
    encoder: Vgg, painted: Tensor, photo: Tensor, target: Mapping[str, Tensor], weights: PublishedWeights
) -> dict[str, Tensor]:
    """Weighted terms () of a painted photo, both (1, 3, H, W) in [0, 1], and their sum `total`."""
    found = encoder(painted)
    with torch.no_grad():
        kept = encoder(photo)[CONTENT_TAP]
    style = torch.stack([(gram_of(found[tap]) - one).square().sum() for tap, one in target.items()]).sum()
    steps = [255 * painted.diff(dim=2), 255 * painted.diff(dim=3)]
    terms = {
        "content": weights.content * F.mse_loss(found[CONTENT_TAP], kept),
        "style": weights.style * style,
        "smooth": weights.tv * torch.stack([one.square().sum() for one in steps]).sum(),
    }
    return terms | {"total": torch.stack(list(terms.values())).sum()}
