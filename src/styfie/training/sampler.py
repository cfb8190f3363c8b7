"""From portraits to batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.training.files import Files
from styfie.training.portraits import Batch, Pastings, draw_placing, place, relight
from styfie.training.presets import TrainingPreset
from styfie.training.readers import Entry, Portrait, PortraitSet, open_portraits

# Sources that are few but varied are drawn more often.
DRAWN = {"hsd": 3.0, "comp": 1.0, "fasseg": 0.7}
NOBODY, CUTOUT, JOINED, NEW_BACKGROUND = 0.04, 0.05, 0.06, 0.3  # shares of the varied pictures


class Several:
    """Portraits of several sets in a row; of many, `spread` takes a few."""

    def __init__(self, sets: Sequence[PortraitSet], chosen: Sequence[tuple[int, int]] | None = None) -> None:
        self.sets = sets
        everything = ((k, i) for k, one in enumerate(sets) for i in range(len(one)))
        self._at = list(everything if chosen is None else chosen)

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, index: int) -> Portrait:
        which, inside = self._at[index]
        return self.sets[which][inside]

    @property
    def entries(self) -> list[Entry]:
        """Where each portrait lies."""
        return [self.sets[which].entries[inside] for which, inside in self._at]

    def without(self, sources: Sequence[str]) -> Several:
        """Those of other sources."""
        kept = [at for at, entry in zip(self._at, self.entries, strict=True) if entry.source not in sources]
        return Several(self.sets, kept)

    def spread(self, count: int) -> Several:
        """At most `count` of them, evenly spread."""
        taken = np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)
        return Several(self.sets, [self._at[i] for i in taken])


class Material:
    """All that a run is given: portraits to learn from and to score on, and where cut-outs and backgrounds lie.

    Portraits of the sources in `leave_out` are scored on but not learned from.

    Raises:
        MissingError, InputError: as `open_portraits`; or `leave_out` names what is not there, or all.
    """

    def __init__(self, data: Sequence[Path], leave_out: Sequence[str] = ()) -> None:
        self.files = [Files(source) for source in data]
        divided = [open_portraits(files) for files in self.files]
        self.learning, self.held_out = (Several(sets) for sets in zip(*divided, strict=True))
        self.leave_out = list(leave_out)
        sources = sorted({entry.source for entry in self.learning.entries})
        if unknown := [source for source in leave_out if source not in sources]:
            shown = ", ".join(sources[:20]) + (", …" if len(sources) > 20 else "")
            raise InputError(f"There is no source {unknown[0]!r} to leave out: there are {shown}.")
        if set(sources) <= set(leave_out):
            raise InputError("Every source is left out: keep one to learn from.")
        self.learned = self.learning.without(leave_out)


class Sampler:
    """Batches of portraits; `at(step, rows)` depends on these and the seed alone."""

    def __init__(self, material: Material, recipe: TrainingPreset, scenes: Sequence[Path] = ()) -> None:
        self.portraits, self.recipe = material.learning, recipe
        self.pastings = Pastings(material.files, scenes)
        sources = [entry.source for entry in self.portraits.entries]
        weights = DRAWN if recipe.varied else {}
        drawn = np.array([0.0 if s in material.leave_out else weights.get(s, 1.0) for s in sources])
        self.odds = drawn / drawn.sum()

    def draw(self, rng: np.random.Generator) -> Portrait:
        """Nobody, a pasted cut-out, or a portrait: as it is, with one more person, before another background."""
        kind = rng.random()
        if kind < NOBODY and (scene := self.pastings.nobody(rng)):
            return scene
        kind -= NOBODY
        if kind < CUTOUT and (cutout := self.pastings.cutout(rng)):
            return self.pastings.onto_new_background(cutout, rng)
        portrait = self.any_portrait(rng)
        kind -= CUTOUT
        if kind < JOINED:
            return self.pastings.joined_by(portrait, rng)
        return self.pastings.onto_new_background(portrait, rng) if kind < JOINED + NEW_BACKGROUND else portrait

    def any_portrait(self, rng: np.random.Generator) -> Portrait:
        """A portrait as it is."""
        return self.portraits[int(rng.choice(len(self.odds), p=self.odds))]

    def at(self, step: int, rows: range) -> Batch:
        """The rows `rows` of the batch of one step: chance is drawn for all of it, pixels only for these."""
        rng = np.random.default_rng((self.recipe.schedule.seed, step))
        drawn: list[tuple[Portrait, Tensor | None]]
        side, count, varied = self.recipe.side_at(step), self.recipe.schedule.batch, self.recipe.varied
        if varied:
            drawn = [(self.draw(rng), draw_placing(rng)) for _ in range(count)]
        else:
            drawn = [(self.any_portrait(rng), None) for _ in range(count)]
        placed = [place(portrait, side, theta) for portrait, theta in drawn[rows.start : rows.stop]]
        pictures, mattes, parts = (torch.stack(column) for column in zip(*placed, strict=True))
        if varied:
            pictures = relight(pictures, rng, count, rows.start)
        else:
            mattes = (mattes >= 0.5).float()
        return Batch(pictures.contiguous(memory_format=torch.channels_last), mattes, parts[:, ::2, ::2])
