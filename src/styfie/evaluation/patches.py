"""How far a picture is from its styles by patches of plain pixels, which needs no network."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.images import read_picture, resize, to_image

Part = tuple[Tensor, Tensor]  # a style (1, 3, H, W), and how much it counts at each pixel of the result (1, 1, h, w)
SIDES = (3, 5, 9)  # of patches, in pixels
DIRECTIONS = 64  # that patches of each size are projected on
PLACES = 30_000  # at about so many places of a picture, evenly spread
QUANTILES = 1024  # of the projections, that are compared
PATCH_SIDE = 512  # longest side at which patches are cut out


def patch_distance(result: Tensor, parts: Iterable[Part]) -> float:
    """Sliced Wasserstein distance of plain pixel patches of 3, 5 and 9 pixels: the mean, by how large the parts are.

    Patches are projected on the same random directions of length 1; the mean squared difference of the projections'
    quantiles is taken. Where a Gram matrix is content with relief of the right energy, patches want strokes.
    """
    parts, seen, total = list(parts), at_longest(result, PATCH_SIDE), 0.0
    for style, weight in parts:
        here = resize(weight, (seen.shape[-2], seen.shape[-1]))
        wanted = at_longest(style, PATCH_SIDE)
        all_of_it = torch.ones_like(wanted[:, :1])
        sides = (_quantiles(seen, here, side) - _quantiles(wanted, all_of_it, side) for side in SIDES)
        total += float(weight.mean()) * sum(float(change.square().mean()) for change in sides) / len(SIDES)
    return total / sum(float(weight.mean()) for _, weight in parts)


def at_longest(picture: Tensor, longest: int) -> Tensor:
    """A picture (1, 3, H, W) at a longest side of so many pixels, as if it were read from a file."""
    return read_picture(to_image(picture), longest)


def _quantiles(picture: Tensor, weight: Tensor, side: int) -> Tensor:
    """Quantiles (DIRECTIONS, QUANTILES) of the projected patches whose middle is inside."""
    generator = torch.Generator().manual_seed(side)
    directions = torch.randn(DIRECTIONS, 3 * side * side, generator=generator)
    kernels = F.normalize(directions, dim=1).view(DIRECTIONS, 3, side, side)
    inside = (weight[..., side // 2 : -(side // 2), side // 2 : -(side // 2)].flatten() > 0.5).nonzero().flatten()
    some = inside[:: max(1, len(inside) // PLACES)]
    projected = F.conv2d(picture, kernels).flatten(2)[0][:, some].sort(1).values
    count = len(some)
    at = ((torch.arange(QUANTILES) + 0.5) / QUANTILES * count).long().clamp(max=count - 1)
    return projected[:, at]
