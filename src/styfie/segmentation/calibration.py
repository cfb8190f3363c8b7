"""From what a network says of itself to how good its mask probably is: numbers of each network's own, in its file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Curve = tuple[tuple[float, float], ...]
FIELDS = ("contrast", "sure", "nobody", "curve")  # of a file's metadata
REFUSED = 0.01  # share of pictures of people in which nobody may be found, at most
GOOD = 0.5  # IoU from which on a person counts as found
KNOTS = 8  # of a curve, at most


@dataclass(frozen=True)
class Calibration:
    """How a network's probabilities are read.

    They are spread by `contrast` around one half: their outer parts are haze, not hair. The share of the person of
    which the network is `sure`, a probability, is measured; by the `curve`, pairs of that share and of the mean IoU of
    validation pictures that had it, it becomes a score. Below the score `nobody` nobody counts as found.
    """

    contrast: float = 1.6
    sure: float = 0.9
    nobody: float = 0.7
    curve: Curve = ((0.0, 0.0), (1.0, 1.0))

    def score(self, share: float) -> float:
        """The IoU to expect in [0, 1], of the sure share of the person."""
        shares, ious = zip(*self.curve, strict=True)
        return float(np.interp(share, shares, ious))

    def as_metadata(self) -> dict[str, str]:
        """The same as a file's metadata."""
        numbers = {name: f"{getattr(self, name):g}" for name in FIELDS[:3]}
        return numbers | {"curve": json.dumps(self.curve)}

    @classmethod
    def of(cls, about: Mapping[str, str]) -> Calibration:
        """What a file's metadata say; what they do not say is as in the file that ships.

        Raises:
            ValueError: they say what cannot be.
        """
        numbers = {name: float(about[name]) for name in FIELDS[:3] if name in about}
        found = replace(cls(), **numbers)  # type: ignore[arg-type]
        if "curve" in about:
            found = replace(found, curve=_curve(about["curve"]))
        if not (0 < found.contrast < math.inf and 0 <= found.sure <= 1 and 0 <= found.nobody <= 1):
            raise ValueError("no calibration")
        return found


def _curve(text: str) -> Curve:
    pairs = tuple((float(share), float(iou)) for share, iou in json.loads(text))
    shares = [share for share, _ in pairs]
    if not pairs or sorted(shares) != shares or not all(0 <= value <= 1 for pair in pairs for value in pair):
        raise ValueError("no curve")
    return pairs


def calibrate(
    sure_fractions: Sequence[float], ious: Sequence[float], people: Sequence[bool], before: Calibration
) -> Calibration:
    """A calibration by validation pictures: the sure share in each, the IoU of its mask, and whether anybody is there.

    The curve is the rising one that fits best (isotonic regression, Ayer et al. 1955), as means of equally many
    pictures. `nobody` lies where at most the share `REFUSED` of those people is refused whose masks are any good.
    """
    # Pictures with nothing sure say nothing of how good the mask is.
    seen = [n for n in np.argsort(sure_fractions, kind="stable") if sure_fractions[n] > 0]
    if not seen:
        return before
    x, fitted = np.asarray(sure_fractions, float)[seen], _rising(np.asarray(ious, float)[seen])
    parts = [part for part in np.array_split(np.arange(len(x)), KNOTS) if len(part)]
    curve = tuple((round(float(x[part].mean()), 4), round(float(fitted[part].mean()), 4)) for part in parts)
    found = Calibration(before.contrast, before.sure, before.nobody, curve)
    good = sorted(
        found.score(share)
        for share, iou, person in zip(sure_fractions, ious, people, strict=True)
        if person and iou >= GOOD
    )
    nobody = good[int(REFUSED * len(good))] if good else before.nobody
    return Calibration(before.contrast, before.sure, math.floor(1000 * nobody) / 1000, curve)


def _rising(values: Values) -> Values:
    """The rising sequence nearest to one, by pooling neighbours that fall."""
    pools: list[list[float]] = []
    for value in values:
        pools.append([float(value), 1.0])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    return np.concatenate([np.full(int(count), mean) for mean, count in pools])


def reliability(
    scores: Sequence[float], ious: Sequence[float], edges: Sequence[float]
) -> list[tuple[float, float, int]]:
    """Mean score, mean IoU and number of the pictures between one of `edges` and the next."""
    found = []
    score, iou = np.asarray(scores), np.asarray(ious)
    for low, high in pairwise(edges):
        inside = (score >= low) & ((score < high) | (high == edges[-1]))
        if inside.any():
            found.append((float(score[inside].mean()), float(iou[inside].mean()), int(inside.sum())))
    return found
