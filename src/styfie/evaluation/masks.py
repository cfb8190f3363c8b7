"""How good a mask is: per picture, at the truth's size, then averaged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Alpha = NDArray[np.float32]


@dataclass(frozen=True)
class MaskScore:
    """One picture's errors and merits.

    `iou` (of the person), `boundary_f` and `mean_iou` (of person and background) are in [0, 1], better when higher.
    `mae` is in [0, 1]; `sad` is the sum of absolute differences in thousands of pixels, `gradient` that of
    `gradient_error` in thousands: both grow with the picture, and all three are better when lower.
    """

    iou: float
    boundary_f: float
    mae: float
    mean_iou: float
    sad: float
    gradient: float


def score_mask(found: Alpha, truth: Alpha) -> MaskScore:
    """Compare two mattes (H, W) in [0, 1] of one size; both are cut at 0.5 for both IoUs and the boundary."""
    a, b = found >= 0.5, truth >= 0.5
    person = overlap(a, b)
    return MaskScore(
        iou=person,
        boundary_f=boundary_f(a, b),
        mae=float(np.abs(found - truth).mean()),
        mean_iou=0.5 * (person + overlap(~a, ~b)),
        sad=float(np.abs(found - truth).sum(dtype=np.float64)) / 1000,
        gradient=gradient_error(found, truth) / 1000,
    )


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    union = float((found | truth).sum())
    return float((found & truth).sum()) / union if union else 1.0


def boundary_f(found: NDArray[np.bool_], truth: NDArray[np.bool_], tolerance: float = 0.008) -> float:
    """F of contour pixels matched within a disc (Martin et al. 2004; the radius as DAVIS, Perazzi et al. 2016).

    The radius is `round(tolerance * diagonal)` pixels.
    """
    radius = max(1, round(tolerance * float(np.hypot(*truth.shape))))
    a, b = contour(found), contour(truth)
    if not a.any() or not b.any():
        return float(a.any() == b.any())
    near_b = ndimage.distance_transform_edt(~b) <= radius
    near_a = ndimage.distance_transform_edt(~a) <= radius
    precision, recall = float(near_b[a].mean()), float(near_a[b].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def gradient_error(found: Alpha, truth: Alpha, sigma: float = 1.4) -> float:
    """Sum over pixels of squared differences between the mattes' gradient magnitudes (Rhemann et al. 2009).

    Gradients are by first derivatives of a Gaussian of `sigma` pixels, the filters of unit Euclidean norm, the border
    repeated, as in the evaluation code that goes with the benchmark. Departures: summed over the whole picture, for
    there is no trimap, and the mattes are not stretched to [0, 1] first, which would make noise of an empty one.
    """
    difference = gradient_magnitude(found, sigma) - gradient_magnitude(truth, sigma)
    return float((difference**2).sum())


def gradient_magnitude(matte: Alpha, sigma: float) -> NDArray[np.float64]:
    """Length of the Gaussian-smoothed gradient (H, W); the filter ends where the Gaussian has fallen to a hundredth."""
    reach = int(np.ceil(sigma * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * sigma * 0.01))))
    at = np.arange(-reach, reach + 1)
    smooth = np.exp(-(at**2) / (2 * sigma**2))
    slope = at * smooth
    smooth, slope = smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)

    def along(axis: int) -> NDArray[np.float64]:
        across: NDArray[np.float64] = ndimage.correlate1d(matte.astype(np.float64), smooth, 1 - axis, mode="nearest")
        return ndimage.correlate1d(across, slope, axis, mode="nearest")

    return np.hypot(along(0), along(1))


def contour(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Inside pixels with a neighbour outside; the picture's own border is no contour."""
    inner: NDArray[np.bool_] = ndimage.binary_erosion(mask, border_value=1)
    return mask & ~inner


@dataclass(frozen=True)
class MaskSummary:
    """Means over pictures; `worst_tenth` is the mean of the lowest tenth of IoUs."""

    pictures: int
    iou: float
    boundary_f: float
    worst_tenth: float
    mae: float
    mean_iou: float
    sad: float
    gradient: float


def summarise(scores: Sequence[MaskScore]) -> MaskSummary:
    """One line for many pictures, at least one."""
    ious = sorted(s.iou for s in scores)
    lowest = ious[: max(1, round(len(ious) / 10))]

    def mean(values: Iterable[float]) -> float:
        return float(np.mean(list(values)))

    return MaskSummary(
        pictures=len(scores),
        iou=mean(ious),
        boundary_f=mean(s.boundary_f for s in scores),
        worst_tenth=mean(lowest),
        mae=mean(s.mae for s in scores),
        mean_iou=mean(s.mean_iou for s in scores),
        sad=mean(s.sad for s in scores),
        gradient=mean(s.gradient for s in scores),
    )
