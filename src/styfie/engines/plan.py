"""How a picture of a given size is painted in given memory: scales, steps, tiles, known before the start."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from styfie.encoders.loss_weights import THIN
from styfie.errors import InputError
from styfie.images import fit_size

COARSE = 192  # longest side up to which a scale gets all steps
BASE_SIZE = 512  # longest side up to which larger ones get a share of them; each doubling beyond halves it
FEWEST, FEWEST_OF_DRAFT = 8, 4  # steps, at least
DRAFTED = BASE_SIZE // 4  # longest side from which on a draft gets half the steps with each doubling
SEARCHED = BASE_SIZE // 2  # longest side up to which a draft is searched for; one pass of a network does the rest
CHECK_INTERVAL = 10  # steps between two looks at whether anything is still seen to change
BLOCK = 40  # steps after which the search begins anew from the best picture, and a run can go on after a stop
GIGABYTE = 10**9
TWICE = 1.5  # work on a picture in tiles: they overlap, and their statistics are gathered first
TOGETHER = 0.82  # of the time of one after the other that layers side by side take
PASS_STEPS = 6.0  # steps that one pass of a network takes as long as, with all that it needs
PREPARED = 2.0  # steps that getting a layer of a scale ready takes as long as: its targets, colours and content
WRITTEN = 1.75  # steps of one layer that blending and writing the pictures take as long as

# Bytes; benchmarks/sizes.py compares what is foretold with what is measured from outside.
BASE = 0.75 * GIGABYTE  # Python, PyTorch, the networks and finding the person
PICTURE, MATTE = 12, 4  # per pixel in float32
STYLE = 2048**2  # pixels of a style picture, at most
PASS, PASS_TILE = 1500, 1024**2  # per pixel that one pass of a network sees at once, and how many these are at most
CHOICES = (
    (0, 8),
    (0, 4),
    (1024, 8),
    (1024, 4),
    (512, 4),
    (512, 2),
    (512, 1),
    (256, 1),
)  # sides of tiles, and histories


@dataclass(frozen=True)
class Scale:
    """One size to work at, (height, width): steps for each layer, and `side` of its tiles in pixels, 0 = no tiles.

    `one_pass`: it is not searched, a network paints it in one pass. So many layers are painted `at_once`.
    """

    size: tuple[int, int]
    steps: int
    side: int
    history: int
    memory: float  # bytes at the most
    one_pass: bool = False
    at_once: int = 1

    @property
    def pixels(self) -> int:
        """Of one layer."""
        return self.size[0] * self.size[1]

    @property
    def work(self) -> float:
        """Pixels to be worked on in one step of one layer, with those that tiles see twice."""
        alone = self.pixels * (PASS_STEPS if self.one_pass else TWICE if self.side else 1)
        return alone * (TOGETHER if self.at_once > 1 else 1)


@dataclass(frozen=True)
class Plan:
    """All scales, coarse to fine, for so many layers."""

    scales: tuple[Scale, ...]
    layers: int

    def seconds(self, step: float) -> float:
        """Until the pictures are written, if a step takes so many seconds for each pixel."""
        prepared = PREPARED * self.layers * sum(scale.pixels for scale in self.scales)
        return step * (self.work + prepared + WRITTEN * self.scales[-1].pixels)

    def describe(self, seconds: float) -> str:
        """One line for people, with the time from start to files."""
        sizes = ", ".join(str(max(scale.size)) for scale in self.scales)
        side = self.scales[-1].side
        tiles = f" in tiles of {side} pixels" if side else ""
        minutes, rest = divmod(round(seconds), 60)
        time = f"{minutes} min {rest} s" if minutes else f"{rest} s"
        return (
            f"{sizes} pixels{tiles}, {self.steps} steps for {self.layers} layer{'s' * (self.layers > 1)}: "
            f"about {time}, {self.memory / GIGABYTE:.1f} GB at the most"
        )

    @property
    def small_scales(self) -> list[Scale]:
        """Those that cost little and settle what is seen of the photo in the end."""
        return [scale for scale in self.scales if max(scale.size) <= COARSE and not (scale.side or scale.one_pass)]

    @property
    def work(self) -> float:
        """Pixels to be worked on in all, with those that tiles see twice."""
        return self.layers * sum(scale.work * scale.steps for scale in self.scales)

    @property
    def memory(self) -> float:
        """Bytes at the most."""
        return max(scale.memory for scale in self.scales)

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.layers * sum(scale.steps for scale in self.scales)


def make_plan(
    size: tuple[int, int],
    layers: int,
    steps: int,
    memory: float,
    whole: bool = False,
    step: tuple[int, int, int] = (700, 32, 0),
    small: tuple[int, int] | None = None,
    draft: bool = False,
    at_once: int = 1,
    smallest: int = THIN.smallest,
    later: float = THIN.later,
) -> Plan:
    """The scales for a picture of (height, width) with `steps` at the coarsest, within `memory` bytes.

    `whole`: the loss cannot be measured in tiles; `step`: bytes for each pixel that the encoder sees at once, how many
    pixels it sees around a tile, and bytes that it keeps for each of the picture; `small`: the (height, width) of the
    picture read at `BASE_SIZE` pixels, that the scales up to there are of; `draft`: what is settled at a coarse scale
    is hardly gone over again, and beyond `SEARCHED` pixels one pass of a network finishes it, where memory allows;
    `at_once`: so many layers are painted at a time, where memory allows and nothing is painted in tiles; `smallest`:
    pixels of the coarsest scale's longest side, at least; `later`: the share of the steps that scales above `COARSE`
    get.

    Raises:
        InputError: it cannot be done in so little.
    """
    scales = []
    # The final one first: it needs most, and says what is missing.
    for longest in reversed(pyramid(max(size), smallest)):
        here = fit_size(small if small and longest <= BASE_SIZE else size, longest)
        found = _one_pass(here, size, layers, memory) if draft and longest > SEARCHED else None
        found = found or _fit(here, size, layers, _steps_at(longest, steps, draft, later), memory, whole, step)
        scales.append(_side_by_side(found, _base_memory(size[0] * size[1], layers), memory, at_once))
    return Plan(tuple(reversed(scales)), layers)


def _steps_at(longest: int, steps: int, draft: bool, later: float) -> int:
    """Of a scale, with so many at the coarsest."""
    if longest <= COARSE:
        return steps
    share = DRAFTED / longest if draft else later * min(1.0, BASE_SIZE / longest)
    return min(steps, max(FEWEST_OF_DRAFT if draft else FEWEST, round(steps * share)))


def pyramid(size: int, smallest: int) -> list[int]:
    """Longest sides to work at, coarse to fine: up to `BASE_SIZE` each twice the one before, beyond it at most twice.

    From 96 on 2048 is 128, 256, 512, 1024, 2048, and 3000 is 128, 256, 512, 923, 1664, 3000: what is painted at 512
    pixels is how every larger painting begins.
    """
    scales = [min(size, BASE_SIZE)]
    while scales[0] // 2 >= smallest:
        scales.insert(0, scales[0] // 2)
    count = math.ceil(math.log2(max(size, BASE_SIZE) / BASE_SIZE))
    return scales + [round(BASE_SIZE * (size / BASE_SIZE) ** (i / count)) for i in range(1, count + 1)]


def _base_memory(final: int, layers: int) -> float:
    """Bytes that are held from the beginning to the end, for so many pixels of the result.

    The photo, its faces, and a picture on its way; of each layer its colours in half precision, what is painted, alpha
    and band.
    """
    kept = BASE + final * (2 * PICTURE + 2 * MATTE + layers * (1.5 * PICTURE + 2 * MATTE))
    return kept + layers * PICTURE * min(final, STYLE)


def _one_pass(size: tuple[int, int], final: tuple[int, int], layers: int, memory: float) -> Scale | None:
    """A scale painted in one pass of a network, if that fits."""
    pixels = size[0] * size[1]
    need = _base_memory(final[0] * final[1], layers) + 6 * PICTURE * pixels + PASS * min(pixels, PASS_TILE)
    return Scale(size, 1, 0, 0, need, one_pass=True) if need <= memory else None


def _side_by_side(scale: Scale, base: float, memory: float, at_once: int) -> Scale:
    """The scale with several layers at a time, if they fit: `base` bytes are needed once, the others for each."""
    need = base + at_once * (scale.memory - base)
    return replace(scale, at_once=at_once, memory=need) if not scale.side and need <= memory else scale


def _fit(
    size: tuple[int, int],
    final: tuple[int, int],
    layers: int,
    steps: int,
    memory: float,
    whole: bool,
    step: tuple[int, int, int],
) -> Scale:
    """The largest tiles, and the longest history, that fit."""
    pixels, kept = size[0] * size[1], _base_memory(final[0] * final[1], layers)
    least = float("inf")
    for side, history in CHOICES:
        if side >= max(size) or (whole and side):
            continue  # that is no tile
        seen = pixels if side == 0 else min(pixels, (side + 2 * step[1]) ** 2)
        # The best picture, this one, the next and two gradients; without tiles a progress still holds some more.
        pictures = (5 if side else 9) + (steps > CHECK_INTERVAL and side > 0) + 2 * history
        need = kept + (PICTURE * pictures + step[2]) * pixels + step[0] * seen
        if need <= memory:
            return Scale(size, steps, side, history, need)
        least = min(least, need)
    raise InputError(
        f"{final[1]}x{final[0]} pixels need {least / GIGABYTE:.1f} GB and {memory / GIGABYTE:.1f} GB are allowed: "
        "raise --max-memory or lower --size"
        + (", or choose the loss gram or wasserstein, which paint in tiles." if whole else ".")
    )
