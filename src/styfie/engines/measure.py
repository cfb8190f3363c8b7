"""What pictures are compared by: an encoder's features, how style is measured, and what styles ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from styfie.encoders import Encoder
from styfie.encoders.loss_weights import Weights
from styfie.engines.plan import BASE_SIZE
from styfie.engines.tiles import Tile, tap_masks, tiles_of
from styfie.looks import Look, Style
from styfie.losses.moments import Moments, moments, precise
from styfie.losses.style import Map, StyleLoss

MOSTLY = 0.5  # of a style's mask that is not left out with its frame
LARGE = 512  # pixels of a style picture's longer side from which it is always looked at in tiles
Targets = Mapping[str, Sequence[tuple[float, Any]]]  # of each tap: every style's share, and what is wanted
Contrast = Mapping[str, Tensor]  # of each content tap: the unit () of its changes
AddGradient = Callable[[str, Tensor], None]  # adds to the gradient by a tap, in place


@dataclass(frozen=True)
class Measure:
    """The network that features are compared by, how style is compared, and what each term weighs."""

    encoder: Encoder
    loss: StyleLoss[Any, Any]
    weights: Weights
    side: int = 0  # of tiles, in pixels; 0 = the whole picture at once

    @property
    def mean(self) -> bool:
        """Whether the loss asks for means, and with them for covariances: small differences, to be summed precisely."""
        return self.loss.means

    def tiles(self, picture: Tensor) -> list[Tile]:
        """The tiles of a picture (1, C, H, W)."""
        return tiles_of((picture.shape[-2], picture.shape[-1]), self.side, self.encoder.reach)

    def features(self, picture: Tensor) -> dict[str, Tensor]:
        """The encoder's maps, in the precision of its weights."""
        return self.encoder(picture.contiguous(memory_format=torch.channels_last))

    def vjp(self, picture: Tensor) -> tuple[dict[str, Tensor], Callable[[AddGradient], Tensor]]:
        """A picture's maps, and what takes the loss's gradients by them back to the picture: once, without autograd.

        The gradient (1, 3, H, W) is made of what each tap is pulled by.
        """
        if hasattr(self.encoder, "backward"):
            maps = self.features(picture)
            return maps, partial(self.encoder.backward, maps)
        leaf = picture.detach().requires_grad_()
        with torch.enable_grad():
            known = self.features(leaf)

        def backward(add_gradient: AddGradient) -> Tensor:
            slopes = {tap: torch.zeros_like(features) for tap, features in known.items()}
            for tap, slope in slopes.items():
                add_gradient(tap, slope)
            return torch.autograd.grad(list(known.values()), leaf, list(slopes.values()))[0]

        return {tap: features.detach() for tap, features in known.items()}, backward

    def sample(self, features: Tensor, mask: Tensor) -> Moments | Map:
        """What the style loss is measured on."""
        if not self.loss.additive:
            return Map(features, mask)
        return moments(precise(features) if self.mean else features, mask, None, self.mean)

    @torch.no_grad()
    def targets(self, look: Look, longest: int, device: torch.device) -> Targets:
        """What a look's styles ask for, their longest sides brought to `longest` pixels times the stroke."""
        found: dict[str, list[tuple[float, Any]]] = {tap: [] for tap in self.encoder.style_taps}
        for share, style in styles_at(look, longest, device, self.weights.enlarged):
            for tap, sample in self._samples(style.picture, within_frame(style.inside, self.weights.frame)).items():
                found[tap].append((share, self.loss.prepare(sample)))
        return found

    @torch.no_grad()
    def contrast_of_styles(self, look: Look, longest: int, device: torch.device) -> Contrast:
        """The mean of the styles' own `contrast`, by their shares."""
        found = dict.fromkeys(self.encoder.content_taps, torch.zeros((), device=device))
        for share, style in styles_at(look, longest, device, self.weights.enlarged):
            found = {tap: found[tap] + share * one for tap, one in self.contrast(style.picture).items()}
        return found

    @torch.no_grad()
    def contrast(self, picture: Tensor) -> Contrast:
        """The variance () of a picture's features at each content tap, the mean of all channels'."""
        sums: dict[str, list[Moments]] = {tap: [] for tap in self.encoder.content_taps}
        for tile in self.tiles(picture):
            maps = self.features(picture[(..., *tile.seen)])
            here = {tap: maps[tap] for tap in sums}
            masks = tap_masks(torch.ones_like(picture[(..., *tile.seen)][:, :1]), here, tile)
            for tap, mask in masks.items():
                sums[tap].append(moments(precise(here[tap]), mask))
        found = {}
        for tap, parts in sums.items():
            total = Moments(*(torch.stack(values).sum(0) for values in zip(*parts, strict=True)))
            found[tap] = total.covariance.diagonal().mean().clamp_min(1e-6)
        return found

    def _samples(self, picture: Tensor, inside: Tensor) -> dict[str, Moments | Map]:
        found: dict[str, Moments | Map] = {}
        tiles = self.tiles(picture)
        if self.loss.additive and max(picture.shape[-2:]) > LARGE:  # a broad stroke's, in no more memory than the rest
            tiles = tiles_of((picture.shape[-2], picture.shape[-1]), self.side or LARGE, self.encoder.reach)
        for tile in tiles:
            maps = self.features(picture[(..., *tile.seen)])
            masks = tap_masks(inside[(..., *tile.seen)], maps, tile)
            for tap in self.encoder.style_taps:
                here = self.sample(maps[tap], masks[tap])
                found[tap] = add(found[tap], here) if tap in found else here
        return found


def styles_at(look: Look, longest: int, device: torch.device, enlarged: float) -> Iterator[tuple[float, Style]]:
    """Each style with its share, as a painting of `longest` pixels sees it.

    A small style's picture, much enlarged, would be a blurred style: beyond `enlarged` times its size its strokes are
    painted smaller, and crisp.
    """
    for share, style in zip(look.weights, look.styles, strict=True):
        most = enlarged * max(style.picture.shape[-2:]) * max(1.0, longest / BASE_SIZE) * max(1.0, look.stroke)
        yield share, style.at(longest, look.stroke, most).to(device)


def within_frame(inside: Tensor, share: float) -> Tensor:
    """A style's mask (1, 1, H, W) without a share of its sides at either end, where that leaves most of it.

    What runs along the edge of a picture (a frame, a margin, canvas left bare) would be painted along the edges.
    """
    down, across = (round(share * side) for side in inside.shape[-2:])
    height, width = inside.shape[-2:]
    kept = torch.zeros_like(inside)
    middle = (..., slice(down, height - down), slice(across, width - across))
    kept[middle] = inside[middle]
    return kept if float(kept.sum()) >= MOSTLY * float(inside.sum()) else inside


def add(one: Moments | Map, other: Moments | Map) -> Moments | Map:
    """The sample of two tiles together."""
    assert isinstance(one, Moments)  # a loss of whole maps is measured in one tile
    assert isinstance(other, Moments)
    return Moments(*(a + b for a, b in zip(one, other, strict=True)))
