"""`styfie paint` of a video."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from styfie.cli.many import show_all
from styfie.cli.options import parse_shard
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


def refuse_for_films(of_photos: Sequence[str]) -> None:
    """Refuse options that are for photos.

    Raises:
        InputError: there is one.
    """
    if of_photos:
        raise InputError(f"{of_photos[0]} came with a video: it is for photos only.")


def paint_clips(
    files: Sequence[Path],
    folder: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    part: str | None,
    of_span: bool,
) -> None:
    """Paint several clips one after the other, each into a folder of its own; `part` is the text of `--shard`.

    Exit code 2 if any could not be painted, 130 if interrupted.

    Raises:
        InputError: a span of time, which is one clip's, or as `films.paint_films`.
        OutputError: a film would replace what is read.
    """
    if of_span:
        raise InputError("--from and --to are of one video: name one, not several.")
    from styfie.film.many import paint_films

    if part and len(files) == 1:
        raise InputError(f"--shard {part} came: stretches of a film want film and folder here, not in a store.")
    shard = parse_shard(part, [file.name for file in files]) if len(files) > 1 else None
    count = len(shard.pick(files, lambda file: file.name)) if shard else len(files)
    with interruptible() as stop, show_progress() as show:

        def on_progress(progress: Progress) -> bool:
            show(progress)
            return not stop.requested

        show_all(paint_films(files, folder, looks, settings, shard, on_progress, print_note), count)
    if stop.requested:
        print_note("Stopped before the end: the same command goes on from here.")
        raise typer.Exit(130)


def paint_clip(
    file: Path,
    folder: Path,
    looks: Mapping[str, StyleInput],
    settings: Settings,
    first: float,
    end: float | None,
    part: str | None = None,
) -> None:
    """Paint a clip, with progress; Ctrl-C keeps what is painted so far as a film that plays.

    Of the shard that `part` names, the text of `--shard`, only its stretch is painted, and nothing of it plays before
    all stretches are there. An array job's task does not say it: each may have a clip of its own.

    Raises:
        InputError: as `video.paint_video`.
        OutputError: the film would replace what it is made from, or as `video.paint_video`.
    """
    from styfie.film.video import paint_stretch, paint_video
    from styfie.shards import Shard
    from styfie.storage.atomic import check_targets
    from styfie.styles import style_files

    shard = Shard.parse(part) if part else None
    check_targets([folder / f"{file.stem}.mp4"], [file, Path(settings.segmenter), *style_files(looks)])
    rate = _Rate()
    with interruptible() as stop, show_progress() as show:

        def on_progress(progress: Progress) -> bool:
            show(progress)
            rate.count(progress.step)
            return not stop.requested

        film: Path | None
        if shard:
            film, finished = paint_stretch(file, folder, looks, settings, shard, first, end, on_progress, print_note)
        else:
            film, finished = paint_video(file, folder, looks, settings, first, end, on_progress, print_note)
    if film:
        typer.echo(f"Wrote {film.name} into {folder}{rate}")
    if not finished:
        so_far = "this is the film so far. " if film else ""
        print_note(f"Stopped before the end: {so_far}The same command goes on from here.")
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
