"""What a layer is measured by: its loss and gradient, over the whole picture or tile by tile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.encoders import Encoder
from styfie.engines.tiles import Tile, tiles_of
from styfie.images import fit_size, resize
from styfie.looks import Look
from styfie.losses import STYLE_LOSSES, Map, Moments, StyleLoss, moments
from styfie.losses.borders import Borders, border_error, tile_borders
from styfie.losses.edges import Edges, edge_error, edge_targets, tile_targets

LARGE = 512  # pixels of a style picture's longer side from which it is always looked at in tiles
TERMS = ("style", "content", "edges", "borders", "smooth", "range")
Targets = Mapping[str, Sequence[tuple[float, Any]]]  # of each tap: every style's share, and what is wanted


@dataclass(frozen=True)
class Weights:
    """What the loss is made of."""

    content: float = 0.05
    total_variation: float = 0.3
    range: float = 10.0  # mean squared excess over [0, 1]
    detail: float = 0.9  # share of the photo's finer detail given to a scale's start
    edges: float = 0.1  # the photo's edges, where likeness wants them
    borders: float = 0.1  # steps of light and dark where depth jumps
    face: float = 1.0  # how much more content counts on a face of full likeness


WEIGHTS = Weights()


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
        return self.loss is not STYLE_LOSSES["gram"]

    def tiles(self, picture: Tensor) -> list[Tile]:
        """The tiles of a picture (1, C, H, W)."""
        return tiles_of((picture.shape[-2], picture.shape[-1]), self.side, self.encoder.reach)

    def features(self, picture: Tensor) -> dict[str, Tensor]:
        """The encoder's maps, in the precision of its weights."""
        return self.encoder(picture.contiguous(memory_format=torch.channels_last))

    def sample(self, features: Tensor, mask: Tensor, weight: Tensor | None = None) -> Moments | Map:
        """What the style loss is measured on."""
        if not self.loss.additive:
            return Map(features, mask)
        return moments(features.float() if self.mean else features, mask, weight, self.mean)

    @torch.no_grad()
    def targets(self, look: Look, longest: int, device: torch.device) -> Targets:
        """What a look's styles ask for, their longest sides brought to `longest` pixels times the stroke."""
        total = sum(style.weight for style in look.styles)
        found: dict[str, list[tuple[float, Any]]] = {tap: [] for tap in self.encoder.style_taps}
        for style in look.styles:
            wanted, picture = max(32, round(look.stroke * longest)), style.picture
            if style.small is not None and wanted <= max(style.small.shape[-2:]):
                picture = style.small
            size = fit_size((picture.shape[-2], picture.shape[-1]), wanted)
            picture = resize(picture, size).to(device)
            inside = torch.ones_like(picture[:, :1]) if style.alpha is None else resize(style.alpha, size).to(device)
            for tap, sample in self._samples(picture, inside).items():
                found[tap].append((style.weight / total, self.loss.prepare(sample)))
        return found

    @torch.no_grad()
    def contrast(self, picture: Tensor) -> Tensor:
        """The variance () of a picture's content features, the mean of all channels'."""
        sums: list[Moments] = []
        for tile in self.tiles(picture):
            maps = self.features(picture[(..., *tile.seen)])
            here = {self.encoder.content_tap: maps[self.encoder.content_tap]}
            masks = tap_masks(torch.ones_like(picture[(..., *tile.seen)][:, :1]), here, tile)
            sums += [moments(here[tap].float(), mask) for tap, mask in masks.items()]
        total = Moments(*(torch.stack(values).sum(0) for values in zip(*sums, strict=True)))
        return total.covariance.diagonal().mean().clamp_min(1e-6)

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


def add(one: Moments | Map, other: Moments | Map) -> Moments | Map:
    """The sample of two tiles together."""
    assert isinstance(one, Moments)  # a loss of whole maps is measured in one tile
    assert isinstance(other, Moments)
    return Moments(*(a + b for a, b in zip(one, other, strict=True)))


def cells(picture: Tensor, features: Tensor) -> tuple[Tensor, int]:
    """A matte (1, 1, h, w) at a map's cells, each the mean of its own pixels, and the pixels between cells."""
    stride = 2 ** round(math.log2(picture.shape[-1] / features.shape[-1]))
    mean = F.avg_pool2d(picture, stride, ceil_mode=True, count_include_pad=False)
    return mean[..., : features.shape[-2], : features.shape[-1]], stride


def tap_masks(inside: Tensor, maps: Mapping[str, Tensor], tile: Tile) -> dict[str, Tensor]:
    """A matte (1, 1, h, w) of what a tile sees, at each map's cells and 0 beyond the tile's own."""
    found = {}
    for tap, features in maps.items():
        mask, stride = cells(inside, features)
        own = (..., *tile.at(stride))
        found[tap] = torch.zeros_like(mask)
        found[tap][own] = mask[own]
    return found


class Goal(NamedTuple):
    """A region (1, 1, H, W) of the picture, and what its style asks for."""

    alpha: Tensor
    targets: Targets


Key = tuple[int, str]  # number of a goal, and tap


@dataclass(frozen=True, eq=False)
class _Part:
    """What one tile is compared with."""

    tile: Tile
    masks: Mapping[Key, Tensor]  # of the style
    content: Tensor
    content_mask: Tensor  # weights that already hold every divisor of the content loss
    edges: Edges | None
    borders: Borders | None


class Objective:
    """The loss of one layer at one scale, or of a picture of several regions.

    `photo` (1, 3, H, W) is what is painted, `goals` say where and how. `face` (1, 1, H, W) in [0, 1] is where it is to
    stay itself and how much, `contrast` () the unit of content: `Measure.contrast` of the whole photo, not of the
    layer, lest a plain wall be nailed to its plainness. `borders` is what is wanted where depth jumps.
    """

    def __init__(
        self,
        photo: Tensor,
        goals: Sequence[Goal],
        measure: Measure,
        face: Tensor,
        contrast: Tensor,
        borders: Borders | None = None,
    ) -> None:
        self.measure, self.goals, self.photo = measure, goals, photo
        self.keys = [(n, tap) for n, goal in enumerate(goals) for tap in goal.targets]
        alpha = torch.stack([goal.alpha for goal in goals]).sum(0).clamp(max=1)
        # Edges are measured relative to all under their weight: a face counts by its share of the layer, and by the
        # square of likeness besides, so that equal steps of it look like equal steps.
        self.likeness = float(face.max()) ** 2 * float(face.sum() / alpha.sum().clamp_min(1e-6))
        kept = edge_targets(photo, face) if self.likeness else None
        with torch.no_grad():
            self.content = torch.zeros((), device=photo.device)
            self.parts = [self._part(tile, alpha, face, kept, borders) for tile in measure.tiles(photo)]
            self.content = self.content.clamp_min(1e-6) * self.parts[0].content.shape[1] * contrast
            self.weights = {
                key: torch.stack([part.masks[key].float().sum() for part in self.parts]).sum() for key in self.keys
            }
        if len(self.parts) == 1 and measure.loss.additive:
            self.parts = [_spread(self.parts[0], measure.features(photo))]

    def _part(self, tile: Tile, alpha: Tensor, face: Tensor, edges: Edges | None, borders: Borders | None) -> _Part:
        seen, tap = (..., *tile.seen), self.measure.encoder.content_tap
        maps = self.measure.features(self.photo[seen])
        inside = tap_masks(alpha[seen], {tap: maps[tap]}, tile)[tap]
        self.content = self.content + inside.sum()
        styled = [tap_masks(goal.alpha[seen], maps, tile) for goal in self.goals]
        masks = {(n, name): styled[n][name] for n, name in self.keys}
        more = 1 + self.measure.weights.face * cells(face[seen], maps[tap])[0]
        own = tile_targets(edges, tile.seen, tile.own) if edges and float(face[(..., *tile.own)].max()) else None
        steps = None if borders is None else tile_borders(borders, tile.seen, tile.own)
        return _Part(tile, masks, maps[tap], inside * more, own, steps)

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The weighted terms (6,), in the order of `TERMS`, and the gradient of their sum at an image like `photo`."""
        if len(self.parts) == 1:
            return self._whole(image)
        pull, style = self._pull(image)
        terms, gradient = torch.zeros(len(TERMS), device=image.device), torch.zeros_like(image)
        for part in self.parts:
            seen = (..., *part.tile.seen)
            leaf = image[seen].detach().requires_grad_()
            found = self.measure.features(leaf)
            pulled = [(one * at).sum() for one, at in zip(self._sums(found, part), pull, strict=True)]
            others = self._others(leaf, found, part)
            (slope,) = torch.autograd.grad(torch.stack(pulled).sum() + others.sum(), leaf)
            gradient[seen] += slope
            terms[1:] += others.detach()
        terms[0] = style
        return terms, gradient

    def _whole(self, image: Tensor) -> tuple[Tensor, Tensor]:
        leaf, part = image.detach().requires_grad_(), self.parts[0]
        found = self.measure.features(leaf)
        samples = {key: self.measure.sample(found[key[1]], part.masks[key], self.weights[key]) for key in self.keys}
        terms = torch.cat([self._style(samples)[None], self._others(leaf, found, part)])
        (gradient,) = torch.autograd.grad(terms.sum(), leaf)
        return terms.detach(), gradient

    def _style(self, samples: Mapping[Key, Moments | Map]) -> Tensor:
        measured = [
            share * self.measure.loss.measure(samples[n, tap], wanted)
            for n, tap in self.keys
            for share, wanted in self.goals[n].targets[tap]
        ]
        return torch.stack(measured).sum()

    def _sums(self, found: Mapping[str, Tensor], part: _Part) -> list[Tensor]:
        """What the style loss reads of one tile: the second moments and, if it reads them, the first."""
        sums: list[Tensor] = []
        for key in self.keys:
            sample = self.measure.sample(found[key[1]], part.masks[key], self.weights[key])
            assert isinstance(sample, Moments)
            sums += [sample.second, sample.first] if self.measure.mean else [sample.second]
        return sums

    def _pull(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        """Where the style pulls the whole picture's sums: its gradient by each, and the style loss itself."""
        with torch.no_grad():
            parts = [self._sums(self.measure.features(image[(..., *part.tile.seen)]), part) for part in self.parts]
            sums = [torch.stack(each).sum(0) for each in zip(*parts, strict=True)]
        leaves = iter([one.requires_grad_() for one in sums])
        samples: dict[Key, Moments | Map] = {}
        for key in self.keys:
            second = next(leaves)
            samples[key] = Moments(second, next(leaves) if self.measure.mean else second[0], self.weights[key])
        style = self._style(samples)
        return list(torch.autograd.grad(style, sums)), style.detach()

    def _others(self, leaf: Tensor, found: Mapping[str, Tensor], part: _Part) -> Tensor:
        """All terms of one tile but the style, weighted."""
        w = self.measure.weights
        change = (found[self.measure.encoder.content_tap].float() - part.content.float()).square()
        content = (change * part.content_mask).sum() / self.content
        edges = edge_error(leaf, part.edges) if part.edges else leaf.new_zeros(())
        rows, columns = part.tile.inside
        reach = leaf[..., rows.start : rows.stop + 1, columns.start : columns.stop + 1]  # one beyond, if there is one
        down, across = (
            reach.diff(dim=-2)[..., : columns.stop - columns.start],
            reach.diff(dim=-1)[..., : rows.stop - rows.start, :],
        )
        own = leaf[..., rows, columns]
        pixels = self.photo.numel()
        smooth = (down.square().sum() + across.square().sum()) / pixels
        beyond = (own - own.clamp(0, 1)).square().sum() / pixels
        steps = border_error(leaf, part.borders) if part.borders else leaf.new_zeros(())
        kept = w.edges * self.likeness * edges
        return torch.stack([w.content * content, kept, w.borders * steps, w.total_variation * smooth, w.range * beyond])


def _spread(part: _Part, maps: Mapping[str, Tensor]) -> _Part:
    """The part with its masks repeated for every channel: read at every step, this is faster."""
    masks = {
        key: mask.to(maps[key[1]].dtype).expand_as(maps[key[1]]).contiguous(memory_format=torch.channels_last)
        for key, mask in part.masks.items()
    }
    return replace(part, masks=masks)
