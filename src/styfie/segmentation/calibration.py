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
FIELDS = ("contrast", "sure", "nobody", "clear", "curve")  # of a file's metadata
REFUSED = 0.005  # share of pictures of people in which nobody is found, at most
MARGIN = 0.02  # of clarity below that: among new pictures somebody is less clear than all on validation
GOOD = 0.5  # IoU from which on a person counts as found
LEVELS = (0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55)  # probabilities of which one is called sure
KNOTS = 8  # of a curve after its beginning, at most


@dataclass(frozen=True)
class Calibration:
    """How a network's probabilities are read.

    They are spread by `contrast` around one half: their outer parts are haze, not hair. The share of the person of
    which the network is `sure`, a probability, is measured; by the `curve`, pairs of that share and of the mean IoU of
    validation pictures that had it, it becomes a score. Below the score `nobody` nobody counts as found, nor where the
    likeliest part of the person's pixels has a mean probability below `clear`: what is no person has no clear parts.
    """

    contrast: float = 1.6
    sure: float = 0.9
    nobody: float = 0.7
    clear: float = 0.0
    curve: Curve = ((0.0, 0.0), (1.0, 1.0))

    def score(self, share: float) -> float:
        """The IoU to expect in [0, 1], of the sure share of the person."""
        shares, ious = zip(*self.curve, strict=True)
        return float(np.interp(share, shares, ious))

    def as_metadata(self) -> dict[str, str]:
        """The same as a file's metadata."""
        numbers = {name: f"{getattr(self, name):g}" for name in FIELDS[:4]}
        return numbers | {"curve": json.dumps(self.curve)}

    @classmethod
    def of(cls, about: Mapping[str, str]) -> Calibration:
        """What a file's metadata say; what they do not say is as it is here.

        Raises:
            ValueError: they say what cannot be.
        """
        numbers = {name: float(about[name]) for name in FIELDS[:4] if name in about}
        found = replace(cls(), **numbers)  # type: ignore[arg-type]
        if "curve" in about:
            found = replace(found, curve=_curve(about["curve"]))
        shares = (found.sure, found.nobody, found.clear)
        if not (0 < found.contrast < math.inf and all(0 <= share <= 1 for share in shares)):
            raise ValueError("no calibration")
        return found


def _curve(text: str) -> Curve:
    pairs = tuple((float(share), float(iou)) for share, iou in json.loads(text))
    shares = [share for share, _ in pairs]
    if not pairs or sorted(shares) != shares or not all(0 <= value <= 1 for pair in pairs for value in pair):
        raise ValueError("no curve")
    return pairs


def sure_level(by_level: Mapping[float, Sequence[float]]) -> float:
    """The highest level at which the median picture has half of its person above it, else the lowest.

    `by_level` has, for each level, the share in each validation picture. A network of little training says 0.9 of next
    to nothing, and shares of nothing tell nobody from somebody.
    """
    return max((level for level, each in by_level.items() if np.median(each) >= 0.5), default=min(by_level))


def calibrate(
    sure_fractions: Sequence[float],
    ious: Sequence[float],
    people: Sequence[bool],
    before: Calibration,
    clarities: Sequence[float] = (),
) -> Calibration:
    """A calibration by validation pictures: the sure share in each, the IoU of its mask, and whether anybody is there.

    `clarities` say how clear the parts are in each, see `prediction.Prediction`; all 1, or none, where there are none.

    The curve is the rising one that fits best (isotonic regression, Ayer et al. 1955), as means of equally many
    pictures, and 0 where nothing is sure: below its first mean all would else count alike, an empty picture as much as
    the people that a hesitant network is least sure of, and nobody would ever be refused. `clear` lies `MARGIN` below
    where it refuses at most the share `REFUSED` of those people whose masks are any good, and `nobody` below them all:
    clear parts tell nobody from somebody better. Of a network that knows no parts `nobody` lies where `REFUSED` says.
    """
    # Pictures with nothing sure say nothing of how good the mask is.
    seen = [n for n in np.argsort(sure_fractions, kind="stable") if sure_fractions[n] > 0]
    if not seen:
        return before
    x, fitted = np.asarray(sure_fractions, float)[seen], _rising(np.asarray(ious, float)[seen])
    parts = [part for part in np.array_split(np.arange(len(x)), KNOTS) if len(part)]
    curve = tuple((round(float(x[part].mean()), 4), round(float(fitted[part].mean()), 4)) for part in parts)
    found = replace(before, curve=((0.0, 0.0), *curve))
    good = [n for n, (iou, person) in enumerate(zip(ious, people, strict=True)) if person and iou >= GOOD]
    if good:
        clear = [clarities[n] for n in good] if clarities else [1.0]
        parts_known = min(clear) < 1
        nobody = _refusing([found.score(sure_fractions[n]) for n in good], 0.0 if parts_known else REFUSED)
        found = replace(found, nobody=nobody, clear=_least_clear(clear) if parts_known else 0.0)
    return found


def _least_clear(clarities: Sequence[float]) -> float:
    return max(0.0, round(_refusing(clarities, REFUSED) - MARGIN, 3))


def _refusing(values: Sequence[float], share: float) -> float:
    """The threshold below which at most a share of some values lies."""
    return math.floor(1000 * sorted(values)[int(share * len(values))]) / 1000


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
