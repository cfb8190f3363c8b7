"""Extended difference of Gaussians: lines and solid blacks from light and dark.

Winnemöller, Kyprianidis and Olsen (2012), "XDoG: an extended difference-of-Gaussians compendium".
"""

from __future__ import annotations

import math

from torch import Tensor

from styfie.engines.filters.flow import Flow, along, smooth

RATIO = 1.6  # of the two Gaussians: the difference is then nearest to a Laplacian (Marr and Hildreth 1980)


def sharpened(luma: Tensor, sigma: float, gain: float) -> Tensor:
    """(1 + gain) G(sigma) - gain G(1.6 sigma) of (B, 1, H, W): the paper's equation 7, tone and lines together."""
    inner = smooth(luma, sigma)
    outer = smooth(inner, sigma * math.sqrt(RATIO**2 - 1))
    return inner.lerp(outer, -gain)


def threshold(values: Tensor, level: float | Tensor, slope: float) -> Tensor:
    """1 from `level` up, 1 + tanh(slope * (value - level)) below it: the paper's equation 5, in [0, 1]."""
    return 1 + (slope * (values - level)).clamp_max(0).tanh()


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
    which there is paper, `slope` how hard the ink ends. With a `flow` lines run smoothly along it.
    """
    values = sharpened(luma, sigma, gain)
    if flow is not None:
        values = along(values, flow, 2.5 * sigma, max(1.0, sigma))
    return threshold(values, level, slope)
