"""The founding paper's algorithm, step by step, to compare with.

The paper's Algorithms 1 and 2 follow Chollet's neural style example of Keras and Gong's `mask_style_transfer.py`
(MIT): 256x256, VGG-16, the picture times a mask as the network's input, L-BFGS in chunks. Class 1.1 in the
taxonomy of Jing et al. (2018).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import fmin_l_bfgs_b
from torch import Tensor

from styfie.devices import pick_device
from styfie.encoders.vgg import Vgg, load_vgg
from styfie.engines.layers import if_styled, with_style
from styfie.engines.progress import Progress
from styfie.images import resize
from styfie.looks import Look
from styfie.regions import Regions
from styfie.settings import Settings


@dataclass(frozen=True)
class Classic:
    """The paper's constants; pixels and total variation are in 0..255."""

    content_weight: float = 0.0  # 0.025 in Keras' example
    style_weight: float = 100.0  # shared by the taps
    tv_weight: float = 1.0
    iterations: int = 10
    evaluations: int = 20  # of loss and gradient, per iteration
    size: int = 256  # pixels, both sides


CLASSIC = Classic()


@if_styled
def classic(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
    parameters: Classic = CLASSIC,
    network: Vgg | None = None,
) -> Iterator[Progress]:
    """Paint as the founding paper does, one optimisation per picture it shows.

    The first run paints all styled regions in one picture (the paper's "both"), each further run one region
    alone ("subject", "background"): three runs for two styles, one for one. Every iteration is a `Progress`
    whose layers (R, 3, size, size) hold its picture: in the first run every styled layer is the one picture,
    then each is replaced in turn by its own run's. The last `Progress` has the layers (R, 3, H, W) of the runs of
    one region, resized to the photo's size.

    `photo` (1, 3, H, W); of `settings`, `device`, `seed` and `start` are read. `network` is VGG-16 with its
    published weights if none is given.

    Departures: features of the photo and of the styles are computed once, not at every evaluation; a mask
    without a term in the loss is not fed to the network; a soft matte is made hard by giving each pixel to the
    region with most of it; pictures are resized with antialiasing; total variation has the paper's weight 1
    where the public script has 8.5e-5.

    Raises:
        MissingError: the weights of VGG-16 are not here and cannot be fetched.
    """
    del state  # it keeps none
    device = pick_device(settings.device)
    styles = {i: look.styles[0].picture for i, look in with_style(regions, looks).items()}
    vgg = (network or load_vgg("vgg16")).to(device)
    side = (parameters.size, parameters.size)
    small, masks = resize(photo, side), hard_masks(regions.resize(side).alpha)
    firsts = _firsts(small, masks, settings, None if start is None else resize(start, side))
    runs = ([tuple(styles)] if len(styles) > 1 else []) + [(i,) for i in styles]
    layers = [small] * len(masks)
    steps, step, started = len(runs) * parameters.iterations, 0, time.monotonic()
    for run in runs:
        chosen = {i: resize(styles[i], side).to(device) for i in run}
        objective = _Objective(vgg, small.to(device), masks.to(device), chosen, parameters)
        first = torch.where(masks[list(run)].sum(0) > 0, firsts, small) if start is not None else firsts
        for picture, losses in objective.minimise(first):
            step += 1
            for i in run:
                layers[i] = picture
            shown = torch.cat(layers)
            if step == steps:
                shown = resize(shown, (photo.shape[-2], photo.shape[-1]))
            yield Progress(step, steps, losses, (time.monotonic() - started) / step * (steps - step), shown)


def hard_masks(alpha: Tensor) -> Tensor:
    """Soft regions (R, 1, H, W) to 0 and 1: each pixel belongs to the region that has most of it."""
    numbers = torch.arange(len(alpha), device=alpha.device)[:, None, None, None]
    return (alpha.argmax(0, keepdim=True) == numbers).to(alpha.dtype)


def total_variation(picture: Tensor) -> Tensor:
    """Sum of (a^2 + b^2)^1.25 over the differences a down and b across, as in Keras' example; (1, 3, H, W)."""
    corner = picture[..., :-1, :-1]
    down, across = corner - picture[..., 1:, :-1], corner - picture[..., :-1, 1:]
    return (down.square() + across.square()).pow(1.25).sum()


def _firsts(photo: Tensor, masks: Tensor, settings: Settings, start: Tensor | None) -> Tensor:
    """What to begin from (1, 3, H, W): given layers put together, else noise or the photo."""
    if start is not None:
        return (masks * start).sum(0, keepdim=True)
    if settings.start == "noise":
        return torch.rand(photo.shape, generator=torch.Generator().manual_seed(settings.seed))
    return photo


class _Objective:
    """The loss of one run, for an optimiser that knows only vectors of float64."""

    def __init__(
        self, vgg: Vgg, photo: Tensor, masks: Tensor, styles: Mapping[int, Tensor], parameters: Classic
    ) -> None:
        self.vgg, self.parameters, self.shape, self.device = vgg, parameters, photo.shape, photo.device
        self.seen: list[dict[str, float]] = []
        # Content compares the sum of every mask's features with the photo's, and needs them all.
        fed = list(range(len(masks))) if parameters.content_weight else list(styles)
        self.masks = masks[fed]
        self.places = [fed.index(i) for i in styles]
        with torch.no_grad():
            found = [vgg(picture) for picture in styles.values()]
            self.grams = {tap: self.gram(torch.cat([f[tap] for f in found])) for tap in vgg.style_taps}
            self.content = vgg(photo)[vgg.content_tap]

    def gram(self, features: Tensor) -> Tensor:
        """Gram matrices (B, C, C), already divided by the picture's pixels, lest their squares overflow float32."""
        flat = features.flatten(2)
        return flat @ flat.mT / (self.shape[-2] * self.shape[-1])

    def losses(self, picture: Tensor) -> dict[str, Tensor]:
        """The terms for a picture (1, 3, H, W) in 0..255.

        The mask multiplies what the network is fed after its mean is subtracted: outside is the mean colour.
        """
        p = self.parameters
        found = self.vgg.taps(self.vgg.prepare(picture / 255) * self.masks)
        scale = p.style_weight / len(self.grams) / (4 * 3**2)
        style = [(self.gram(found[tap][self.places]) - wanted).square().sum() for tap, wanted in self.grams.items()]
        content = (found[self.vgg.content_tap].sum(0) - self.content[0]).square().sum()
        terms = {
            "style": scale * torch.stack(style).sum(),
            "content": p.content_weight * content,
            "smooth": p.tv_weight * total_variation(picture),
        }
        return terms | {"total": torch.stack(list(terms.values())).sum()}

    def __call__(self, pixels: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient."""
        picture = torch.tensor(pixels, dtype=torch.float32, device=self.device).view(self.shape).requires_grad_()
        terms = self.losses(picture)
        (gradient,) = torch.autograd.grad(terms["total"], picture)
        self.seen.append({name: float(value.detach()) for name, value in terms.items()})
        return self.seen[-1]["total"], gradient.flatten().cpu().double().numpy()

    def minimise(self, first: Tensor) -> Iterator[tuple[Tensor, dict[str, float]]]:
        """The picture (1, 3, H, W) in [0, 1] and its losses after each iteration."""
        pixels = 255 * first.flatten().double().numpy()
        for _ in range(self.parameters.iterations):
            self.seen.clear()
            pixels, value, _info = fmin_l_bfgs_b(self, pixels, maxfun=self.parameters.evaluations)
            picture = torch.from_numpy(pixels / 255).float().view(self.shape).clamp(0, 1)
            # The optimiser may end on a step before its last try.
            nearest = np.argmin([abs(terms["total"] - value) for terms in self.seen])
            yield picture, self.seen[nearest]
