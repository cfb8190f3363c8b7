"""From portraits to batches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.training.files import Files
from styfie.training.pictures import PictureSet
from styfie.training.portraits import Batch, Light, Pastings, draw_light, draw_placing, place, put_side_by_side
from styfie.training.presets import TrainingPreset
from styfie.training.readers import Entry, Portrait, PortraitSet, open_portraits

# Sources that are few but varied are drawn more often.
DRAWN = {"ccp": 0.6, "hsd": 3.0, "fasseg": 0.7, "pf": 2.0, "cocof": 4.0, "coco": 3.0, "negf": 2.5, "statue": 2.0}
NOBODY, CUTOUT, JOINED, NEW_BACKGROUND, FAR = 0.04, 0.05, 0.06, 0.2, 0.08  # shares of the varied pictures
COVERED, BACKLIT = 0.08, 0.1


def has_word(path: str, words: Sequence[str]) -> bool:
    """Whether one of some words is in a path."""
    return any(word in path for word in words)


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

    def without(self, words: Sequence[str]) -> Several:
        """Those with none of some words in their path."""
        kept = [at for at, one in zip(self._at, self.entries, strict=True) if not has_word(one.image, words)]
        return Several(self.sets, kept)

    def with_parts(self) -> Several:
        """Those with labelled parts."""
        return Several(self.sets, [at for at, one in zip(self._at, self.entries, strict=True) if one.parts])

    def chosen(self, count: int) -> Several:
        """At most `count` of them, whatever their order: those first by a checksum of their path."""
        if len(self) <= count:
            return self
        sums = [hashlib.sha256(entry.image.encode()).digest() for entry in self.entries]
        first = sorted(range(len(self)), key=lambda i: (sums[i], self._at[i]))[:count]
        return Several(self.sets, [self._at[i] for i in sorted(first)])

    def spread(self, count: int) -> Several:
        """At most `count` of them, evenly spread."""
        taken = np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)
        return Several(self.sets, [self._at[i] for i in taken])


class Material:
    """All that a run is given: portraits to learn from and to score on, and where cut-outs and backgrounds lie.

    Portraits with a word of `leave_out` in their path are scored on but not learned from.

    Raises:
        MissingError, InputError: as `open_portraits`; or all portraits are left out.
    """

    def __init__(self, data: Sequence[Path], leave_out: Sequence[str] = ()) -> None:
        self.files = [Files(source) for source in data]
        divided = [open_portraits(files) for files in self.files]
        self.learning, self.held_out = (Several(sets) for sets in zip(*divided, strict=True))
        self.leave_out = list(leave_out)
        self.learned = self.learning.without(leave_out)
        if not len(self.learned):
            raise InputError("Every portrait is left out: keep some to learn from.")

    def check_words(self, scenes: Sequence[Path] = ()) -> None:
        """See that each word to leave out is in some path: one that is mistyped would leave nothing out.

        Raises:
            InputError: one is in none, or as `PictureSet`.
        """
        paths = [entry.image for entry in self.learning.entries]
        paths += [name for source in scenes for name in PictureSet(source).names]
        if unknown := [word for word in self.leave_out if not any(word in path for path in paths)]:
            sources = ", ".join(sorted({entry.source for entry in self.learning.entries})[:20])
            raise InputError(f"No picture has {unknown[0]!r} in its path to leave out: sources are {sources}.")


@dataclass(frozen=True)
class Row:
    """A portrait as it is to be seen: placed, the person darker than what is behind, and lit."""

    portrait: Portrait
    theta: Tensor | None = None
    against: float = 1.0
    light: Light = field(default_factory=Light)


class Sampler:
    """Batches of portraits; `at(step, rows)` depends on these and the seed alone."""

    def __init__(self, material: Material, recipe: TrainingPreset, scenes: Sequence[Path] = ()) -> None:
        self.portraits, self.recipe = material.learned, recipe
        self.pastings = Pastings(material.files, scenes, material.leave_out)
        weights = DRAWN if recipe.varied else {}
        drawn = np.array([weights.get(entry.source, 1.0) for entry in self.portraits.entries])
        self.odds = drawn / drawn.sum()

    def draw(self, rng: np.random.Generator) -> Portrait:
        """Nobody, a pasted cut-out, or a portrait: as it is, with one more person, elsewhere, far away, or covered."""
        if self.recipe.paired and rng.random() < self.recipe.paired:
            return put_side_by_side(self.any_portrait(rng), self.any_portrait(rng), rng)
        kind = rng.random()
        if kind < NOBODY and (scene := self.pastings.nobody(rng)):
            return scene
        kind -= NOBODY
        if kind < CUTOUT and (cutout := self.pastings.cutout(rng)):
            return self.pastings.onto_new_background(cutout, rng)
        portrait = self.any_portrait(rng)
        kind -= CUTOUT
        for share, vary in (
            (JOINED, self.pastings.joined_by),
            (NEW_BACKGROUND, self.pastings.onto_new_background),
            (FAR, self.pastings.far_away),
            (COVERED, self.pastings.covered),
        ):
            if kind < share:
                return vary(portrait, rng)
            kind -= share
        return portrait

    def any_portrait(self, rng: np.random.Generator) -> Portrait:
        """A portrait as it is."""
        return self.portraits[int(rng.choice(len(self.odds), p=self.odds))]

    def at(self, step: int, rows: range) -> Batch:
        """The rows `rows` of one step's batch, as many as it has: chance is drawn for all, pixels only for these."""
        rng = np.random.default_rng((self.recipe.schedule.seed, step))
        side, drawn = self.recipe.side_at(step), [self._draw_row(rng) for _ in range(self.recipe.schedule.batch)]
        drawn = drawn[rows.start : rows.stop]
        shape = (len(drawn), 3, side, side)
        pictures = torch.empty(shape, dtype=torch.uint8, memory_format=torch.channels_last)
        mattes, parts = (
            pictures.new_empty(len(drawn), 1, side, side),
            pictures.new_empty(len(drawn), side // 2, side // 2),
        )
        # One by one, each into its place: a picture fits in the processor's cache, a batch of floats does not.
        for n, row in enumerate(drawn):
            picture, matte, labels = place(row.portrait, side, row.theta)
            if row.against < 1:
                picture = picture * torch.lerp(torch.ones(()), torch.tensor(row.against), matte)
            pictures[n] = row.light.on(picture).mul(255).round_()
            mattes[n] = (matte if self.recipe.varied else (matte >= 0.5).float()).mul(255).round_()
            parts[n] = labels[::2, ::2]
        return Batch(pictures, mattes, parts)

    def _draw_row(self, rng: np.random.Generator) -> Row:
        if not self.recipe.varied:
            return Row(self.any_portrait(rng))
        against, backlit = rng.uniform(0.25, 0.7), rng.random() < BACKLIT
        return Row(self.draw(rng), draw_placing(rng), against if backlit else 1.0, draw_light(rng, self.recipe.plain))
