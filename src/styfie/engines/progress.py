"""Progress is a value: the terminal, the page and tests read the same one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from styfie.engines.strokes.drawing import Drawing

EngineState = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Progress:
    """One step of an engine; the last one is the result.

    `layers` (R, 3, h, w) in [0, 1] are at the size being worked on, the final one at the photo's; they may be given as
    what makes them, when somebody looks: at print size they are not made at every step. `state` is there at
    fixed steps only: given back to the engine with the same photo, regions, looks and settings it goes on from that
    step and ends with the same bytes. `alone` (R, 3, h, w) are the layers of regions painted without the others, where
    an engine paints them so besides. `strokes` are there at the end, if it is strokes that the engine paints with,
    and `svg` if its picture is a drawing for any size.
    """

    step: int
    steps: int
    losses: Mapping[str, float]
    seconds_left: float
    made: Tensor | Callable[[], Tensor]
    state: EngineState | None = None
    strokes: Drawing | None = None
    svg: str = ""
    alone: Tensor | None = None

    @cached_property
    def layers(self) -> Tensor:
        """Every region's layer (R, 3, h, w)."""
        return self.made if isinstance(self.made, Tensor) else self.made()
