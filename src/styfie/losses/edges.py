"""Edges that stay: a painting keeps the photo's steps of light and dark where a weight says so, as on faces.

Squared differences of luma gradients at several scales. Under full weight no stroke is left that the photo has not: for
borders in depth, which are to stand out between strokes, see `losses.borders`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import luma_of

SCALES = 3  # the picture's own and two halvings: steps up to about eight pixels wide
UNIT = 2 ** (SCALES - 1)  # tiles begin at multiples of so many pixels, and see so many beyond their own
FLAT = 0.02  # luma step from pixel to pixel below which a photo counts as having no edges


class Edges(NamedTuple):
    """What a picture is compared with: `luma` (1, 1, H, W) of the photo, and per scale the weight of each position.

    The weights are divided by the photo's own gradient energy under them, once and for the whole picture, so that what
    is left is a sum over positions that adds up over tiles.
    """

    luma: Tensor
    weights: tuple[Tensor, ...]


def edge_targets(photo: Tensor, weight: Tensor) -> Edges:
    """Prepare a photo (1, 3, H, W) and a weight (1, 1, H, W) in [0, 1] to compare paintings with.

    Where the photo is flatter than `FLAT`, as a grey card is, the divisor is what that would give.
    """
    luma = level = luma_of(photo)
    weights = []
    for _ in range(SCALES):
        down, across = (_slope(level, dim).square() for dim in (2, 3))
        energy = (_inner(weight, 2) * down).sum() + (_inner(weight, 3) * across).sum()
        least = FLAT**2 * weight.sum()
        weights.append(weight / (SCALES * torch.maximum(energy, least)).clamp_min(1e-12))
        level, weight = _halve(level), _halve(weight)
    return Edges(luma, tuple(weights))


def edge_error(picture: Tensor, targets: Edges) -> Tensor:
    """Weighted sum over positions and scales of |gradient of the picture's luma - of the photo's|^2, a scalar.

    For a picture (1, 3, H, W): 0 when its edges are the photo's, 1 when it has none. Gradients and averages are linear,
    so they are taken of the difference.
    """
    level = luma_of(picture) - targets.luma
    total = level.new_zeros(())
    for i, weight in enumerate(targets.weights):
        level = _halve(level) if i else level
        for dim in (2, 3):
            total = total + (_slope(level, dim).square() * _inner(weight, dim)).sum()
    return total


@torch.no_grad()
def edge_slope(picture: Tensor, targets: Edges) -> tuple[Tensor, Tensor]:
    """`edge_error`, and its gradient (1, 1, H, W) by the picture's luma, without autograd."""
    levels = [luma_of(picture) - targets.luma]
    for _ in targets.weights[1:]:
        levels.append(_halve(levels[-1]))
    total, gradient = levels[0].new_zeros(()), torch.zeros_like(levels[-1])
    for i in reversed(range(len(levels))):
        level, weight = levels[i], targets.weights[i]
        for dim in (2, 3):
            rise = _slope(level, dim)
            pull = rise * _inner(weight, dim)
            total += (rise * pull).sum()
            gradient.narrow(dim, 1, rise.shape[dim]).add_(pull, alpha=2)
            gradient.narrow(dim, 0, rise.shape[dim]).sub_(pull, alpha=2)
        if i:
            back = torch.ops.aten.avg_pool2d_backward
            gradient = back(gradient, levels[i - 1], [2, 2], [2, 2], [0, 0], True, False, None)
    return total, gradient


def edge_loss(picture: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """How much of the edges of `target` is lost in `picture`, both (1, 3, H, W), under a weight (1, 1, H, W)."""
    return edge_error(picture, edge_targets(target, weight))


def tile_targets(targets: Edges, seen: tuple[slice, slice], own: tuple[slice, slice]) -> Edges:
    """The targets for one tile: the errors of tiles whose `own` rows and columns part the picture add up to the whole.

    `seen` are the rows and columns of the picture that the tile is given. All slices begin at multiples of `UNIT` and
    end there or with the picture; below and to the right, `seen` reaches at least `UNIT` pixels beyond `own`.
    """
    weights = tuple(_tile_part(weight, seen, own, 2**i) for i, weight in enumerate(targets.weights))
    return Edges(targets.luma[..., seen[0], seen[1]], weights)


def _tile_part(weight: Tensor, seen: tuple[slice, slice], own: tuple[slice, slice], factor: int) -> Tensor:
    """What a tile sees of a map that is `factor` times smaller than the picture, 0 outside its own."""
    if any(s.start % UNIT or o.start % UNIT for s, o in zip(seen, own, strict=True)):
        raise ValueError(f"tiles begin at {seen} and {own}: multiples of {UNIT} are wanted")
    (top, left), (rows, columns) = (_at_scale(part, factor) for part in (seen, own))
    down, across = (slice(o.start - s.start, o.stop - s.start) for o, s in ((rows, top), (columns, left)))
    kept = torch.zeros_like(weight[..., top, left])  # of the tile's size: many tiles are held at a time
    kept[..., down, across] = weight[..., rows, columns]
    return kept


def _slope(level: Tensor, dim: int) -> Tensor:
    """What each position rises to the next one along a dimension, which has one position less."""
    size = level.shape[dim] - 1
    return level.narrow(dim, 1, size) - level.narrow(dim, 0, size)


def _inner(weight: Tensor, dim: int) -> Tensor:
    """The weights of the positions that have a next one."""
    return weight.narrow(dim, 0, weight.shape[dim] - 1)


def _halve(level: Tensor) -> Tensor:
    """The mean of each 2x2 pixels, of as many as there are at the end of an odd side."""
    return F.avg_pool2d(level, 2, ceil_mode=True, count_include_pad=False)


def _at_scale(part: tuple[slice, slice], factor: int) -> tuple[slice, slice]:
    rows, columns = (slice(one.start // factor, -(-one.stop // factor)) for one in part)
    return rows, columns
