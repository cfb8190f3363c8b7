"""How well things are found by clicks: each click is made where the mask is most wrong, as a user would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from styfie.regions import Point

Mask = NDArray[np.bool_]
Find = Callable[[Sequence[Point], Sequence[Point]], Mask]  # of points on the thing, and points beside it
COUNTED = (1, 3, 5)  # clicks after which a score is reported


@dataclass(frozen=True)
class ClickScore:
    """IoU of one thing after 1, 2, … clicks."""

    name: str
    ious: tuple[float, ...]


def next_click(found: Mask, truth: Mask) -> tuple[Point, bool]:
    """Where to click next, x and y, and whether it is on the thing: in the middle of the largest error.

    The middle is the pixel farthest from where the error ends, as in the literature (Xu et al. 2016; RITM 2021).
    """
    missed, beyond = _largest(truth & ~found), _largest(found & ~truth)
    on = missed.sum() >= beyond.sum()
    deep = ndimage.distance_transform_edt(np.pad(missed if on else beyond, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(deep.argmax()), deep.shape)
    return (float(x) + 0.5, float(y) + 0.5), bool(on)


def _largest(error: Mask) -> Mask:
    pieces, count = ndimage.label(error)
    if not count:
        return error
    areas = np.atleast_1d(ndimage.sum_labels(error, pieces, range(1, count + 1)))
    found: Mask = pieces == int(areas.argmax()) + 1
    return found


def click_through(find: Find, truth: Mask, clicks: int = max(COUNTED), name: str = "") -> ClickScore:
    """Click on a thing of a known mask (H, W) again and again, and score each mask that `find` gives."""
    add: list[Point] = []
    remove: list[Point] = []
    found, ious = np.zeros_like(truth), []
    for _ in range(clicks):
        point, on = next_click(found, truth)
        (add if on else remove).append(point)
        found = find(add, remove)
        ious.append(float((found & truth).sum() / max(1, (found | truth).sum())))
    return ClickScore(name, tuple(ious))


def as_lines(scores: Mapping[str, Sequence[ClickScore]]) -> list[list[str]]:
    """A heading, and for each method by its name the mean IoU after some clicks, and its standard deviation."""
    ious = {name: np.array([score.ious for score in found]) for name, found in scores.items()}
    clicks = min(one.shape[1] for one in ious.values())
    counts = [count for count in COUNTED if count <= clicks]
    head = ["mean IoU ± spread", *(f"{count} click{'s' if count > 1 else ''}" for count in counts)]
    after = {name: [one[:, count - 1] for count in counts] for name, one in ious.items()}
    return [head, *([name, *(f"{one.mean():.3f} ± {one.std():.3f}" for one in row)] for name, row in after.items())]
