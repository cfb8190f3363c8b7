"""`styfie paint`."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from styfie.cli.options import (
    Colors,
    Device,
    Masks,
    Photo,
    Seed,
    Segmenter,
    Strengths,
    asked_looks,
    by_name,
    warn_of_doubt,
    with_looks,
)
from styfie.cli.progress import show_progress
from styfie.cli.segment import save_image
from styfie.settings import Settings

if TYPE_CHECKING:
    from styfie.engines.progress import Progress

Style = Annotated[
    str | None, typer.Option(metavar="STYLE", help="A picture file or a gallery name (styfie list styles).")
]


def paint(
    photo: Photo = None,
    subject: Style = None,
    background: Style = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=STYLE",
            help="The style of a region: subject, background, skin, hair, clothes, accessories, person-1, person-2, "
            "… or a --mask's. Repeatable.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the pictures.")] = Path("painted"),
    strength: Strengths = None,
    color: Colors = None,
    mask: Masks = None,
    size: Annotated[
        int, typer.Option(help="Longest side of the result in pixels; 0 = the photo's own.")
    ] = Settings.size,
    steps: Annotated[int, typer.Option(help="Steps per scale.")] = Settings.steps,
    seed: Seed = Settings.seed,
    device: Device = Settings.device,
    engine: Annotated[str, typer.Option(help="See: styfie list engines.")] = Settings.engine,
    encoder: Annotated[str, typer.Option(help="See: styfie list encoders.")] = Settings.encoder,
    import_: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="Take the weights of --encoder vgg16|vgg19 from here."),
    ] = None,
    segmenter: Segmenter = Settings.segmenter,
    start: Annotated[str, typer.Option(help="Begin from the photo or from noise.")] = Settings.start,
    radius: Annotated[float, typer.Option(help="Of the portrait blur, in pixels per 512.")] = Settings.radius,
) -> None:
    """Paint the person of a photo in one style and the world behind in another.

    Writes photo, mask, cutout, subject, background, both, blur and sheet as PNG, and painting.ora with the recipe.
    A region without a style stays photo; with no style at all a pair of the gallery is taken. Regions finer than
    subject and background get a mask each, mask-NAME.png.
    Ctrl-C keeps the best picture so far; a second one stops at once.
    """
    settings = Settings(
        size=size,
        steps=steps,
        seed=seed,
        device=device,
        engine=engine,
        encoder=encoder,
        segmenter=segmenter,
        start=start,
        radius=radius,
    )
    short = [f"{name}={given}" for name, given in (("subject", subject), ("background", background)) if given]
    looks, masks = by_name([*short, *(style or [])], "--style"), by_name(mask or [], "--mask", "subject")
    asked = asked_looks(looks or ("subject", "background"), strength, color)
    import styfie

    if import_ is not None:
        from styfie.encoders.vgg import import_vgg

        import_vgg(encoder, import_)
    keep = keep_steps(engine, output)
    with interruptible() as stop, show_progress() as show:

        def on_progress(progress: Progress) -> bool:
            show(progress)
            keep(progress)
            return not stop.asked

        painting = styfie.paint(photo, looks, settings, masks=masks, on_progress=on_progress)
    files = with_looks(painting, asked).save(output)
    warn_of_doubt(painting.regions)
    typer.echo(f"Wrote {', '.join(file.name for file in files)} into {output}")
    if stop.asked:
        typer.echo("Stopped before the end: this is the best picture so far.", err=True)
        raise typer.Exit(130)


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


class _Stop:
    asked = False


@contextmanager
def interruptible() -> Iterator[_Stop]:
    """The first Ctrl-C asks to stop, a second one interrupts at once."""
    stop = _Stop()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        typer.echo("Stopping after this step; Ctrl-C again stops at once.", err=True)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
