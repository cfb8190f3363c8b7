"""How far a region's features are from a style's: the ways of measuring it.

Every measure is of one feature map and relative to the style: 0 when both are equal, about 1 for an unrelated
picture, so that no layer needs a weight of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.losses.moments import TINY, Moments
from styfie.losses.wasserstein import Gaussian, wasserstein_loss, wasserstein_slope, wasserstein_target


class Map(NamedTuple):
    """`features` (1, C, H, W) of any float type, and `mask` (1, 1, H, W), the positions' weights in [0, 1]."""

    features: Tensor
    mask: Tensor


Sample = TypeVar("Sample", Moments, Map)
Target = TypeVar("Target")


@dataclass(frozen=True)
class StyleLoss(Generic[Sample, Target]):
    """One way of measuring style.

    `prepare` takes the style picture's sample, once and without gradient; `measure` takes the painting's and what
    `prepare` gave, to a scalar that can be differentiated by the sample. A sample is `Moments` if the loss is
    `additive` (they add up over tiles), else a `Map`. `slope`, if it is known, gives the same scalar and its gradients
    by `Moments.second` and, if it depends on that, by `Moments.first`. `means`: whether it asks for means, and
    with them for covariances, which are small differences and have to be summed precisely.
    """

    prepare: Callable[[Sample], Target]
    measure: Callable[[Sample, Target], Tensor]
    slope: Callable[[Sample, Target], tuple[Tensor, *tuple[Tensor, ...]]] | None = None
    additive: bool = True
    means: bool = True


# Sliced: maps of up to EXACT positions are sorted, larger ones counted into BINS.
EXACT, BINS = 4096, 1024
STYLE_POSITIONS = 65_536  # of a style, at most
LEVELS = 1024  # weights are whole numbers up to this, so that their sums are exact in any order
BLOCK = 2**20  # values worked on at a time
NOISE = 65_521  # a prime: its repetition falls in step with no picture's width

# Patches: of PATCH x PATCH, at most STYLE_PATCHES of a style.
PATCH, STYLE_PATCHES = 3, 1024


@torch.no_grad()
def _gram_target(style: Moments) -> tuple[Tensor, Tensor]:
    return style.gram, style.gram.square().sum().clamp_min(1e-12)


def _gram_loss(sample: Moments, target: tuple[Tensor, Tensor]) -> Tensor:
    """`relative_gram_loss`, with what does not change computed once."""
    wanted, power = target
    return (sample.gram - wanted).square().sum() / power


def _gram_slope(sample: Moments, target: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    wanted, power = target
    change = sample.gram - wanted
    return change.square().sum() / power, change * (2 / (power * sample.weight.clamp_min(1e-6)))


class Slices(NamedTuple):
    """Of a style: unit `directions` (C, C) in rows, `quantiles` (C, K) along each, `power` () the mean square.

    `noise` (N,) in [0, 1) puts positions of equal value into a fixed random order.
    """

    directions: Tensor
    quantiles: Tensor
    power: Tensor
    noise: Tensor


def _positions(sample: Map) -> tuple[Tensor, Tensor]:
    """Features (n, C) in float32, and the positions' weights (n,) as whole numbers, the largest `LEVELS`."""
    flat, mask = sample.features.permute(0, 2, 3, 1).flatten(0, 2), sample.mask.detach().flatten()
    weights = (mask * (LEVELS / mask.amax().clamp_min(TINY))).round().long()
    return flat if flat.dtype == torch.float64 else flat.float(), weights


def _stratified(count: int, limit: int) -> Tensor:
    """Up to `limit` of `count` positions: one from each of as many equal runs, at a fixed random place in it."""
    kept = min(count, limit)
    place = torch.rand(kept, generator=torch.Generator().manual_seed(count), dtype=torch.float64)
    return ((torch.arange(kept) + place) * (count / kept)).long().clamp_max(count - 1)


@torch.no_grad()
def _sliced_target(style: Map) -> Slices:
    flat, weights = _positions(style)
    inside = weights.nonzero().flatten()
    inside = inside if len(inside) else torch.arange(len(flat), device=flat.device)  # an empty mask: all of it
    inside = inside[_stratified(len(inside), STYLE_POSITIONS).to(inside.device)]
    flat, weights = flat[inside], weights[inside].clamp_min(1)
    seeded = torch.Generator().manual_seed(flat.shape[1])
    directions = torch.linalg.qr(torch.randn(flat.shape[1], flat.shape[1], generator=seeded))[0].to(flat)
    noise = torch.rand(NOISE, generator=seeded).to(flat)
    share = (weights / weights.sum()).to(flat)
    power = (flat.square().sum(1) * share).sum()
    values, order = (directions @ flat.T).sort(1)
    quantiles = _read_quantiles(values, weights[order], min(len(flat), EXACT))
    return Slices(directions, quantiles, power.clamp_min(TINY), noise)


def _middles(weights: Tensor) -> Tensor:
    """Quantile in (0, 1) of each of the positions whose weights (D, n), whole numbers, stand in order of value."""
    sums = weights.cumsum(1)
    return (sums - 0.5 * weights) / sums[:, -1:].clamp_min(1)


def _read_quantiles(values: Tensor, weights: Tensor, count: int) -> Tensor:
    """`count` evenly spaced quantiles (D, count) of sorted `values` (D, n), linear between the values' own."""
    known = _middles(weights).to(values)
    wanted = ((torch.arange(count, device=values.device) + 0.5) / count).to(values).expand(len(values), -1).contiguous()
    above = torch.searchsorted(known, wanted).clamp(1, max(1, values.shape[1] - 1)).clamp_max(values.shape[1] - 1)
    below = (above - 1).clamp_min(0)
    left, right = known.gather(1, below), known.gather(1, above)
    share = ((wanted - left) / (right - left).clamp_min(TINY)).clamp(0, 1)
    return torch.lerp(values.gather(1, below), values.gather(1, above), share)


def _at(quantiles: Tensor, positions: Tensor) -> Tensor:
    """Values (D, n) at the quantiles `positions` (D, n) in [0, 1], of a table of evenly spaced ones."""
    last = quantiles.shape[1] - 1
    place = (positions * (last + 1) - 0.5).clamp(0, last)
    below = place.long()
    share = place - below
    return torch.lerp(quantiles.gather(1, below), quantiles.gather(1, (below + 1).clamp_max(last)), share)


def _sort_ranks(values: Tensor, weights: Tensor, noise: Tensor) -> Tensor:
    """Quantile (D, n) in (0, 1) of every one of `values` (D, n) in its row; equal ones in random order."""
    shuffled = noise[: values.shape[1]].argsort()
    order = shuffled[values[:, shuffled].argsort(stable=True, dim=1)]
    return torch.empty_like(values).scatter_(1, order, _middles(weights[order]).to(values))


def _count_ranks(values: Tensor, weights: Tensor, noise: Tensor) -> Tensor:
    """The same by counting, in a fraction of the time: values of one bin, too, stand in random order."""
    share = (weights / weights.sum().clamp_min(1)).to(values)
    centred = values - (values @ share)[:, None]
    deviation = (centred.square() @ share).sqrt().clamp_min(TINY)[:, None]
    # Softsign: fine bins in the middle, and no end to them.
    place = F.softsign(centred.div_(deviation)).add_(1).mul_(BINS / 2).long().clamp_(0, BINS - 1)
    counts = torch.zeros(len(values), BINS, dtype=weights.dtype, device=values.device)
    sums = F.pad(counts.scatter_add_(1, place, weights.expand_as(place)).cumsum(1), (1, 0))
    edges = (sums / sums[:, -1:].clamp_min(1)).to(values)
    noise = noise.repeat(-(-values.shape[1] // NOISE))[: values.shape[1]]
    return torch.lerp(edges.gather(1, place), edges.gather(1, place + 1), noise)


def _sliced_loss(sample: Map, target: Slices) -> Tensor:
    """Squared 2-Wasserstein distances along directions, summed, over the style's mean square (Heitz et al. 2021).

    Along each direction every position is drawn to the style's value of the same quantile. Departures: the C
    directions are orthonormal and stay the same from step to step, where the paper draws new ones; maps of more than
    4096 positions are ranked by counting into 1024 bins; positions are weighted.
    """
    flat, weights = _positions(sample)
    values = target.directions @ flat.T
    with torch.no_grad():
        wanted, rows = torch.empty_like(values), max(1, BLOCK // len(flat))
        rank = _sort_ranks if len(flat) <= EXACT else _count_ranks
        for few, table, out in zip(values.split(rows), target.quantiles.split(rows), wanted.split(rows), strict=True):
            out.copy_(_at(table, rank(few, weights, target.noise)))
        share = (weights / weights.sum().clamp_min(1)).to(values)
    return ((values - wanted).square().sum(0) * share).sum() / target.power


class Patches(NamedTuple):
    """Of a style: `patches` (9 C, K), `squares` (9, K) of each at each of its places, mean square `power` () of all."""

    patches: Tensor
    squares: Tensor
    power: Tensor


def _cut(x: Tensor, stride: int) -> Tensor:
    """All patches (C, 9, L) of x (1, C, H, W), a `stride` apart."""
    return F.unfold(x, PATCH, stride=stride).view(x.shape[1], PATCH**2, -1)


def _fit(size: int, stride: int) -> int:
    """Positions that a side lacks for patches to cover it."""
    return max(PATCH - size, 0) or (PATCH - size) % stride


@torch.no_grad()
def _patches_target(style: Map) -> Patches:
    features = style.features if style.features.dtype == torch.float64 else style.features.float()
    missing = (0, _fit(features.shape[-1], 1), 0, _fit(features.shape[-2], 1))
    cut = _cut(F.pad(features, missing, mode="replicate"), 1).flatten(0, 1)
    mask = _cut(F.pad(style.mask, missing, mode="replicate").to(features), 1)[0]
    whole = mask.amin(0) + 1e-3 * mask[PATCH**2 // 2]  # where a style is thinner than a patch, those that meet it
    usable = (whole >= 0.5 * whole.max()).nonzero().flatten()
    usable = usable[_stratified(len(usable), STYLE_PATCHES).to(usable.device)]
    patches = cut[:, usable].contiguous()
    squares = patches.view(-1, PATCH**2, len(usable)).square().sum(0)
    return Patches(patches, squares, squares.mean().clamp_min(TINY))


def _nearest(patches: Tensor, mask: Tensor, target: Patches) -> Tensor:
    """For each patch (9 C, L), seen through its mask (9, L), the style's patch (L,) of largest cross-correlation."""
    length = (mask.T @ target.squares).add_(1e-6 * target.power).rsqrt_()
    return (patches.T @ target.patches).mul_(length).argmax(1)


def _patches_loss(sample: Map, target: Patches) -> Tensor:
    """Mean squared distance of patches to their nearest of the style, over the style's mean square (Li and Wand 2016).

    Nearest is what correlates best, normalised. Departures: a patch is compared only where its mask is, so that
    narrow regions have patches too; of a style 1024 patches are known; patches of the painting are 2 apart from 4096
    positions and 3 apart from 16384 on, and still cover every one. 0 when equal therefore only on maps of up to 1024
    patches.
    """
    features = sample.features if sample.features.dtype == torch.float64 else sample.features.float()
    height, width = features.shape[-2:]
    stride = 1 + (height * width > EXACT) + (height * width > 4 * EXACT)
    missing = (0, _fit(width, stride), 0, _fit(height, stride))
    cut = _cut(F.pad(features, missing, mode="replicate"), stride)
    mask = _cut(F.pad(sample.mask.detach().to(features), missing), stride)
    total, few = features.new_zeros(()), max(1, BLOCK // target.patches.shape[1])
    for patches, weights in zip(cut.split(few, 2), mask.split(few, 2), strict=True):
        with torch.no_grad():
            found = _nearest((patches * weights).flatten(0, 1), weights[0], target)
            wanted = target.patches[:, found].view_as(patches)
        total = total + ((patches - wanted).square() * weights).sum()
    return total / mask.sum().clamp_min(1e-6) / target.power


GRAM = StyleLoss[Moments, tuple[Tensor, Tensor]](_gram_target, _gram_loss, _gram_slope, means=False)
WASSERSTEIN = StyleLoss[Moments, Gaussian](wasserstein_target, wasserstein_loss, wasserstein_slope)
SLICED = StyleLoss[Map, Slices](_sliced_target, _sliced_loss, additive=False)
PATCHES = StyleLoss[Map, Patches](_patches_target, _patches_loss, additive=False)
