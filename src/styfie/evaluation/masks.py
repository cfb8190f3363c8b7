"""How good a mask is: per picture, at the truth's size, then averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Alpha = NDArray[np.float32]


@dataclass(frozen=True)
class MaskScore:
    """All in [0, 1]; only `mae` is better when lower."""

    iou: float
    boundary_f: float
    mae: float


def score_mask(found: Alpha, truth: Alpha) -> MaskScore:
    """Compare two mattes (H, W) in [0, 1] of one size; both are cut at 0.5 but for `mae`."""
    a, b = found >= 0.5, truth >= 0.5
    union = float((a | b).sum())
    return MaskScore(
        iou=float((a & b).sum()) / union if union else 1.0,
        boundary_f=boundary_f(a, b),
        mae=float(np.abs(found - truth).mean()),
    )


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


def summarise(scores: Sequence[MaskScore]) -> MaskSummary:
    """One line for many pictures."""
    ious = sorted(s.iou for s in scores)
    lowest = ious[: max(1, round(len(ious) / 10))]
    return MaskSummary(
        pictures=len(scores),
        iou=float(np.mean(ious)),
        boundary_f=float(np.mean([s.boundary_f for s in scores])),
        worst_tenth=float(np.mean(lowest)),
        mae=float(np.mean([s.mae for s in scores])),
    )
