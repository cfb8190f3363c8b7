"""Gatys, Ecker and Bethge (2015), "A Neural Algorithm of Artistic Style", as it was published, to compare with.

VGG-19 with average pooling and filters rescaled to a mean activation of 1, a start from white noise, L-BFGS on one
picture at one size. Class 1.1 in the taxonomy of Jing et al. (2018).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.devices import pick_device
from styfie.encoders.vgg import Vgg, load_vgg
from styfie.engines.layers import band_of, compose, if_styled, with_style
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.gallery import draw
from styfie.images import read_picture, resize
from styfie.looks import Look, Style
from styfie.losses.functional import gram
from styfie.regions import Regions
from styfie.segmentation.colours import region_colours
from styfie.settings import Settings
from styfie.weights import ASSETS


@dataclass(frozen=True)
class Gatys:
    """The paper's constants; activations are those of the rescaled network."""

    content_weight: float = 1e-4  # alpha over beta in half of the paper's pictures, 1e-3 in the others
    style_weight: float = 1.0  # beta, shared by the taps
    evaluations: int = 8  # of loss and gradient, about, per step: the 40 steps of `Settings` are some 320


GATYS = Gatys()
PAINTED = ("night", "waves", "glass", "ink", "mosaic", "watercolour", "autumn")
ACTIVATION_SIZE = 224  # pixels of the pictures that mean activations are taken of: the network's own size
FAINTEST = 0.1  # of a layer's mean activation; fainter filters are scaled as if they had it, lest they alone count
SMALLEST = 16  # pixels that four poolings leave something of


@if_styled
def gatys(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
    parameters: Gatys = GATYS,
    network: Vgg | None = None,
) -> Iterator[Progress]:
    """Paint every region that has a style, one picture for each, all from the same white noise.

    `photo` (1, 3, H, W) and `regions` are of the result's size, and so are all `Progress.layers` (R, 3, H, W), which
    hold the best so far by the loss: painted within the region and the band around it, photo beyond. `start`
    (R, 3, H, W) are layers to begin from instead of noise. Of `settings`, `device`, `seed` and `steps` are read: steps
    per region. `network` is VGG-19 with its published weights and average pooling if none is given.

    Departures: statistics are of a region and its band only, positions weighted by it; Gram matrices are divided by
    their positions before they are compared, which is the paper's formula where photo and style are equally large;
    mean activations are of the built-in portrait and seven gallery pictures, not of ImageNet, and a filter that these
    hardly wake is not lifted all the way to 1; several styles are blended by their Gram matrices. Faces and depth play
    no part.

    Raises:
        InputError: a photo of less than 16 pixels in height or width.
        MissingError: the weights of VGG-19 are not here and cannot be fetched.
    """
    del state  # it keeps none
    height, width = photo.shape[-2:]
    if min(height, width) < SMALLEST:
        raise InputError(f"The photo is {width}x{height} pixels: gatys wants {SMALLEST} or more on either side.")
    styled = with_style(regions, looks)
    device = pick_device(settings.device)
    vgg = rescale((network or load_vgg("vgg19", "average")).to(device), reference_pictures().to(device))
    bands = band_of(regions.alpha)
    own = torch.lerp(photo, region_colours(photo, regions.alpha).clamp(0, 1), bands)
    noise = torch.rand(photo.shape, generator=torch.Generator().manual_seed(settings.seed))
    done: dict[int, Tensor] = {}
    each = settings.steps_of()
    step, steps, started = 0, each * len(styled), time.monotonic()
    for i, look in styled.items():
        band, content = bands[i : i + 1], own[i : i + 1]
        first = torch.lerp(content, noise if start is None else start[i : i + 1], band)
        objective = _Objective(vgg, content.to(device), band.to(device), _at_size(look, max(height, width)), parameters)
        for picture, losses in objective.minimise(first.to(device), each):
            step += 1
            done[i] = picture.clamp(0, 1).cpu()
            left = (time.monotonic() - started) / step * (steps - step)
            yield Progress(step, steps, losses, left, compose(photo, bands, done.items()))


def reference_pictures() -> Tensor:
    """The built-in pictures (B, 3, 224, 224) that mean activations are taken of."""
    portrait = resize(read_picture(ASSETS / "portrait.jpg", ACTIVATION_SIZE), (ACTIVATION_SIZE, ACTIVATION_SIZE))
    return torch.cat([portrait, *(draw(name, ACTIVATION_SIZE) for name in PAINTED)])


@torch.no_grad()
def rescale(network: Vgg, pictures: Tensor) -> Vgg:
    """A copy whose filters have mean activation 1 over images and positions of `pictures` (B, 3, H, W).

    Each filter is divided by its mean and the next layer multiplies by it: a rectifier is homogeneous, so that every
    map is the network's own divided by one number. Filters under `FAINTEST` of their layer's mean are divided by that.
    """
    network = copy.deepcopy(network)
    maps, means = network.prepare(pictures), torch.ones(3, device=pictures.device)
    filters: nn.Conv2d | None = None
    for layer in network.features:
        if isinstance(layer, nn.Conv2d):
            filters = layer
            filters.weight.mul_(means[:, None, None])
        maps = layer(maps)
        if isinstance(layer, nn.ReLU) and filters is not None and filters.bias is not None:
            means = maps.mean((0, 2, 3))
            means = means.clamp_min(max(FAINTEST * float(means.mean()), 1e-12))
            filters.weight.div_(means[:, None, None, None])
            filters.bias.div_(means)
            maps = maps / means[:, None, None]
    return network


def _at_size(look: Look, longest: int) -> list[tuple[float, Style]]:
    """A look's styles at the photo's longest side, times the stroke, each after its share of the whole."""
    drawn = [replace(style, small=None) for style in look.styles]  # one size: it has no small scale to begin with
    sized = [style.at(longest, look.stroke, least=(SMALLEST, SMALLEST)) for style in drawn]
    return list(zip(look.weights, sized, strict=True))


def _within(mask: Tensor, features: Tensor) -> Tensor:
    """A mask at the size of a feature map."""
    return F.interpolate(mask, features.shape[-2:], mode="area")


class _Objective:
    """The loss of one region's picture."""

    def __init__(
        self, vgg: Vgg, photo: Tensor, mask: Tensor, styles: list[tuple[float, Style]], parameters: Gatys
    ) -> None:
        self.vgg, self.parameters = vgg, parameters
        with torch.no_grad():
            found = vgg(photo)
            self.content = found[vgg.content_tap]
            self.masks = {tap: _within(mask, features) for tap, features in found.items()}
            self.grams = {tap: torch.zeros((), device=photo.device) for tap in vgg.style_taps}
            for share, style in styles:
                shown = vgg(style.picture.to(photo))
                alpha = None if style.alpha is None else style.alpha.clamp(0, 1).to(photo)
                for tap in vgg.style_taps:
                    inside = None if alpha is None else _within(alpha, shown[tap])
                    self.grams[tap] = self.grams[tap] + share * gram(shown[tap], inside)

    def losses(self, picture: Tensor) -> dict[str, Tensor]:
        """The terms for a picture (1, 3, H, W).

        With Gram matrices per position, the paper's sum of (G - A)^2 / (4 N^2 M^2) loses its M.
        """
        found, p = self.vgg(picture), self.parameters
        style = [(gram(found[tap], self.masks[tap]) - wanted).square().mean() / 4 for tap, wanted in self.grams.items()]
        apart = (found[self.vgg.content_tap] - self.content).square() * self.masks[self.vgg.content_tap]
        terms = {"style": p.style_weight * torch.stack(style).mean(), "content": p.content_weight * apart.sum() / 2}
        return terms | {"total": terms["style"] + terms["content"]}

    def minimise(self, first: Tensor, steps: int) -> Iterator[tuple[Tensor, dict[str, float]]]:
        """After each step the best picture so far and its losses."""
        image = first.clone().requires_grad_()
        count = self.parameters.evaluations
        optimiser = torch.optim.LBFGS(
            [image],
            max_iter=count,
            max_eval=count,
            history_size=20,
            tolerance_grad=0,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )
        best, losses = first.clone(), {"total": math.inf}

        def evaluate() -> Tensor:
            nonlocal best, losses
            optimiser.zero_grad()
            terms = self.losses(image)
            terms["total"].backward()
            if float(terms["total"].detach()) < losses["total"]:
                best, losses = image.detach().clone(), {name: float(v.detach()) for name, v in terms.items()}
            return terms["total"].detach()

        for _ in range(steps):
            optimiser.step(evaluate)
            yield best, losses
