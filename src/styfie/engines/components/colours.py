"""The photo in the colours of the styles, light and dark in the photo's own order."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.colour import luma_of, match_colours, match_histogram
from styfie.engines.palette import palette_of
from styfie.looks import Style

WHOLE = 0.5  # how much of the styles' whole histograms; the rest is mean and covariance, of colours or of luma alone
STEPS = 256  # of luma that are told apart


def recoloured(picture: Tensor, alpha: Tensor, styles: tuple[Style, ...]) -> Tensor:
    """A picture (1, 3, H, W) whose colours within alpha (1, 1, H, W) are distributed like those of the styles.

    Chroma is matched freely, but luma by a rising curve: what is brighter than something else stays so, and a face
    keeps its form whatever the palette.
    """
    palette, counts = palette_of(styles)
    linear = match_colours(picture, palette, alpha, counts)
    found = torch.lerp(linear, match_histogram(picture, palette, alpha, counts), WHOLE)
    curved = matched_luma(luma_of(picture), luma_of(palette), alpha, counts)
    luma = torch.lerp(_spread(picture, palette, alpha, counts), curved, WHOLE)
    return (found + luma - luma_of(found)).clamp(0, 1)


def _spread(picture: Tensor, palette: Tensor, alpha: Tensor, counts: Tensor) -> Tensor:
    """The picture's luma (1, 1, H, W) with the mean and deviation of the palette's."""
    grey, goal = (luma_of(one).expand(-1, 3, -1, -1) for one in (picture, palette))
    return match_colours(grey, goal, alpha, counts)[:, :1]


def matched_luma(luma: Tensor, palette: Tensor, alpha: Tensor, counts: Tensor) -> Tensor:
    """Luma (1, 1, H, W) through the rising curve that gives it, within alpha, the histogram of the palette's."""
    mine, goal = _cumulative(luma, alpha), _cumulative(palette, counts)
    if mine is None or goal is None:
        return luma
    levels = np.linspace(0, 1, STEPS)
    curve = np.interp(mine, goal, levels)
    found = np.interp(luma.numpy(), levels, curve)
    return torch.from_numpy(found).to(luma)


def _cumulative(luma: Tensor, weight: Tensor) -> NDArray[np.float64] | None:
    """The share of luma up to each level; None where nothing counts."""
    levels = (luma.flatten() * (STEPS - 1)).round().long().clamp(0, STEPS - 1).numpy()
    counted = np.bincount(levels, weight.flatten().double().numpy(), STEPS)
    total = counted.sum()
    return np.cumsum(counted) / total + 1e-9 * np.arange(STEPS) if total > 0 else None
