"""Extended difference of Gaussians: lines and solid blacks from light and dark.

Winnemöller, Kyprianidis and Olsen (2012), "XDoG: an extended difference-of-Gaussians compendium".
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from styfie.engines.filters.flow import Flow, along, smooth

RATIO = 1.6  # of the two Gaussians: the difference is then nearest to a Laplacian (Marr and Hildreth 1980)
FINEST = 0.75  # half the breadth in pixels, at least, of a line where a picture is reduced before lines are followed


def sharpened(luma: Tensor, sigma: float, gain: float) -> Tensor:
    """(1 + gain) G(sigma) - gain G(1.6 sigma) of (B, 1, H, W): the paper's equation 7, tone and lines together."""
    inner = smooth(luma, sigma)
    outer = smooth(inner, sigma * math.sqrt(RATIO**2 - 1))
    return inner.lerp(outer, -gain)


def threshold(values: Tensor, level: float | Tensor, slope: float) -> Tensor:
    """1 from `level` up, 1 + tanh(slope * (value - level)) below it: the paper's equation 5, in [0, 1]."""
    return 1 + (slope * (values - level)).clamp_max(0).tanh()


def lines_size(size: tuple[int, int], sigma: float) -> tuple[int, int]:
    """The height and width at which lines of half breadth `sigma` are followed: nothing finer is left to be seen."""
    factor = max(1, int(sigma / FINEST))
    return -(-size[0] // factor), -(-size[1] // factor)


def xdog(
    luma: Tensor,
    sigma: float = 1.0,
    gain: float = 20.0,
    level: float | Tensor = 0.7,
    slope: float = 10.0,
    flow: Flow | None = None,
) -> Tensor:
    """Ink on paper (1, 1, H, W), 0 and 1, from luma (1, 1, H, W).

    `sigma` is half the breadth of a line in pixels, `gain` how much lines count beside tone, `level` the tone from
    which there is paper, `slope` how hard the ink ends. With a `flow` lines run smoothly along it; it may be of
    `lines_size`, for ink ends as sharply all the same: it is told from paper at the full size.
    """
    values = sharpened(luma, sigma, gain)
    if flow is not None:
        values = _followed(values, flow, sigma)
    return threshold(values, level, slope)


def _followed(values: Tensor, flow: Flow, sigma: float) -> Tensor:
    """Values (1, 1, H, W) smoothed along a flow (1, 2, h, w) of their size or a smaller one."""
    size, small = (values.shape[-2:], flow.tangent.shape[-2:])
    if size == small:
        return along(values, flow, 2.5 * sigma, max(1.0, sigma))
    sigma *= max(small) / max(size)
    found = along(F.interpolate(values, small, mode="area"), flow, 2.5 * sigma, max(1.0, sigma))
    return F.interpolate(found, size, mode="bicubic", align_corners=False)
