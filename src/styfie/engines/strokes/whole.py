"""Losses of the whole painting, besides the error of each pixel: transport and style.

They are options (`Painter.transport`, `Painter.style`), 0 by default: see docs/without-networks.md for what they did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.encoders import Encoder
from styfie.images import fit_size, resize
from styfie.looks import Style
from styfie.losses.functional import gram, relative_gram_loss

Whole = Callable[[Tensor], Tensor]
"""A picture (1, 3, H, W) to a loss that counts beside the mean error of a pixel."""

GRID = 24  # cells along the longest side between which mass is transported
EPSILON, TURNS = 0.01, 5  # of Sinkhorn's entropy, on the unit square, and of its iterations
SEEN = 160  # pixels along the longest side at which styles are compared
MIN_MASS = 1e-6  # mass of a cell


def transport_cost(mass: Tensor, other: Tensor, cost: Tensor, epsilon: float = EPSILON, turns: int = TURNS) -> Tensor:
    """What it costs to move masses (B, N) to others (B, N), each summing to 1, by a cost (N, N): (B).

    Sinkhorn's iterations in the log domain (Cuturi 2013); with an entropy of 0 and endless turns it would be exact.
    """
    rows, columns = torch.zeros_like(mass), torch.zeros_like(mass)
    for _ in range(turns):
        rows = epsilon * (mass.log() - ((columns[:, None] - cost) / epsilon).logsumexp(2))
        columns = epsilon * (other.log() - ((rows[:, :, None] - cost) / epsilon).logsumexp(1))
    plan = ((rows[:, :, None] + columns[:, None] - cost) / epsilon).exp()
    return (plan * cost).sum((1, 2))


def grid_cost(height: int, width: int) -> Tensor:
    """Squared distances (N, N) between the middles of a grid's cells, the longest side 1."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    places = torch.stack([y, x], -1).reshape(-1, 2) / max(height, width)
    return torch.cdist(places, places).square()


def transport_to(target: Tensor, band: Tensor, weight: float) -> Whole:
    """The transport loss of Zou et al. (2020) to a target (1, 3, H, W) within a band (1, 1, H, W).

    Departure: each channel's mass is moved, theirs is one of them by chance.
    """
    cells = fit_size((target.shape[-2], target.shape[-1]), GRID)
    cost = grid_cost(*cells)

    def mass(picture: Tensor) -> Tensor:
        small = F.interpolate(picture * band, cells, mode="area")[0].flatten(1) + MIN_MASS
        return small / small.sum(1, keepdim=True)

    wanted = mass(target)
    return lambda picture: weight * transport_cost(mass(picture), wanted, cost).mean()


def style_of(styles: Sequence[Style], encoder: Encoder, band: Tensor, weight: float) -> Whole:
    """How far Gram matrices within a band (1, 1, H, W) are from the styles', by their weights."""
    shares = sum(style.weight for style in styles)
    wanted: dict[str, Tensor] = {}
    with torch.no_grad():
        for style in styles:
            maps = encoder(_seen(style.picture))
            mask = torch.ones_like(style.picture[:, :1]) if style.alpha is None else style.alpha
            for tap in encoder.style_taps:
                found = gram(maps[tap], _pooled(mask, maps[tap])) * (style.weight / shares)
                wanted[tap] = wanted[tap] + found if tap in wanted else found

    def loss(picture: Tensor) -> Tensor:
        maps = encoder(_seen(picture))
        far = [relative_gram_loss(gram(maps[tap], _pooled(band, maps[tap])), one) for tap, one in wanted.items()]
        return weight * torch.stack(far).mean()

    return loss


def _seen(picture: Tensor) -> Tensor:
    return resize(picture, fit_size((picture.shape[-2], picture.shape[-1]), min(SEEN, max(picture.shape[-2:]))))


def _pooled(mask: Tensor, maps: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(mask, (maps.shape[-2], maps.shape[-1]))
