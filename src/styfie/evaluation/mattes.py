"""The five measures that image matting is compared by, over the whole picture and where a trimap is unknown.

Rhemann et al. (2009) define the gradient and the connectivity error; sums of absolute, mean squared and mean absolute
differences are as their names say. In thousands: SAD, Grad, Conn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from styfie.evaluation.masks import Alpha, gradient_magnitude

Mask = NDArray[np.bool_]
BAND = 0.01  # half the width of the band around what is soft, in longest sides, where no trimap is given
STEP = 0.1  # between the thresholds of the connectivity error
COUNTED = 0.15  # a value so much above where it is connected counts


@dataclass(frozen=True)
class MatteScore:
    """Errors of one matte, all better when lower; `sad`, `gradient` and `connectivity` in thousands."""

    sad: float
    mse: float
    mad: float
    gradient: float
    connectivity: float


def score_matte(found: Alpha, truth: Alpha, within: Mask | None = None) -> MatteScore:
    """Compare two mattes (H, W) in [0, 1], over all pixels or only `within` (H, W), at least one."""
    inside = np.ones(truth.shape, np.bool_) if within is None else within
    if not inside.any():
        return MatteScore(0.0, 0.0, 0.0, 0.0, 0.0)
    difference = (found - truth).astype(np.float64)[inside]
    gradient = (gradient_magnitude(found, 1.4) - gradient_magnitude(truth, 1.4))[inside]
    return MatteScore(
        sad=float(np.abs(difference).sum()) / 1000,
        mse=float((difference**2).mean()),
        mad=float(np.abs(difference).mean()),
        gradient=float((gradient**2).sum()) / 1000,
        connectivity=float(connectivity_difference(found, truth)[inside].sum()) / 1000,
    )


def connectivity_difference(found: Alpha, truth: Alpha) -> NDArray[np.float64]:
    """At each pixel (H, W) how differently two mattes are connected to what both call inside (theta 0.15, p 1).

    A pixel is connected at a threshold if it lies in the largest piece, of pixels that share sides, in which both
    mattes reach it; from the highest such threshold on its value counts, where it is `COUNTED` or more above.
    """
    connected = np.full(truth.shape, -1.0)
    steps = np.arange(0, 1 + STEP / 2, STEP)
    for lower, threshold in pairwise(steps):
        source = _largest((found >= threshold) & (truth >= threshold))
        connected[(connected < 0) & ~source] = lower
    connected[connected < 0] = 1
    shares = []
    for matte in (found, truth):
        above = matte.astype(np.float64) - connected
        shares.append(1 - above * (above >= COUNTED))
    difference: NDArray[np.float64] = np.abs(shares[0] - shares[1])
    return difference


def _largest(mask: Mask) -> Mask:
    pieces, count = ndimage.label(mask)
    if not count:
        return mask
    areas = np.bincount(pieces.ravel())[1:]
    found: Mask = pieces == int(areas.argmax()) + 1
    return found


def unknown_band(truth: Alpha, trimap: NDArray[np.uint8] | None = None) -> Mask:
    """Where a trimap (H, W) is neither 0 nor 255; without one, what is soft in the truth and `BAND` around it."""
    if trimap is not None:
        known: Mask = (trimap > 0) & (trimap < 255)
        return known
    soft = (truth > 0) & (truth < 1)
    hard = truth >= 0.5
    edge = hard & ~ndimage.binary_erosion(hard, border_value=1)
    start = soft | edge
    if not start.any():
        return start
    near: Mask = ndimage.distance_transform_edt(~start) <= max(1.0, BAND * max(truth.shape))
    return near


def mean_scores(scores: Sequence[MatteScore]) -> MatteScore:
    """Means over pictures, at least one."""
    rows = [asdict(score) for score in scores]
    return MatteScore(**{name: float(np.mean([row[name] for row in rows])) for name in rows[0]})
