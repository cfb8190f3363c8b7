"""Strokes being optimised: what is free of them, and one step of all of them on a canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from styfie.engines.strokes.brushes import Brush
from styfie.engines.strokes.drawing import Strokes
from styfie.engines.strokes.raster import BAR, REACH, Batch, Tiles, blend, coverage, locate, reached
from styfie.engines.strokes.whole import Whole

TILE_SIZE = 8  # pixels of a tile
EVERY = 5  # updates that the gradient of a loss of the whole picture serves for


@dataclass(frozen=True)
class StrokeOptions:
    """What is not asked of a run; lengths are in widths of the level's strokes."""

    strokes: int = 1500  # of all regions, at `Look.stroke` 1 and whatever size
    updates: int = 3  # of every stroke per step of `Settings`
    finish: float = 1.0  # of a level's updates, that all strokes together get at the end
    pixels: float = 7.0  # of a stroke's width at the size that its level is optimised at
    softness: tuple[float, float] = (3.0, 0.4)  # of a stroke's edge in pixels, at a level's beginning and end
    shift: float = 0.06  # step of places and sizes
    tint: float = 0.015  # step of colours, in [0, 1]
    bare: float = 0.15  # what ground that shows costs, as an error of its colour
    face: float = 3.0  # how much more errors count on a face of full likeness
    transport: float = 0.0  # weight of the transport loss of the whole picture
    style: float = 0.0  # and of the distance of Gram matrices, beside the mean error of a pixel


class Work:
    """A canvas (1, 3, H, W), what is to be on it, how much that counts (1, 1, H, W), and which strokes reach where.

    `bare` is what ground that shows costs. Gradients of the `wholes` are of the canvas as it was up to `EVERY` updates
    before: tiles are painted one after another, and the whole is there only when all are.
    """

    def __init__(self, target: Tensor, weight: Tensor, canvas: Tensor, bare: float, wholes: Sequence[Whole]) -> None:
        self.tiles = Tiles((target.shape[-2], target.shape[-1]), TILE_SIZE)
        self.target, self.weight, self.canvas = (self.tiles.cut(one) for one in (target, weight, canvas))
        self.total = 3 * self.weight.sum().clamp_min(1e-6)
        self.bare, self.wholes = bare, wholes
        self.batches: list[Batch] = []
        self.aside = 0.0  # the error where no stroke is
        self.gradient: Tensor | None = None  # the wholes' gradient, in tiles
        self.updates = 0

    def look_for(self, free: Free, softness: float) -> None:
        """Which tiles the strokes reach now."""
        self.batches = reached(free.brush.family, free.shape.detach(), self.tiles, REACH * softness / 2 + 2)
        rest = (self.weight * (self.target - self.canvas).abs()).sum((1, 2))
        touched = torch.cat([b.tiles for b in self.batches]) if self.batches else torch.zeros(0, dtype=torch.long)
        self.aside = float(rest.sum() - rest[touched].sum())

    def descend(self, free: Free, softness: float) -> float:
        """Add the loss's gradient to what is free; the mean error of a pixel, with ground that shows."""
        loss, made = self.aside, self.canvas.clone() if self.wholes else None
        for batch in self.batches:
            at = batch.tiles
            alpha, along = free.drawn(batch, self.tiles, softness)
            painted, seen = blend(self.canvas[at], alpha, free.start[batch.strokes], free.end[batch.strokes], along)
            part = (self.weight[at] * (painted - self.target[at]).abs()).sum()
            if self.bare:
                part = part + self.bare * (self.weight[at, 0] * (1 - seen.sum(1))).sum()
            loss += float(part.detach())
            part = part / self.total
            if made is not None:
                made[at] = painted.detach()
                part = part if self.gradient is None else part + (self.gradient[at] * painted).sum()
            part.backward()
        if made is not None and self.updates % EVERY == 0:
            self.gradient = self._gradient_in_tiles(made)
        self.updates += 1
        return loss / float(self.total)

    def _gradient_in_tiles(self, made: Tensor) -> Tensor:
        """The gradient of the losses of the whole picture, given in tiles, by its pixels."""
        picture = self.tiles.join(made).requires_grad_()
        (gradient,) = torch.autograd.grad(torch.stack([whole(picture) for whole in self.wholes]).sum(), picture)
        return self.tiles.cut(gradient)


class Free:
    """Strokes that are being optimised: shapes as moves from where they began, in widths, so that steps fit them."""

    def __init__(self, first: Strokes, widths: Tensor, options: StrokeOptions, pace: float) -> None:
        self.first, self.options, self.pace, brush = first, options, pace, first.kind
        self.brush = brush
        one = torch.ones_like(widths)
        if brush.family == BAR:
            self.scale = torch.stack([widths, widths, 1.5 * widths, 0.5 * widths, 0.5 * one, 0.1 * one], 1)
        else:
            self.scale = torch.stack([*[widths] * 6, 0.25 * widths, 0.25 * widths], 1)
        self.widths = widths
        self.moves = torch.zeros_like(first.shape).requires_grad_()
        self.start, self.end = (c.clone().requires_grad_() for c in (first.start, first.end))
        self.opacity = first.opacity.clone().requires_grad_()
        tint = options.tint * pace
        self.optimiser = torch.optim.Adam(
            [
                {"params": [self.moves], "lr": options.shift * pace},
                {"params": [self.start, self.end, self.opacity], "lr": tint},
            ],
            betas=(0.8, 0.97),
        )
        self.paces = [group["lr"] for group in self.optimiser.param_groups]

    @property
    def shape(self) -> Tensor:
        """The shapes now."""
        return self.first.shape + self.moves * self.scale

    def drawn(self, batch: Batch, tiles: Tiles, softness: float) -> tuple[Tensor, Tensor]:
        """Alpha and the way along the strokes (T, K, P) of a batch."""
        at = batch.strokes.clamp_min(0)
        shape = self.first.shape[at] + self.moves[at] * self.scale[at]
        local = locate(self.brush.family, shape, tiles.points(batch.tiles))
        opacity = torch.where(batch.strokes < 0, 0, self.opacity[at])[..., None]
        return opacity * coverage(local.distance, softness * tiles.pixel), local.along

    def update(self, pace: float) -> None:
        """One step of Adam, then back within what the brush can do."""
        for group, own in zip(self.optimiser.param_groups, self.paces, strict=True):
            group["lr"] = own * pace
        if not self.brush.two_colours and self.start.grad is not None and self.end.grad is not None:
            both = self.start.grad + self.end.grad
            self.start.grad, self.end.grad = both, both.clone()
        self.optimiser.step()
        self.optimiser.zero_grad()
        with torch.no_grad():
            self.start.clamp_(0, 1)
            self.end.clamp_(0, 1)
            self.opacity.clamp_(*self.brush.opacity)
            self.moves.copy_((clamp_shape(self.brush, self.shape, self.widths) - self.first.shape) / self.scale)

    def strokes(self) -> Strokes:
        """As they are now."""
        start, end, opacity = (one.detach().clone() for one in (self.start, self.end, self.opacity))
        return replace(self.first, shape=self.shape.detach(), start=start, end=end, opacity=opacity)


def clamp_shape(brush: Brush, shape: Tensor, widths: Tensor) -> Tensor:
    """Shapes within what the brush can do, with a width from half to 1.6 times the level's."""
    least, most = brush.length
    if brush.family == BAR:
        x, y, length, width, angle, bend = shape.unbind(1)
        width = width.clamp(0.5 * widths, 1.6 * widths)
        length = torch.minimum(torch.maximum(length, least * width), most * widths)
        return torch.stack([x, y, length, width, angle, bend.clamp(-brush.bend, brush.bend)], 1)
    ends, radii = shape[:, :6].unflatten(1, (3, 2)), shape[:, 6:]
    radii = torch.minimum(torch.maximum(radii, 0.2 * widths[:, None]), 0.8 * widths[:, None])
    if not brush.two_colours:
        radii = radii.mean(1, keepdim=True).expand(-1, 2)
    middle = ends.mean(1, keepdim=True)
    chord = (ends[:, 2] - ends[:, 0]).norm(dim=1).clamp_min(1e-6)
    wanted = torch.minimum(torch.maximum(chord, (least - 1) * widths), (most - 1) * widths)
    ends = middle + (ends - middle) * (wanted / chord)[:, None, None]
    return torch.cat([ends.flatten(1), radii], 1)
