"""What a layer is measured by: its loss and gradient, over the whole picture or tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor

from styfie.colour import LUMA
from styfie.depth import DepthOrder
from styfie.engines.measure import AddGradient, Contrast, Measure
from styfie.engines.spread import Goal, emphasised, with_windows
from styfie.engines.tiles import Area, Tile, cells, tap_masks
from styfie.losses.borders import Borders, border_error, tile_borders
from styfie.losses.edges import UNIT, Edges, edge_slope, edge_targets, tile_targets
from styfie.losses.moments import Moments, first_moment, moments_backward, precise, second_moment, weigh
from styfie.losses.style import Map

GRAIN = 0.02  # step from pixel to pixel, as a vector of RGB, below which it counts by its square
TERMS = ("style", "content", "edges", "borders", "smooth", "range", "depth")


Key = tuple[int, str]  # number of a goal, and tap


@dataclass(frozen=True, eq=False)
class _Part:
    """What one tile is compared with."""

    tile: Tile
    masks: Mapping[Key, Tensor]  # of the style
    content: Mapping[str, Tensor]
    content_masks: Mapping[str, Tensor]  # weights that in the end hold every divisor of the content loss
    sizes: Mapping[str, Tensor]  # of each content tap: positions () in the layer
    edges: tuple[Area, Edges] | None  # where faces are
    borders: Borders | None


class _Sample(NamedTuple):
    """What the style loss reads of one tap, and `weighted` (n, C), which the way back needs: none of whole maps."""

    read: Moments | Map
    weighted: Tensor


Slope = tuple[Tensor | None, ...]  # the style's, by the second and first moments or by the map itself


class Objective:
    """The loss of one layer at one scale, or of a picture of several regions.

    `photo` (1, 3, H, W) is what is painted, `goals` say where and how. `face` (1, 1, H, W) in [0, 1] is where it is to
    stay itself and how much, `contrast` the unit of content: `Measure.contrast` of the style or of the whole photo, not
    of the layer, lest a plain wall be nailed to its plainness. `borders` is what is wanted where depth jumps, `drawn`
    (1, 3, H, W) the picture whose content is kept: the photo, if there is none. `depth` is what is wanted of the order
    of depths. `windows` is the share of the style that parts of the picture are asked for, each by itself.

    Gradients are written out but for a few small ones: summed in place and kept in the maps' own format, they make a
    step a fifth shorter than autograd's did.
    """

    def __init__(
        self,
        photo: Tensor,
        goals: Sequence[Goal],
        measure: Measure,
        face: Tensor,
        contrast: Contrast,
        borders: Borders | None = None,
        drawn: Tensor | None = None,
        depth: DepthOrder | None = None,
        windows: float = 0.0,
    ) -> None:
        self.depth = depth
        self.measure, self.pixels = measure, photo.numel()
        whole = torch.stack([goal.alpha for goal in goals]).sum(0).clamp(max=1).sum()
        # Edges are measured relative to all under their weight: a face counts by its share of the layer, and by the
        # square of likeness besides, so that equal steps of it look like equal steps.
        self.likeness = float(face.max()) ** 2 * float(face.sum() / whole.clamp_min(1e-6))
        counted, alpha = emphasised(goals, photo, measure.weights.plain, face)
        shown = with_windows(counted, windows)
        self.targets = [goal.targets for goal in shown]  # and not where: at print size each map counts
        self.keys = [(n, tap) for n, targets in enumerate(self.targets) for tap in targets]
        kept = edge_targets(photo, face) if self.likeness else None
        with torch.no_grad():
            drawn = photo if drawn is None else drawn
            tiles = measure.tiles(photo)
            parts = [self._part(drawn, tile, (alpha, shown), face, kept, borders) for tile in tiles]
            self.parts = self._shared(parts, contrast)
            self.weights = {
                key: torch.stack([precise(part.masks[key]).sum() for part in self.parts]).sum() for key in self.keys
            }
            if len(self.parts) == 1 and measure.loss.additive:
                self.parts = [_spread(self.parts[0], measure.features(photo))]

    def _part(
        self,
        drawn: Tensor,
        tile: Tile,
        layer: tuple[Tensor, Sequence[Goal]],
        face: Tensor,
        edges: Edges | None,
        borders: Borders | None,
    ) -> _Part:
        """What a tile of `layer`, its alpha and goals, is compared with."""
        alpha, goals = layer
        seen, taps = (..., *tile.seen), self.measure.encoder.content_taps
        maps = self.measure.features(drawn[seen])
        # Of a picture in tiles these are the most that is kept from step to step: half precision is enough for them.
        sparing = self.measure.side > 0 and maps[taps[0]].dtype == torch.float32
        content = {tap: maps[tap].half() if sparing else maps[tap] for tap in taps}
        inside = tap_masks(alpha[seen], content, tile)
        styled = [tap_masks(goal.alpha[seen], maps, tile) for goal in goals]
        masks = {(n, name): styled[n][name] for n, name in self.keys}
        more = {tap: 1 + self.measure.weights.face * cells(face[seen], maps[tap])[0] for tap in taps}
        own = _edges_within(edges, face, tile) if edges else None
        steps = None if borders is None else tile_borders(borders, tile.seen, tile.own)
        sizes = {tap: mask.sum() for tap, mask in inside.items()}
        return _Part(tile, masks, content, {tap: inside[tap] * more[tap] for tap in taps}, sizes, own, steps)

    def _shared(self, parts: Sequence[_Part], contrast: Contrast) -> list[_Part]:
        """The parts, their content masks divided by every tap's size and contrast, and by the number of taps."""
        taps, rates = self.measure.encoder.content_taps, {}
        for tap in taps:
            size = torch.stack([part.sizes[tap] for part in parts]).sum().clamp_min(1e-6)
            size = size * parts[0].content[tap].shape[1] * contrast[tap]
            rates[tap] = self.measure.weights.content / len(taps) / size
        return [replace(p, content_masks={t: mask * rates[t] for t, mask in p.content_masks.items()}) for p in parts]

    @torch.no_grad()
    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The weighted terms (7,), in the order of `TERMS`, and the gradient of their sum at an image like `photo`."""
        terms, gradient = self._without_depth(image)
        if self.depth is None:
            return terms, gradient
        terms[-1], slope = self.depth(image)
        return terms, gradient.add_(slope)

    def _without_depth(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """All terms (7,) but the last, which is 0 here, and the gradient of their sum."""
        if len(self.parts) == 1:
            maps, backward = self.measure.vjp(image)
            samples = self._samples(maps, self.parts[0])
            style, slopes = self._style({key: sample.read for key, sample in samples.items()})
            others, gradient = self._backward(image, self.parts[0], maps, backward, samples, slopes)
            return torch.cat([style[None], others, others.new_zeros(1)]), gradient
        style, slopes = self._style(self._gathered(image))
        terms, gradient = image.new_zeros(len(TERMS)), torch.zeros_like(image)
        for part in self.parts:
            view = image[(..., *part.tile.seen)]
            maps, backward = self.measure.vjp(view)
            others, slope = self._backward(view, part, maps, backward, self._samples(maps, part, again=True), slopes)
            gradient[(..., *part.tile.seen)] += slope
            terms[1:-1] += others
        terms[0] = style
        return terms, gradient

    def _samples(self, maps: Mapping[str, Tensor], part: _Part, again: bool = False) -> dict[Key, _Sample]:
        """What the style loss reads of one tile; `again`: it was read before, and only the way back is wanted."""
        found = {}
        for n, tap in self.keys:
            features, mask = maps[tap], part.masks[n, tap]
            if not self.measure.loss.additive:
                found[n, tap] = _Sample(Map(features, mask), features)
                continue
            features = precise(features) if self.measure.mean else features
            weighted = weigh(features, mask)
            second = weighted if again else second_moment(features, weighted)
            first = first_moment(weighted) if self.measure.mean and not again else second[0]
            found[n, tap] = _Sample(Moments(second, first, self.weights[n, tap]), weighted)
        return found

    def _gathered(self, image: Tensor) -> dict[Key, Moments | Map]:
        """What the style loss reads of the whole picture: all tiles' moments, added up."""
        sums: dict[Key, list[Tensor]] = {}
        for part in self.parts:
            samples = self._samples(self.measure.features(image[(..., *part.tile.seen)]), part)
            for key, (read, _) in samples.items():
                sums[key] = [a + b for a, b in zip(sums[key], read[:2], strict=True)] if key in sums else [*read[:2]]
        return {key: Moments(second, first, self.weights[key]) for key, (second, first) in sums.items()}

    def _style(self, samples: Mapping[Key, Moments | Map]) -> tuple[Tensor, dict[Key, Slope]]:
        """The style loss, and its gradients by what it reads."""
        loss = self.measure.loss
        values: list[Tensor] = []
        slopes: dict[Key, Slope] = {}
        for key, sample in samples.items():
            wanted = self.targets[key[0]][key[1]]
            if loss.slope:
                found = [(share, loss.slope(sample, target)) for share, target in wanted]
                values += [share * value for share, (value, *_) in found]
                each = zip(*([share * slope for slope in gradients] for share, (_, *gradients) in found), strict=True)
                slopes[key] = tuple(reduce(torch.add, some) for some in each)
                continue
            leaves = [
                leaf.detach().requires_grad_() for leaf in (sample[:1] if isinstance(sample, Map) else sample[:2])
            ]
            with torch.enable_grad():
                read = _reading(sample, leaves)
                value = torch.stack([share * loss.measure(read, target) for share, target in wanted]).sum()
            slopes[key] = torch.autograd.grad(value, leaves, allow_unused=True)
            values.append(value.detach())
        return torch.stack(values).sum(), slopes

    def _backward(
        self,
        view: Tensor,
        part: _Part,
        maps: Mapping[str, Tensor],
        backward: Callable[[AddGradient], Tensor],
        samples: Mapping[Key, _Sample],
        slopes: Mapping[Key, Slope],
    ) -> tuple[Tensor, Tensor]:
        """All terms of one tile but the style, weighted (5,), and its gradient with the style's."""
        change = {tap: precise(maps[tap]) - precise(wanted) for tap, wanted in part.content.items()}
        kept = {tap: one * part.content_masks[tap] for tap, one in change.items()}

        def add_gradient(tap: str, gradient: Tensor) -> None:
            for n in range(len(self.targets)):
                if (key := (n, tap)) not in samples:
                    continue
                if self.measure.loss.additive:
                    moments_backward(gradient, samples[key].weighted, part.masks[key], *slopes[key])
                elif (slope := slopes[key][0]) is not None:
                    gradient += slope
            if tap in kept:
                gradient.add_(kept[tap], alpha=2)

        gradient = backward(add_gradient).contiguous()
        content = torch.stack([one.mul_(kept[tap]).sum() for tap, one in change.items()]).sum()
        smooth, beyond = self._pixels(view, part, gradient)
        edges = self._edges(view, part, gradient)
        borders = self._borders(view, part, gradient)
        return torch.stack([content, edges, borders, smooth, beyond]), gradient

    def _pixels(self, view: Tensor, part: _Part, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Smoothness and range of a tile's own pixels; their gradients are added.

        Squared steps from pixel to pixel, and their length by a Charbonnier function: this wears away the grain of
        plain areas, and unlike the square leaves the borders of strokes as steep as they are.
        """
        rows, columns = part.tile.inside
        smooth, steps, pixels = view.new_zeros(()), view.new_zeros(()), self.pixels
        rate, grain = self.measure.weights.total_variation / pixels, 3 * self.measure.weights.grain / pixels
        own, here = view[..., rows, columns], gradient[..., rows, columns]
        below, beside = slice(rows.start, rows.stop + 1), slice(columns.start, columns.stop + 1)
        for dim, area in ((2, (below, columns)), (3, (rows, beside))):  # one beyond its own, if there is one
            reach, slope = view[(..., *area)], gradient[(..., *area)]
            rise = reach.diff(dim=dim)
            slope.narrow(dim, 1, rise.shape[dim]).add_(rise, alpha=2 * rate)
            slope.narrow(dim, 0, rise.shape[dim]).sub_(rise, alpha=2 * rate)
            if grain:
                length = (rise.square().sum(1, keepdim=True) + GRAIN**2).sqrt_()
                unit = rise / length
                slope.narrow(dim, 1, rise.shape[dim]).add_(unit, alpha=grain)
                slope.narrow(dim, 0, rise.shape[dim]).sub_(unit, alpha=grain)
                steps += (length - GRAIN).sum()
            smooth += rise.square_().sum()
        beyond = own - own.clamp(0, 1)
        rate_beyond = self.measure.weights.range / pixels
        here.add_(beyond, alpha=2 * rate_beyond)
        return smooth * rate + steps * grain, beyond.square_().sum() * rate_beyond

    def _edges(self, view: Tensor, part: _Part, gradient: Tensor) -> Tensor:
        """What is lost of a tile's edges; its gradient is added."""
        if part.edges is None:
            return view.new_zeros(())
        area, targets = part.edges
        rate = self.measure.weights.edges * self.likeness
        error, slope = edge_slope(view[(..., *area)], targets)
        for channel, share in enumerate(LUMA):
            gradient[(..., *area)][:, channel : channel + 1].add_(slope, alpha=rate * share)
        return rate * error

    def _borders(self, view: Tensor, part: _Part, gradient: Tensor) -> Tensor:
        """What is missing at a tile's borders in depth; its gradient is added."""
        if part.borders is None:
            return view.new_zeros(())
        with torch.enable_grad():
            leaf = view.detach().requires_grad_()
            error = self.measure.weights.borders * border_error(leaf, part.borders)
        gradient += torch.autograd.grad(error, leaf)[0]
        return error.detach()


def _reading(sample: Moments | Map, leaves: Sequence[Tensor]) -> Moments | Map:
    """A sample whose values are leaves, to be differentiated by."""
    if isinstance(sample, Map):
        return Map(leaves[0], sample.mask)
    return Moments(leaves[0], leaves[1], sample.weight)


def _edges_within(edges: Edges, face: Tensor, tile: Tile) -> tuple[Area, Edges] | None:
    """Where a tile is to see faces of its own, counted from where its sight begins, and what it is to see there."""
    held = face[(..., *tile.own)][0, 0] > 0
    if not bool(held.any()):
        return None
    spans = []
    for dim, seen, own in zip((1, 0), tile.seen, tile.own, strict=True):
        at = held.any(dim).nonzero().flatten()
        first = (own.start + int(at[0])) // UNIT * UNIT
        stop = min(own.stop, -(-(own.start + int(at[-1]) + 1) // UNIT) * UNIT)
        spans.append((slice(first, min(seen.stop, stop + UNIT)), slice(first, stop)))
    (down, rows), (across, columns) = spans
    targets = tile_targets(edges, (down, across), (rows, columns))
    top, left = tile.seen[0].start, tile.seen[1].start
    return (slice(down.start - top, down.stop - top), slice(across.start - left, across.stop - left)), targets


def _spread(part: _Part, maps: Mapping[str, Tensor]) -> _Part:
    """The part with its masks repeated for every channel: read at every step, this is faster."""

    def wide(mask: Tensor, like: Tensor) -> Tensor:
        return mask.expand_as(like).contiguous(memory_format=torch.channels_last)

    masks = {key: wide(mask.to(maps[key[1]].dtype), maps[key[1]]) for key, mask in part.masks.items()}
    content = {tap: wide(mask, part.content[tap]) for tap, mask in part.content_masks.items()}
    return replace(part, masks=masks, content_masks=content)
