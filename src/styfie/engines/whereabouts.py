"""Where a run of several layers and scales is: what its state holds, and the steps and seconds that are left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from styfie.engines.plan import BLOCK, Plan, Scale
from styfie.engines.progress import EngineState


@dataclass(frozen=True, eq=False)
class Reached:
    """How far a layer has come: `steps` made and `spared` since it was told last, `done` blocks where one ends.

    Content counts `content_factor` times as much as the look has it.
    """

    layer: int
    picture: Tensor
    terms: Tensor
    steps: int
    spared: int
    done: int | None = None
    content_factor: float = 1.0


class Place(NamedTuple):
    """Where a run is: of each layer the blocks done at a scale, and its picture after these, which is not changed.

    `content_factors`: how many times as much content counts in each as the look has it.
    """

    scale: int
    done: list[int]
    settled: list[Tensor | None]
    content_factors: list[float]


class ProgressEstimate:
    """Counts steps and foretells the seconds left: a step costs what its scale has to work on."""

    def __init__(self, plan: Plan) -> None:
        self.step = 0
        self._left = plan.work
        self._done, self._started = 0.0, time.monotonic()

    def pass_on(self, steps: int, spared: int, scale: Scale) -> None:
        """So many steps are done, and so many besides need not be."""
        self.skip(steps + spared, scale)
        self._done += steps * scale.work

    def skip(self, steps: int, scale: Scale) -> None:
        """So many steps need not be done."""
        self.step += steps
        self._left -= steps * scale.work

    def left(self) -> float:
        """Seconds."""
        spent = time.monotonic() - self._started
        return max(0.0, spent * self._left / max(self._done, 1.0))


def blocks_of(steps: int) -> list[int]:
    """The steps in parts of about `BLOCK`."""
    count = max(1, round(steps / BLOCK))
    return [steps * (i + 1) // count - steps * i // count for i in range(count)]


def block_count(scale: Scale) -> int:
    """In how many parts a layer of this scale is painted."""
    return 1 if scale.one_pass else len(blocks_of(scale.steps))


def state_of(s: int, place: Place, blocks: int, terms: Tensor) -> EngineState:
    """What to go on from; the terms are there for a run that was done and only has its files to write.

    `place` is where versions that painted one layer after the other go on: at the first that is not done.
    """
    held = {f"layer{n}": picture for n, picture in enumerate(place.settled) if picture is not None}
    unfinished = next(((n, done) for n, done in enumerate(place.done) if done < blocks), None)
    at, done = ((s, *unfinished), place.done) if unfinished else ((s + 1, 0, 0), [0] * len(place.done))
    told = {
        "place": torch.tensor(at),
        "done": torch.tensor(done),
        "content_factors": torch.tensor(place.content_factors),
    }
    return {**told, "terms": terms.cpu(), **held}


def read_state(state: EngineState, plan: Plan) -> Place:
    """Where to go on, also by what a version wrote that painted one layer after the other."""
    s, layer, block = (int(one) for one in state["place"])
    settled = [state.get(f"layer{n}") for n in range(plan.layers)]
    factors = state["content_factors"].tolist() if "content_factors" in state else [1.0] * plan.layers
    if "done" in state:
        return Place(s, [int(one) for one in state["done"]], settled, factors)
    blocks = block_count(plan.scales[s]) if s < len(plan.scales) else 0
    done = [blocks if n < layer else block if n == layer else 0 for n in range(plan.layers)]
    return Place(s, done, settled, factors)
