"""Optimisation by gradient: the pixels of each layer are moved until their features fit the style.

Gatys, Ecker and Bethge (2016), taxonomy class 1.1 of Jing et al. (2018), with these departures: Gram matrices
within a region (`losses.gram`), losses relative per layer, coarse to fine (Gatys et al. 2017), the photo in the
style's colours as start, and bfloat16 convolutions where the processor has them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import match_colours
from styfie.devices import pick_device, reduced_precision
from styfie.encoders import Encoder, load_encoder
from styfie.engines.progress import Progress, State
from styfie.images import fit_size, resize
from styfie.looks import Look
from styfie.losses import content_loss, gram, relative_gram_loss, total_variation
from styfie.regions import Regions, widen
from styfie.segmentation.colours import region_colours
from styfie.settings import Settings


@dataclass(frozen=True)
class Weights:
    """What the loss is made of."""

    content: float = 0.05
    total_variation: float = 0.3
    range: float = 10.0  # mean squared excess over [0, 1]
    detail: float = 0.9  # share of the photo's finer detail given to a scale's start


WEIGHTS = Weights()
SMALLEST = 96  # longest side of the coarsest scale, at least
BAND = 8 / 256  # half the painted band around a region, as a share of the longest side
MARGIN = 16  # pixels painted around a region's box: about the features' receptive field


def optimise(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: State | None = None,
    weights: Weights = WEIGHTS,
    encoder: Encoder | None = None,
) -> Iterator[Progress]:
    """Paint every region that has a style.

    `photo` (1, 3, H, W) and `regions` are of the result's size. `start` (R, 3, H, W) are layers to begin from
    instead of `settings.start`, `encoder` a network to use in place of the one that `settings` names. Stop
    iterating to cancel; the last `Progress` holds the best so far.
    """
    device = pick_device(settings.device)
    encoder = (encoder or load_encoder(settings.encoder)).to(device)
    noise = torch.Generator().manual_seed(settings.seed)
    height, width = photo.shape[-2:]
    styled = {i: look.styles[0].picture for i, n in enumerate(regions.names) if (look := looks.get(n)) and look.styles}
    scales = pyramid(max(height, width))
    clock = _Clock(settings.steps, [s * s for s in scales], len(styled))
    painted: dict[int, Tensor] = {} if start is None else {i: start[i : i + 1] for i in styled}
    colours = region_colours(photo, regions.alpha).clamp(0, 1)
    for scale in scales:
        size = fit_size((height, width), scale)
        small, own = resize(photo, size), resize(colours, size)
        bands = widen(regions.resize(size).alpha, round(BAND * max(size)))
        own = torch.lerp(small, own, bands)  # a region's own colours through its band, the photo beyond
        pictures = {
            i: resize(style, fit_size((style.shape[-2], style.shape[-1]), scale)) for i, style in styled.items()
        }
        for i, picture in pictures.items():
            if i in painted:
                painted[i] = enlarge(painted[i], own[i : i + 1], weights.detail)
            elif settings.start == "noise":
                painted[i] = torch.rand(small.shape, generator=noise)
            else:
                painted[i] = match_colours(own[i : i + 1], picture, bands[i : i + 1])
        for i, picture in pictures.items():
            layer = _Layer(own[i : i + 1].to(device), bands[i : i + 1].to(device), picture.to(device), encoder, weights)
            for image, losses in layer.paint(painted[i].to(device), settings.steps):
                painted[i] = image
                step, left = clock.tick(scale)
                yield Progress(step, clock.steps, losses, left, _layers(small, bands, painted))
    if not styled:
        yield Progress(0, 0, {}, 0.0, photo.expand(len(regions.names), -1, -1, -1))


def pyramid(size: int) -> list[int]:
    """Longest sides to work at, coarse to fine, each twice the one before: 512 is 128, 256, 512."""
    scales = [size]
    while scales[0] // 2 >= SMALLEST:
        scales.insert(0, scales[0] // 2)
    return scales


def enlarge(painted: Tensor, photo: Tensor, detail: float) -> Tensor:
    """A painted picture at the photo's size, with a share of the photo's detail that the smaller one could not hold."""
    size = (photo.shape[-2], photo.shape[-1])
    lost = photo - resize(resize(photo, (painted.shape[-2], painted.shape[-1])), size)
    return resize(painted, size) + detail * lost


class _Layer:
    """The loss of one region at one scale, within the region's own box."""

    def __init__(self, photo: Tensor, alpha: Tensor, style: Tensor, encoder: Encoder, weights: Weights) -> None:
        self.encoder, self.weights, self.photo, self.alpha = encoder, weights, photo, alpha
        self.box = region_box(alpha)
        with torch.no_grad():
            self.grams = {n: gram(f) for n, f in self.features(style).items() if n in encoder.style_taps}
            self.content = self.features(photo[self.box])[encoder.content_tap].float()
        self.masks: dict[str, Tensor] = {}

    def features(self, picture: Tensor) -> dict[str, Tensor]:
        with reduced_precision(picture.device):
            return self.encoder(picture.contiguous(memory_format=torch.channels_last))

    def losses(self, image: Tensor) -> dict[str, Tensor]:
        found = self.features(image)
        if not self.masks:
            inside = self.alpha[self.box]
            self.masks = {n: F.interpolate(inside, f.shape[-2:], mode="area") for n, f in found.items()}
        style = [relative_gram_loss(gram(found[n], self.masks[n]), g) for n, g in self.grams.items()]
        tap = self.encoder.content_tap
        w = self.weights
        terms = {
            "style": torch.stack(style).sum(),
            "content": w.content * content_loss(found[tap], self.content, self.masks[tap]),
            "smooth": w.total_variation * total_variation(image),
            "range": w.range * (image - image.clamp(0, 1)).square().mean(),
        }
        return terms | {"total": torch.stack(list(terms.values())).sum()}

    def paint(self, start: Tensor, steps: int) -> Iterator[tuple[Tensor, dict[str, float]]]:
        """After each step of L-BFGS (Liu and Nocedal 1989) the best picture so far, with its own losses.

        Without a line search a step may overshoot, and the next ones mostly come back by themselves; only when the
        loss is no number any more the search begins anew from the best.
        """
        image = start[self.box].clone().requires_grad_()
        optimiser = lbfgs(image)
        terms: dict[str, Tensor] = {}

        def evaluate() -> Tensor:
            optimiser.zero_grad()
            terms.update(self.losses(image))
            terms["total"].backward()
            return terms["total"].detach()

        whole, best, lowest = start.clone(), image.detach().clone(), math.inf
        losses: dict[str, float] = {}
        for _ in range(steps):
            before = image.detach().clone()  # where the losses are measured; the step then moves on from there
            optimiser.step(evaluate)
            total = float(terms["total"].detach())
            if total < lowest:
                best, lowest = before, total
                losses = {name: float(value.detach()) for name, value in terms.items()}
                whole = start.clone()
                whole[self.box] = best.clamp(0, 1)
            elif not math.isfinite(total):
                image = best.clone().requires_grad_()
                optimiser = lbfgs(image)
            yield whole.cpu(), losses


def lbfgs(image: Tensor) -> torch.optim.LBFGS:
    """The optimiser, one evaluation a step and no early stop of its own."""
    return torch.optim.LBFGS([image], max_iter=1, history_size=10, tolerance_grad=0, tolerance_change=0)


def region_box(alpha: Tensor) -> tuple[slice, slice, slice, slice]:
    """The slices of (1, C, H, W) that hold every pixel of a matte (1, 1, H, W), and a margin of context."""
    rows, columns = (torch.nonzero(alpha[0, 0].amax(d) > 0.01).flatten().tolist() or [0] for d in (1, 0))
    down = slice(max(0, rows[0] - MARGIN), rows[-1] + 1 + MARGIN)
    across = slice(max(0, columns[0] - MARGIN), columns[-1] + 1 + MARGIN)
    return slice(None), slice(None), down, across


def _layers(photo: Tensor, bands: Tensor, painted: Mapping[int, Tensor]) -> Tensor:
    """Every region's layer (R, 3, h, w): painted within its band, photo elsewhere."""
    layers = photo.repeat(len(bands), 1, 1, 1)
    for i, image in painted.items():
        layers[i : i + 1] = torch.lerp(photo, image.clamp(0, 1), bands[i : i + 1])
    return layers


class _Clock:
    """Counts steps and foretells the seconds left: a step costs what its scale has pixels."""

    def __init__(self, steps: int, pixels: list[int], layers: int) -> None:
        self.steps = steps * layers * len(pixels)
        self._work, self._done = float(sum(pixels) * steps * layers), 0.0
        self._step, self._started = 0, time.monotonic()

    def tick(self, scale: int) -> tuple[int, float]:
        """One step at `scale` is done: its number, and the seconds left."""
        self._step, self._done = self._step + 1, self._done + scale * scale
        spent = time.monotonic() - self._started
        return self._step, spent * (self._work / self._done - 1)
