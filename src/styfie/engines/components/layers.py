"""A picture taken apart as it is drawn: draft, paint and edge, whose sum it is.

The draft is what is there, in flat parts with soft transitions: the modes of mean shift (Comaniciu and Meer 2002), at a
size at which strokes are no longer seen, through a guided filter (He, Sun and Tang 2010). What it leaves out is edge
along its own contours (differences of Gaussians) and paint elsewhere. That a picture is these three is the paper's;
how they are found is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from styfie.blur import gaussian
from styfie.colour import luma_of
from styfie.images import fit_size, resize

MODE_SIZE = 80  # longest side at which modes are looked for: strokes and grain are smaller than its pixels
REACH, RANGE = 4, 10.0  # of mean shift: pixels of that size, and distance in CIE Lab
SHIFTS = 6  # steps of mean shift
# Of the guided filter: radius as a share of the longest side, and variance that counts as detail.
DRAFT_RADIUS, DRAFT_VARIANCE = 8 / 256, 0.02
CONTOUR = 3 / 512  # deviation of the inner Gaussian that finds contours, likewise
STRONG, FAINT = 0.96, 0.01  # quantile of the differences that is all edge, and the least that may be it


@dataclass(frozen=True, eq=False)
class Components:
    """The layers (1, 3, H, W) of a picture, their sum; `mask` (1, 1, H, W) in [0, 1] is where details are edge."""

    draft: Tensor
    paint: Tensor
    edge: Tensor
    mask: Tensor

    @property
    def picture(self) -> Tensor:
        """All together (1, 3, H, W)."""
        return self.draft + self.paint + self.edge

    @property
    def stacked(self) -> Tensor:
        """One after the other (1, 10, H, W): draft, paint, edge, mask."""
        return torch.cat([self.draft, self.paint, self.edge, self.mask], 1)


def decompose(picture: Tensor, scale: int) -> Components:
    """Take a picture (1, 3, H, W) apart; the layers sum up to it within rounding errors of float32.

    `scale` is the longest side in pixels of the whole painting, to which all lengths are relative: of a picture twice
    as large, details are as large as of one that is not.
    """
    size = (picture.shape[-2], picture.shape[-1])
    small = resize(picture, fit_size(size, max(1, round(max(size) * min(1.0, MODE_SIZE / scale)))))
    flat = resize(mean_shift(small, to_lab(small)), size)
    draft = guided_filter(picture, flat, max(1, round(DRAFT_RADIUS * scale)), DRAFT_VARIANCE)
    detail, mask = picture - draft, contours(draft, max(0.7, CONTOUR * scale))
    edge = detail * mask
    return Components(draft, detail - edge, edge, mask)


def to_lab(picture: Tensor) -> Tensor:
    """CIE Lab (B, 3, H, W), D65, of sRGB in [0, 1]: lightness from 0 to 100, distances about as far as they seem."""
    linear = torch.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055).clamp_min(0) ** 2.4)
    over_white = ((0.43395, 0.37622, 0.18983), (0.21267, 0.71516, 0.07217), (0.01776, 0.10947, 0.87277))  # XYZ
    xyz = torch.einsum("ij,bjhw->ibhw", picture.new_tensor(over_white), linear)
    x, y, z = torch.where(xyz > 0.008856, xyz.clamp_min(1e-9) ** (1 / 3), 7.787 * xyz + 16 / 116)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def mean_shift(picture: Tensor, lab: Tensor) -> Tensor:
    """A picture (1, 3, H, W) with each pixel the mean of those near it in place and like its mode in colour.

    `lab` (1, 3, H, W) is what colours are compared in. Departure: the window stays around the pixel and does not move
    with the mean; steps are of a fixed number.
    """
    height, width = lab.shape[-2:]
    both = torch.cat([lab, picture, torch.ones_like(lab[:, :1])], 1)
    around = F.pad(both, (REACH,) * 4, mode="replicate")
    found = both
    for _ in range(SHIFTS):
        total = torch.zeros_like(both)
        for dy in range(2 * REACH + 1):
            for dx in range(2 * REACH + 1):
                near = around[..., dy : dy + height, dx : dx + width]
                total += near * ((near[:, :3] - found[:, :3]).square().sum(1, keepdim=True) < RANGE**2)
        found = torch.where(total[:, 6:] > 0, total / total[:, 6:].clamp_min(1), found)
    return found[:, 3:6]


def guided_filter(guide: Tensor, picture: Tensor, radius: int, epsilon: float) -> Tensor:
    """A picture (1, 3, H, W), smooth but for the edges of the guide: each channel by the guide's own.

    Within squares of 2 radius + 1 pixels it is a line over the guide; `epsilon` is the variance of the guide, in its
    squared units, from which its edges count.
    """
    slope, offset = guided_lines(guide, picture, radius, epsilon)
    return slope * guide + offset


def guided_lines(guide: Tensor, picture: Tensor, radius: int, epsilon: float) -> tuple[Tensor, Tensor]:
    """Slope and offset (1, 3, H, W) of `guided_filter`'s lines: enlarged, they fit the guide at a larger size."""
    mean, goal = _box(guide, radius), _box(picture, radius)
    variance = _box(guide * guide, radius) - mean * mean
    slope = (_box(guide * picture, radius) - mean * goal) / (variance + epsilon)
    return _box(slope, radius), _box(goal - slope * mean, radius)


def _box(picture: Tensor, radius: int) -> Tensor:
    """Means over squares of 2 radius + 1 pixels, the border repeated."""
    found = picture.numpy()
    for axis in (-1, -2):
        found = ndimage.uniform_filter1d(found, 2 * radius + 1, axis, mode="nearest")
    return torch.from_numpy(found)


def contours(picture: Tensor, sigma: float) -> Tensor:
    """Where luma has its strongest contours, (1, 1, H, W) in [0, 1], by Gaussians' difference, the inner of `sigma`."""
    luma = luma_of(picture)
    strong = gaussian((gaussian(luma, 1.6 * sigma) - gaussian(luma, sigma)).abs(), sigma)
    full = max(FAINT, float(np.quantile(strong.numpy(), STRONG)))
    return (1.5 * strong / full - 0.5).clamp(0, 1)
