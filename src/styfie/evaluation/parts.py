"""How good the parts of a person are: IoU pooled over the labelled pixels of many pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PART_NAMES = ("background", "skin", "hair", "clothes", "accessories")
MEANT = ("skin", "hair", "clothes")  # the mean is over these: accessories are few, and each data set has its own
UNLABELLED = 255


class PartsIou:
    """Intersections and unions of each part, summed over pictures before they are divided.

    A large picture counts for more than a small one, and a part that a picture lacks cannot spoil its score.
    """

    def __init__(self) -> None:
        self.shared = np.zeros(len(PART_NAMES), np.int64)
        self.either = np.zeros(len(PART_NAMES), np.int64)

    def add(self, found: NDArray[np.integer], truth: NDArray[np.integer]) -> None:
        """Count one picture: two maps (H, W) of indices into `PART_NAMES`; `UNLABELLED` in the truth is left out."""
        labelled = truth != UNLABELLED
        a, b = found[labelled], truth[labelled]
        for part in range(len(PART_NAMES)):
            self.shared[part] += ((a == part) & (b == part)).sum()
            self.either[part] += ((a == part) | (b == part)).sum()

    def scores(self) -> dict[str, float | None]:
        """IoU in [0, 1] of each part and `mean`, that of skin, hair and clothes; `None` for what was nowhere."""
        pairs = zip(PART_NAMES, self.shared, self.either, strict=True)
        each = {name: float(both / either) if either else None for name, both, either in pairs}
        there = [score for name in MEANT if (score := each[name]) is not None]
        return {**each, "mean": float(np.mean(there)) if there else None}
