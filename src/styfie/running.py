"""One photo's run: from a request to a painting, with its state kept on the way, and its recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styfie.engines import ENGINES, check_memory, load_engine
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.images import fit_size, resize
from styfie.painting import Painting
from styfie.provenance import checksums_of, fingerprint, versions_and_settings
from styfie.reading import Request, SourcePhoto, check_narrow, read_coarse, read_request
from styfie.storage.checkpoint import Unfinished
from styfie.storage.recipes import depth_source

if TYPE_CHECKING:
    from styfie.engines.strokes import Drawing

SKETCH = 1024  # longest side of the painting in `unfinished.ora`
OnProgress = Callable[[Progress], bool | None]
OnNote = Callable[[str], None]


class Run:
    """One photo's run: everything is found and checked before the first step."""

    def __init__(self, photo: SourcePhoto, request: Request, sources: Iterable[Path]) -> None:
        self.request = request
        settings = request.settings
        self.engine = load_engine(settings.engine)
        picture, regions, looks, self.notes = reading = read_request(photo, request, settings.size)
        check_narrow(picture)
        check_memory(settings, (picture.shape[-2], picture.shape[-1]))
        self.more: dict[str, Any] = {}  # what this engine takes besides
        if ENGINES[settings.engine].coarse_input:
            self.more["small"] = read_coarse(photo, request, reading)
        layers = picture.expand(len(regions.names), -1, -1, -1)
        self.before = Painting(picture, regions, layers, looks, sources=tuple(Path(one).absolute() for one in sources))
        self.weights = checksums_of(settings)
        known = request.regions is not None and request.regions.depth is not None
        self.depth = depth_source(request.depth, known)
        self.fingerprint = fingerprint(picture, looks, settings, self.depth, self.weights)
        self.drawing: Drawing | None = None  # of an engine of strokes, when it is done
        self.svg = ""  # of one whose picture is a drawing for any size

    def paint(
        self, on_progress: OnProgress | None, unfinished: Unfinished | None = None, on_note: OnNote | None = None
    ) -> Painting:
        """The last progress as a painting; the best so far if it is stopped."""
        before, progress, finished = self.before, None, True
        state = unfinished.state() if unfinished else None
        resumed = state is not None
        if on_note:
            for one in self.notes:
                on_note(one)
        steps = self.engine(before.photo, before.regions, before.looks, self.request.settings, state=state, **self.more)
        for progress in steps:
            state = None  # the engine has it, and may let it go
            if resumed and on_note:
                on_note(f"going on at step {progress.step} of {progress.steps}")
            resumed = False
            if unfinished and (note := unfinished.keep(progress, partial(self._sketch, progress))) and on_note:
                on_note(note)
            if on_progress and on_progress(progress) is False:
                finished = False
                break
        if progress is None:
            raise InputError(f"The engine {self.request.settings.engine!r} painted nothing.")
        # With its layers made, the progress lets go of what the engine made them from.
        self.drawing, self.svg = progress.strokes, progress.svg
        last = Progress(progress.step, progress.steps, progress.losses, 0.0, progress.layers, alone=progress.alone)
        del progress
        return self._painting(last, finished, scored=True)

    def _painting(self, progress: Progress, finished: bool = False, scored: bool = False) -> Painting:
        """What is painted so far, at the photo's size; `scored` with its likeness in the recipe."""
        before = self.before
        layers = resize(progress.layers, before.regions.size)
        if any((look := before.looks.get(name)) is None or not look.styles for name in before.regions.names):
            layers = layers.clone()
        recipe = self._recipe(progress, finished)
        alone = None if progress.alone is None else resize(progress.alone, before.regions.size)
        painting = replace(before, layers=layers, recipe=recipe, alone=alone)
        for i, name in enumerate(before.regions.names):
            if (look := before.looks.get(name)) is None or not look.styles:
                layers[i] = painting.colours[i].clamp(0, 1)  # also where a run was stopped at a smaller scale
        if scored and (likeness := painting.likeness) is not None:
            recipe["likeness"] = round(likeness, 3)  # not in a copy, which would look for the regions' colours again
        return painting

    def _sketch(self, progress: Progress) -> Painting:
        """What is painted so far, small: the exact layers are in the state beside it."""
        before, layers = self.before, progress.layers
        size = fit_size(before.regions.size, min(SKETCH, max(layers.shape[-2:])))
        layers = resize(layers, size)
        return Painting(
            resize(before.photo, size), before.regions.resize(size), layers, before.looks, self._recipe(progress, False)
        )

    def _recipe(self, progress: Progress, finished: bool) -> dict[str, Any]:
        """How the picture was made; no path, no time of day, nothing of the camera."""
        return {
            **versions_and_settings(self.request.settings),
            "depth": self.depth,
            "weights": self.weights,
            "masks": sorted({*self.request.masks, *self.request.own}),
            "fingerprint": self.fingerprint,
            "losses": {name: round(value, 6) for name, value in progress.losses.items()},
            "steps": progress.step,
            "finished": finished,
        }
