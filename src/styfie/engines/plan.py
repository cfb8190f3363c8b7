"""How a picture of a given size is painted in given memory: scales, steps, tiles, known before the start."""

from __future__ import annotations

from dataclasses import dataclass

from styfie.errors import InputError
from styfie.images import fit_size

SMALLEST = 96  # longest side of the coarsest scale, at least
FULL = 512  # longest side up to which a scale gets all steps; each doubling beyond halves them
FEWEST = 8  # steps, at least
BLOCK = 40  # steps after which the search begins anew from the best picture, and a run can go on after a stop
GIGABYTE = 10**9

# Bytes, measured by benchmarks/memory.py.
BASE = 0.45 * GIGABYTE  # Python, PyTorch, the networks and finding the person
TILE = 700  # per pixel of a tile: features, their gradients and masks
KEPT = 4 * 3  # per pixel of a picture in float32


@dataclass(frozen=True)
class Scale:
    """One size to work at, (height, width): steps for each layer, and `side` of its tiles in pixels, 0 = no tiles."""

    size: tuple[int, int]
    steps: int
    side: int
    history: int
    memory: float  # bytes at the most

    @property
    def pixels(self) -> int:
        """Of one layer."""
        return self.size[0] * self.size[1]


@dataclass(frozen=True)
class Plan:
    """All scales, coarse to fine, for so many layers."""

    scales: tuple[Scale, ...]
    layers: int

    @property
    def memory(self) -> float:
        """Bytes at the most."""
        return max(scale.memory for scale in self.scales)

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.layers * sum(scale.steps for scale in self.scales)


def make_plan(size: tuple[int, int], layers: int, steps: int, memory: float, whole: bool = False) -> Plan:
    """The scales for a picture of (height, width) with `steps` at those up to `FULL`, within `memory` bytes.

    `whole`: the loss cannot be measured in tiles.

    Raises:
        InputError: it cannot be done in so little.
    """
    scales = []
    for longest in pyramid(max(size)):
        here = fit_size(size, longest)
        number = max(FEWEST, round(steps * min(1.0, FULL / longest))) if longest > FULL else steps
        scales.append(_fit(here, size, layers, min(steps, number), memory, whole))
    return Plan(tuple(scales), layers)


def pyramid(size: int) -> list[int]:
    """Longest sides to work at, coarse to fine, each twice the one before: 512 is 128, 256, 512."""
    scales = [size]
    while scales[0] // 2 >= SMALLEST:
        scales.insert(0, scales[0] // 2)
    return scales


def _fit(size: tuple[int, int], final: tuple[int, int], layers: int, steps: int, memory: float, whole: bool) -> Scale:
    """The largest tiles, and the longest history, that fit."""
    pixels = size[0] * size[1]
    kept = BASE + KEPT * (3 + 4 * layers) * final[0] * final[1]
    least = float("inf")
    for side, history in ((0, 10), (1024, 10), (1024, 4), (512, 4), (256, 2)):
        seen = pixels if side == 0 else min(pixels, (side + 64) ** 2)
        need = kept + KEPT * (8 + 2 * history) * pixels + TILE * seen
        if need <= memory:
            return Scale(size, steps, side, history, need)
        least = min(least, need)
        if whole:
            break
    raise InputError(
        f"{final[1]}x{final[0]} pixels need {least / GIGABYTE:.1f} GB and {memory / GIGABYTE:.1f} GB are allowed: "
        "raise --max-memory or lower --size" + (", or choose the gram loss, which paints in tiles." if whole else ".")
    )
