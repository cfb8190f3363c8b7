"""Perceptual losses that painting networks are trained by: those of the optimising engine, and patches of plain pixels.

Wasserstein-2 distances of features' means and covariances, content of the photo in the style's colours, a Charbonnier
term for grain, total variation, range: as `engines.objective`, but differentiated by autograd and of whole pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.encoders import Encoder
from styfie.encoders.loss_weights import PAINTED
from styfie.encoders.plain import halve
from styfie.engines.objective import GRAIN
from styfie.losses import load_loss
from styfie.losses.moments import Moments, moments, precise
from styfie.losses.wasserstein import Gaussian

PATCHES = (3, 5, 9)  # sides of patches, in pixels
DIRECTIONS = 16  # that patches of each size are projected on, other ones at each step
TILES, LEAST_TILE = 4, 8  # on a side at most, in each of which there is to be texture; and cells on a tile's side


@dataclass(frozen=True)
class Lesson:
    """How much the terms of the loss count beside the style's."""

    content: float = 0.2
    half: float = 0.4  # share of the style's that is measured at half the size: large strokes
    patches: float = 1.0  # plain pixels: a network that is content with features makes relief
    local: float = 0.1  # texture everywhere: without it walls stay bare, and edges make up for them
    identity: float = 1.0
    grain: float = PAINTED.grain
    total_variation: float = PAINTED.total_variation
    range: float = PAINTED.range


Targets = Mapping[str, Gaussian]


class PerceptualTargets(NamedTuple):
    """What a style asks for: Gaussians by tap, also at half its size, and the unit () of content by tap."""

    whole: Targets
    half: Targets
    unit: Mapping[str, Tensor]


def perceptual_targets(encoder: Encoder, style: Tensor, maps: Mapping[str, Tensor] | None = None) -> PerceptualTargets:
    """What a style (1, 3, H, W) asks for; `maps` are its features, where they are known."""
    maps = encoder(style) if maps is None else maps
    return PerceptualTargets(style_targets(maps), style_targets(encoder(halve(style))), contrasts(maps))


def painting_terms(
    encoder: Encoder,
    painted: Tensor,
    content_features: Mapping[str, Tensor],
    targets: PerceptualTargets,
    lesson: Lesson,
) -> tuple[dict[str, Tensor], Mapping[str, Tensor]]:
    """Weighted terms () of a painted picture (1, 3, H, W), `content_features` being those whose content it is to have.

    Its own features come with them.
    """
    found = encoder(painted)
    apart = (1 - lesson.half) * style_distance(found, targets.whole)
    if lesson.half:
        apart = apart + lesson.half * style_distance(encoder(halve(painted)), targets.half)
    content = content_distance(found, {tap: content_features[tap] for tap in encoder.content_taps}, targets.unit)
    return {"style": apart, "content": lesson.content * content, **pixel_terms(painted, lesson)}, found


def style_targets(style: Mapping[str, Tensor]) -> Targets:
    """Gaussians of a style's features (1, C, H, W) by tap, as `style_distance` wants them."""
    loss = load_loss("wasserstein")
    return {tap: loss.prepare(_sums(features)) for tap, features in style.items()}


def style_distance(found: Mapping[str, Tensor], targets: Targets) -> Tensor:
    """Wasserstein-2 distance () of features (1, C, H, W) to a style's, summed over taps; differentiable.

    By its closed-form gradient, which takes one decomposition where autograd takes two, and is exact where eigenvalues
    are equal.
    """
    slope = load_loss("wasserstein").slope
    assert slope is not None
    total = next(iter(found.values())).new_zeros((), dtype=torch.float32)
    for tap, features in found.items():
        sample = _sums(features)
        value, *slopes = slope(Moments(*(one.detach() for one in sample)), targets[tap])
        by_second, by_first = slopes
        # Worth nothing, and of the right gradient.
        change = by_second * (sample.second - sample.second.detach())
        moved = by_first * (sample.first - sample.first.detach())
        total = total + value + change.sum() + moved.sum()
    return total


def _sums(features: Tensor) -> Moments:
    exact = precise(features)
    return moments(exact, exact.new_ones((1, 1, *exact.shape[-2:])))


def contrasts(style: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Variances () of a style's features (1, C, H, W), the mean of all channels', by tap: the unit of content."""
    return {
        tap: features.float().var((0, 2, 3), correction=0).mean().clamp_min(1e-6) for tap, features in style.items()
    }


def content_distance(found: Mapping[str, Tensor], target: Mapping[str, Tensor], unit: Mapping[str, Tensor]) -> Tensor:
    """Mean squared difference () of features (1, C, H, W) in units of a contrast, the mean over `target`'s taps."""
    return torch.stack([F.mse_loss(found[tap].float(), one.float()) / unit[tap] for tap, one in target.items()]).mean()


def pixel_terms(painted: Tensor, lesson: Lesson) -> dict[str, Tensor]:
    """Weighted terms () of a picture's (1, 3, H, W) own pixels: `smooth`, with its grain, and `range`."""
    steps = [painted.diff(dim=2), painted.diff(dim=3)]
    smooth = torch.stack([one.square().mean() for one in steps]).sum()
    lengths = [(one.square().sum(1) + GRAIN**2).sqrt() - GRAIN for one in steps]
    grain = torch.stack([one.mean() for one in lengths]).sum()
    beyond = (painted - painted.clamp(0, 1)).square().mean()
    return {"smooth": lesson.total_variation * smooth + lesson.grain * grain, "range": lesson.range * beyond}


def patch_distance(painted: Tensor, style: Tensor) -> Tensor:
    """Sliced Wasserstein distance () of pixel patches of two pictures (1, 3, H, W) of one size, over the style's.

    Patches are projected on random directions; the mean squared difference of sorted projections is taken, over the
    variance of the style's, which black pictures do not make infinite (Rabin et al. 2011, "Wasserstein barycenter and
    its application to texture mixing").
    """
    found = []
    for side in PATCHES:
        directions = torch.randn(DIRECTIONS, 3 * side * side, device=painted.device)
        kernels = F.normalize(directions, dim=1).view(DIRECTIONS, 3, side, side)
        shift = [int(one) for one in torch.randint(3, (2,))]
        mine, theirs = (
            F.conv2d(one[..., shift[0] :, shift[1] :], kernels, stride=3).flatten(2)[0].sort(1).values
            for one in (painted, style)
        )
        found.append((mine - theirs).square().mean() / (theirs.var(1).mean() + 1e-3))
    return torch.stack(found).mean()


def texture_distance(found: Mapping[str, Tensor], style: Mapping[str, Tensor]) -> Tensor:
    """How far () the covariance in each tile is from the style's mean one, in [0, 1]: 1 for none at all.

    Statistics of whole pictures leave open where the texture is. Means are left out: light and dark stay the photo's.
    Squared, over the sum of both squares: tiles with too much are no worse than bare ones. Mean over taps.
    """
    each = []
    for name, one in found.items():
        mine, wanted = tile_covariances(one), tile_covariances(style[name]).mean(0)
        apart, size = (mine - wanted).square().sum((1, 2)), mine.square().sum((1, 2)) + wanted.square().sum()
        each.append((apart / size.clamp_min(1e-8)).mean())
    return torch.stack(each).mean()


def tile_covariances(features: Tensor) -> Tensor:
    """Covariances (N * N, C, C) of features (1, C, H, W) in N x N tiles, float32; `TILES` or fewer on a side."""
    count = max(1, min(TILES, min(features.shape[-2:]) // LEAST_TILE))
    height, width = (side // count for side in features.shape[-2:])
    even = features[0, :, : count * height, : count * width].float()
    tiles = even.unflatten(1, (count, height)).unflatten(3, (count, width)).permute(1, 3, 0, 2, 4).flatten(0, 1)
    flat = tiles.flatten(2)
    centred = flat - flat.mean(2, keepdim=True)
    found: Tensor = centred @ centred.mT / flat.shape[2]
    return found
