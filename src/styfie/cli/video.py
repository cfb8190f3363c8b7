"""`styfie paint` of a video."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from styfie.cli.progress import interruptible, print_note, show_progress
from styfie.errors import InputError

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.settings import Settings
    from styfie.styles import StyleInput


def is_video(file: Path) -> bool:
    """Whether a file is a video, by its name or by what is in it."""
    from styfie.film.probe import is_video as found

    return found(file)


def paint_clip(
    file: Path,
    folder: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    first: float,
    end: float | None,
    of_photos: Sequence[str],
) -> None:
    """Paint a clip, with progress; Ctrl-C keeps what is painted so far as a film that plays.

    Raises:
        InputError: an option that is for photos, or as `video.paint_video`.
        OutputError: the film would replace what it is made from, or as `video.paint_video`.
    """
    if of_photos:
        raise InputError(f"{of_photos[0]} came with a video: it is for photos only.")
    from styfie.film.video import paint_video
    from styfie.storage.atomic import check_targets
    from styfie.styles import style_files

    check_targets([folder / f"{file.stem}.mp4"], [file, Path(settings.segmenter), *style_files(looks)])
    rate = _Rate()
    with interruptible() as stop, show_progress() as show:

        def on_progress(progress: Progress) -> bool:
            show(progress)
            rate.count(progress.step)
            return not stop.requested

        film, finished = paint_video(file, folder, looks, settings, first, end, on_progress, _note)
    typer.echo(f"Wrote {film.name} into {folder}{rate}")
    if not finished:
        print_note("Stopped before the end: this is the film so far. The same command goes on from here.")
        raise typer.Exit(130)


class _Rate:
    """Frames a second from the first that is counted on; nothing to say of one alone."""

    def __init__(self) -> None:
        self.times: list[tuple[int, float]] = []

    def count(self, step: int) -> None:
        """So many frames are done."""
        self.times[1:] = [(step, time.perf_counter())]

    def __str__(self) -> str:
        if len(self.times) < 2 or self.times[1][0] == self.times[0][0]:
            return ""
        (first, begun), (last, ended) = self.times
        return f", {(last - first) / max(1e-6, ended - begun):.1f} frames a second"


def _note(text: str) -> None:
    print_note(text)
