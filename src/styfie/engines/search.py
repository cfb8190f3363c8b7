"""The search for a picture of least loss, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from styfie.engines.lbfgs import Lbfgs
from styfie.engines.objective import TERMS, Objective

STILL = 0.25 / 255  # mean change of a picture over `plan.CHECK_INTERVAL` steps below which nothing is seen to change


def search(
    objective: Objective, start: Tensor, steps: int, history: int, onto: bool = False
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """After each step of L-BFGS the best image so far (always the same tensor), the last one tried, the best's terms.

    `onto`: the best is kept in `start` itself, which saves a picture of memory.

    Without a line search a step may overshoot, and the next ones mostly come back by themselves. A loss that is no
    number any more is never the best, and the next search begins from what was.
    """
    image, best = (start.clone(), start) if onto else (start, start.clone())
    optimiser = Lbfgs(start, history)
    lowest, held = start.new_tensor(math.inf), start.new_full((len(TERMS),), math.inf)
    for _ in range(steps):
        terms, gradient = objective(image)
        total = terms.sum()
        better = total < lowest
        best = torch.where(better, image, best, out=best)
        held, lowest = torch.where(better, terms, held), torch.where(better, total, lowest)
        yield best, image, held
        image = optimiser.step(image, gradient)


def still(before: Tensor, after: Tensor) -> bool:
    """Whether nothing is seen to change any more."""
    return float((after - before).abs().mean()) < STILL
