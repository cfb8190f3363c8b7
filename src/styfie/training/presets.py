"""Ways to train a segmenter."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from styfie.errors import InputError
from styfie.training.loop import Schedule


@dataclass(frozen=True)
class TrainingPreset:
    """What a network is shown, and for how long.

    `varied` pictures are pasted, placed and lit at random and learned by the network's own loss, and are small at
    first: `growth` has shares of the steps, rising, and the share of the side that pictures have until then; light and
    colours of the share `plain` stay as they are. Else all are shown as they are, with masks of two values, and learned
    by binary cross-entropy alone. Of more than `subset` portraits, if it is not 0, so many are learned from, always the
    same ones. A share `paired` is of two portraits beside each other, parts and all. From `scratch` nothing is started
    from but chance, so that all that a network has learned is from the pictures of its own training. A pass is
    `pass_size` pictures drawn at random (as many as there are, if 0); without `passes` the schedule's own steps count.
    """

    schedule: Schedule
    side: int = 256
    varied: bool = True
    growth: tuple[tuple[float, float], ...] = ((0.6, 0.75),)
    plain: float = 0.2
    paired: float = 0.0
    scratch: bool = False
    passes: float = 0
    pass_size: int = 0
    subset: int = 0

    def lengthened(self, portraits: int) -> TrainingPreset:
        """The same with steps and pass size for so many portraits.

        Raises:
            InputError: the side is no multiple of 32.
        """
        if self.side <= 0 or self.side % 32:
            raise InputError(f"A size of {self.side} pixels cannot be trained: choose a multiple of 32, such as 256.")
        size = self.pass_size or portraits
        steps = math.ceil(self.passes * size / self.schedule.batch) if self.passes else self.schedule.steps
        return replace(self, pass_size=size, schedule=replace(self.schedule, steps=steps))

    def side_at(self, step: int) -> int:
        """The pictures' side in a step: varied ones are smaller at first, in multiples of 32."""
        for until, share in self.growth if self.varied else ():
            if step < until * self.schedule.steps:
                return max(32, int(self.side * share) // 32 * 32)
        return self.side


PRESETS = {
    "ours": TrainingPreset(Schedule(steps=4000, batch=16, learning_rate=2e-3, weight_decay=1e-2, average=0.998)),
    # After ours: full size throughout, at a quarter of the rate.
    "finish": TrainingPreset(
        Schedule(steps=800, batch=16, learning_rate=5e-4, weight_decay=1e-2, average=0.995), growth=()
    ),
    # From random weights: half the side, where a step costs a quarter, for half of the steps, and easier pictures.
    "scratch": TrainingPreset(
        Schedule(steps=6000, batch=16, learning_rate=2e-3, weight_decay=1e-2, average=0.998),
        growth=((0.55, 0.5), (0.92, 0.67)),
        plain=0.5,
        scratch=True,
    ),
    # For a GPU: four times the pictures a step and twice the steps of ours; the whole network learns at one rate.
    "long": TrainingPreset(
        Schedule(steps=8000, batch=64, learning_rate=3e-3, weight_decay=1e-2, average=0.998, scores=3),
        growth=((0.5, 0.75),),
        scratch=True,
    ),
    # The founding paper (2021) says: Adam, binary cross-entropy, 256 x 256, 10 epochs, 10,000 of the 34,427 pictures
    # chosen. The rate of 1e-4, constant, and batches of 16 are inferred: a public kernel with a network of just as many
    # parameters has them. Which 10,000 is not said: ours are those first by a checksum of their path.
    "paper": TrainingPreset(
        Schedule(batch=16, learning_rate=1e-4, weight_decay=0.0, one_cycle=False, clip=None, average=0.0),
        varied=False,
        passes=10,
        pass_size=10_000,
        subset=10_000,
    ),
}


def load_preset(name: str) -> TrainingPreset:
    """The preset called `name`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in PRESETS:
        raise InputError(f"There is no preset {name!r}: known are {', '.join(PRESETS)}.")
    return PRESETS[name]
