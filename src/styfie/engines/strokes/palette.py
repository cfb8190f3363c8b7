"""What is painted, in the colours of the styles."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.blur import gaussian
from styfie.colour import match_colours, match_histogram
from styfie.engines.palette import palette_of
from styfie.looks import Style

SMOOTH = 0.008  # of the longest side: the width of what counts as grain where it is faint
FAINT = 0.02  # contrast of such grain
ERODED = 0.006  # of the longest side by which a region is narrowed: what is beyond is spread from within
WHOLE = 0.5  # how much of the whole histogram; the rest is mean and covariance


def eroded(alpha: Tensor) -> Tensor:
    """Alpha (1, 1, H, W), narrower by `ERODED`, so that hairs the matte has missed are not taken for the region's."""
    radius = max(1, round(ERODED * max(alpha.shape[-2:])))
    narrow = 1 - F.max_pool2d(1 - alpha, 2 * radius + 1, 1, radius)
    return narrow if float(narrow.max()) > 0.5 else alpha


def calmed(picture: Tensor) -> Tensor:
    """A picture (1, 3, H, W) without its faint grain, which a wider palette would blow up into confetti."""
    deviation = SMOOTH * max(picture.shape[-2:])
    smooth = gaussian(picture, deviation)
    contrast = gaussian((picture - smooth).square().sum(1, keepdim=True), deviation)
    return torch.lerp(smooth, picture, contrast / (contrast + FAINT**2))


def recoloured(picture: Tensor, alpha: Tensor, styles: tuple[Style, ...]) -> Tensor:
    """A picture (1, 3, H, W) whose colours within alpha (1, 1, H, W) are distributed like those of the styles.

    Halfway between mean and covariance, which keeps the picture's own order of colours, and the whole histogram, which
    has the style's: the first alone is pale, the second alone patchy.
    """
    palette, counts = palette_of(styles)
    picture = calmed(picture)
    linear = match_colours(picture, palette, alpha, counts)
    return torch.lerp(linear, match_histogram(picture, palette, alpha, counts), WHOLE)
