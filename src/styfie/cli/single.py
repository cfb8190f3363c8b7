"""`styfie paint` of one photo: as it is or as a recipe says, with a plan before and progress meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from styfie.cli.options import warn_of_doubt
from styfie.cli.progress import interruptible, print_note, show_progress
from styfie.cli.segment import save_image
from styfie.errors import InputError
from styfie.settings import Settings

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.images import Picture
    from styfie.painting import Painting
    from styfie.reading import Request
    from styfie.storage.recipes import Recipe


def repeat_recipe(
    found: Recipe, photo: Picture | None, request: Request, anew: Collection[str]
) -> tuple[Picture | None, Request]:
    """The recipe's own photo, regions and depth, if it is the photo that is to be painted.

    The regions are in the file as they were painted, with the masks that its user gave. At another size they are looked
    for anew, unless there are such masks among them. `anew` are the options on the command line that ask for others.
    """
    same = photo is None or found.is_of(photo)
    resized = photo is not None and request.settings.size != found.settings.size
    print_mask_notes(
        [n for n in found.masks or () if n not in request.masks], same and "segmenter" not in anew, resized
    )
    if not same:
        return photo, request
    depth = found.regions.depth
    if depth is not None and found.depth is None and "depth" not in anew:  # the user's own map, in which near is bright
        request = replace(request, depth=1 - depth)
    if "segmenter" in anew or (resized and found.masks == ()):
        return found.photo if photo is None else photo, request
    keeps = "depth" not in anew and not (resized and found.depth)
    regions = found.regions if keeps else replace(found.regions, depth=None)
    request = replace(request, depth=found.depth if keeps else request.depth)
    return found.photo if photo is None else photo, replace(request, regions=regions, own=found.masks or ())


def print_mask_notes(masks: Sequence[str], used: bool, resized: bool) -> None:
    """Say what becomes of a recipe's masks, where that is not what they were drawn for."""
    names = " and ".join(masks)
    if masks and not used:
        print_note(
            f"The recipe's mask of {names} is not used, as it is of other regions or another photo: --mask gives one."
        )
    elif masks and resized:
        print_note(f"The mask of {names} is the recipe's, at another size: --mask gives a sharper one.")


def paint_one(
    photo: Picture | None, request: Request, output: Path, timelapse: Path | None, read: Sequence[Path] = ()
) -> None:
    """Paint a photo as `request` says, into a folder that holds none of the files in `read`.

    Raises:
        typer.Exit: it was stopped before the end; the best picture so far is written.
    """
    begun = time.perf_counter()
    from styfie.film.timelapse import Timelapse
    from styfie.pipeline import paint_into
    from styfie.sources import files_read
    from styfie.storage.atomic import check_targets
    from styfie.storage.checkpoint import FILE
    from styfie.storage.openraster import packet_of

    film = Timelapse(timelapse) if timelapse else None
    steps = step_files(request.settings, output)
    check_targets([*([timelapse] if timelapse else []), *steps], [*files_read(photo, request), *read])
    keep = keep_steps(request.settings.engine, output)
    with interruptible() as stop, show_progress() as show:

        def on_start(painting: Painting) -> None:
            if plan := _plan(painting, request.settings, time.perf_counter() - begun):
                print_note(plan)
            if film:
                _check_film(painting)
                film.start(painting, request.settings, output)

        def on_progress(progress: Progress) -> bool:
            show(progress)
            keep(progress)
            if film:
                film.add(progress)
            return not stop.requested

        painting, files = paint_into(output, photo, request, on_start, on_progress, print_note, read)
    if film:
        files.append(film.save(packet_of(painting)))
    warn_of_doubt(painting.regions.doubtful)
    typer.echo(f"Wrote {', '.join(file.name for file in files)} into {output}")
    if stop.requested:
        more = " The same command goes on from here." if (output / FILE).exists() else ""
        print_note(f"Stopped before the end: this is the best picture so far.{more}")
        raise typer.Exit(130)


def _check_film(painting: Painting) -> None:
    """Refuse a timelapse of which nothing would be left at its size."""
    from styfie.film.timelapse import LONGEST
    from styfie.images import fit_size

    height, width = painting.regions.size
    if min(fit_size((height, width), min(LONGEST, max(height, width)))) < 2:
        raise InputError(f"A timelapse of {width}x{height} pixels would be one pixel narrow: leave --timelapse out.")


def _plan(painting: Painting, settings: Settings, passed: float) -> str:
    """What is going to be done, in how much time and memory, where the engine has a plan.

    `passed` are the seconds since the start.
    """
    from styfie.engines import describe_plan

    return describe_plan(painting.photo, painting.regions, painting.looks, settings, passed)


def step_files(settings: Settings, output: Path) -> list[Path]:
    """The pictures of a run's steps, where the engine keeps them: `iterations/NNN.png`."""
    from styfie.engines import ENGINES

    entry = ENGINES.get(settings.engine)
    kept = range(settings.steps + 1) if entry and entry.keeps_steps else ()
    return [output / "iterations" / f"{step:03d}.png" for step in kept]


def keep_steps(engine: str, output: Path) -> Callable[[Progress], None]:
    """What to do with each step's picture: `iterations/NNN.png`, layers side by side, where the engine keeps them."""
    from styfie.engines import ENGINES

    if engine not in ENGINES or not ENGINES[engine].keeps_steps:
        return lambda _progress: None

    def keep(progress: Progress) -> None:
        import torch

        from styfie.images import to_image

        side_by_side = torch.cat(list(progress.layers[:, None]), 3)
        save_image(to_image(side_by_side), output / "iterations" / f"{progress.step:03d}.png")

    return keep
