"""A guess at depth from one photo, by rules of thumb that photographers and painters know."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from styfie.blur import gaussian
from styfie.colour import luma_of
from styfie.images import fit_size, resize
from styfie.regions import SUBJECT, Regions
from styfie.segmentation.matting import guided_filter
from styfie.segmentation.splitting import PERSON

# Longest side in pixels at which it is made: it is smooth but for the people, whose matte is finer.
ESTIMATE_SIZE = 256
PEOPLE, BEHIND = 0.25, 0.4  # the farthest person, and the nearest of what is behind
HIGHER, BLURRED, HAZY = 0.5, 0.3, 0.2  # shares of what speaks for far


@torch.no_grad()
def estimate_depth(photo: Tensor, regions: Regions) -> Tensor:
    """Guess the depth of a photo (1, 3, H, W) from its regions, as far as an order goes.

    People are nearest, the nearer the lower in the picture they end; behind them is farther what is higher up, more out
    of focus, and hazier (the dark channel of He, Sun and Tang 2009), smoothed along the photo's edges.
    """
    size = (photo.shape[-2], photo.shape[-1])
    work = fit_size(size, min(ESTIMATE_SIZE, max(size)))
    small, parts = resize(photo, work), regions.resize(work)
    people, behind = _people(parts), 1 - parts.side(SUBJECT).clamp(0, 1)
    side = max(work)
    higher = 1 - torch.linspace(0, 1, work[0]).view(1, 1, -1, 1).expand_as(behind)
    darkest = -F.max_pool2d(-small.amin(1, keepdim=True), 2 * (side // 64) + 1, 1, side // 64)
    haze = _stretched(_mean_behind(darkest, behind, side / 40), behind)
    far = HIGHER * higher + BLURRED * _defocus(small, behind, side / 40) + HAZY * haze
    a, b = guided_filter(small, far, max(1, side // 32), 1e-2)
    far = _stretched((a * small).sum(1, keepdim=True) + b, behind)
    if people is None:
        return resize(far, size).clamp(0, 1)
    matte = regions.side(SUBJECT).clamp(0, 1)
    return torch.lerp(BEHIND + (1 - BEHIND) * resize(far, size), resize(people, size), matte).clamp(0, 1)


def _people(regions: Regions) -> Tensor | None:
    """How far each pixel's person is, the nearest person's where nobody is; None if there is nobody at all."""
    labels, count = ndimage.label(regions.side(SUBJECT)[0, 0].numpy() > 0.5)
    if not count:
        return None
    known: dict[str, int] = {}
    for name in regions.of_side(SUBJECT):
        if found := PERSON.match(name):  # people who touch are told apart only where they were asked for
            label = known.setdefault(found[0], count + 1)
            count = max(count, label)
            labels[regions[name][0, 0].numpy() > 0.5] = label
    lowest = np.zeros(count + 1)
    rows = np.nonzero(labels)[0]
    np.maximum.at(lowest, labels[labels > 0], (rows + 1) / len(labels))
    nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    return torch.from_numpy(PEOPLE * (1 - lowest[labels[tuple(nearest)]])).float()[None, None]


def _defocus(photo: Tensor, behind: Tensor, sigma: float) -> Tensor:
    """How little fine detail there is beside coarse, in [0, 1]; what has no detail at all is far, as the sky is."""
    luma = luma_of(photo)
    soft = gaussian(luma, 1)
    fine, coarse = (luma - soft).abs(), (soft - gaussian(luma, 4)).abs()
    sharp = _mean_behind(fine, behind, sigma) / (_mean_behind(coarse, behind, sigma) + 0.01)
    return 1 - _stretched(sharp, behind)


def _mean_behind(values: Tensor, behind: Tensor, sigma: float) -> Tensor:
    """Local mean over what is behind the people."""
    return gaussian(values * behind, sigma) / gaussian(behind, sigma).clamp_min(1e-3)


def _stretched(values: Tensor, behind: Tensor) -> Tensor:
    """Brought to [0, 1] by the 5th and 95th percentile of what is behind; one half where it is all alike."""
    inside = values[behind > 0.5]
    if inside.numel() == 0:
        return torch.full_like(values, 0.5)
    low, high = np.quantile(inside.numpy(), (0.05, 0.95))
    if high - low < 1e-4:
        return torch.full_like(values, 0.5)
    return ((values - float(low)) / float(high - low)).clamp(0, 1)
