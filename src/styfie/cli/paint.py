"""`styfie paint`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styfie.cli.many import paint_all, watch_folder
from styfie.cli.options import (
    Blurs,
    Bokehs,
    Brushes,
    Colors,
    DepthFalloffs,
    Device,
    Lens,
    Mark,
    Masks,
    Seed,
    Segmenter,
    Strengths,
    by_name,
    warn_of_doubt,
)
from styfie.cli.pipes import paint_piped
from styfie.cli.progress import interruptible, print_note, show_progress
from styfie.cli.requests import is_given, parse_looks, parse_settings
from styfie.cli.segment import read_points, save_image
from styfie.cli.video import is_video, paint_clip
from styfie.errors import InputError
from styfie.settings import Settings

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.images import Picture
    from styfie.painting import Painting
    from styfie.reading import Request
    from styfie.storage.recipes import Recipe

STYLE = "STYLE[:WEIGHT][+STYLE…]"
Style = Annotated[
    str | None,
    typer.Option(metavar=STYLE, help="A picture file or a gallery name (styfie list styles), or several."),
]


def paint(
    context: typer.Context,
    photos: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PHOTO",
            help="A photo, several, or a folder; - from standard input to standard output. The built-in portrait if "
            "none.",
        ),
    ] = None,
    subject: Style = None,
    background: Style = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            metavar=f"NAME={STYLE}",
            help="The style of a region: subject, background, skin, hair, clothes, accessories, person-1, person-2, "
            "… or a --mask's; several are blended by their weights. Repeatable.",
        ),
    ] = None,
    style_mask: Annotated[
        list[str] | None,
        typer.Option(
            "--style-mask",
            metavar="NAME=FILE[+FILE…]",
            help="The part of a region's style picture that counts, white = inside; of several styles one for each.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for the pictures; of several photos one each within it.")
    ] = Path("painted"),
    strength: Strengths = None,
    color: Colors = None,
    stroke: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]0.25..4", help="Size of strokes beside the style picture's. Repeatable."),
    ] = None,
    content: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]0..1", help="How much of the photo's drawing is kept: 0 freely painted. Repeatable."
        ),
    ] = None,
    likeness: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]0..1", help="How much faces stay themselves. Repeatable."),
    ] = None,
    depth_falloff: DepthFalloffs = None,
    blur: Blurs = None,
    bokeh: Bokehs = None,
    brush: Brushes = None,
    mask: Masks = None,
    subject_at: Annotated[
        list[str] | None,
        typer.Option(
            "--subject-at",
            metavar="X,Y",
            help="A pixel of what is to be the subject: a dog, a car, one thing of many. Repeatable.",
        ),
    ] = None,
    depth: Annotated[
        str | None,
        typer.Option(metavar="FILE|auto", help="A depth map, bright = near; auto: the photo's own or an estimate."),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A painting.ora whose looks and settings to repeat, but for those given here; on its own photo if "
            "none is given.",
        ),
    ] = None,
    size: Annotated[
        int, typer.Option(help="Longest side of the result in pixels; 0 = the photo's own.")
    ] = Settings.size,
    quality: Annotated[str, typer.Option(help="How long to paint: draft, standard or fine.")] = Settings.quality,
    steps: Annotated[
        int, typer.Option(help="Steps at the coarsest scale, larger ones get fewer; 0 = as --quality asks.")
    ] = Settings.steps,
    max_memory: Annotated[
        str,
        typer.Option("--max-memory", metavar="800MB|2GB|…", help="What a painting may take; larger ones go in tiles."),
    ] = f"{Settings.max_memory:g}GB",
    seed: Seed = Settings.seed,
    device: Device = Settings.device,
    engine: Annotated[str, typer.Option(help="See: styfie list engines.")] = Settings.engine,
    loss: Annotated[
        str, typer.Option(help="How style is measured: gram, wasserstein, sliced or patches.")
    ] = Settings.loss,
    encoder: Annotated[str, typer.Option(help="See: styfie list encoders.")] = Settings.encoder,
    import_: Annotated[
        Path | None,
        typer.Option(
            "--import", metavar="FILE", help="Take the weights of --encoder vgg16|vgg19, or of the engine's, from here."
        ),
    ] = None,
    segmenter: Segmenter = Settings.segmenter,
    start: Annotated[
        str, typer.Option(help="Begin from the photo, from noise, or from what the fast engine paints.")
    ] = Settings.start,
    radius: Annotated[float, typer.Option(help="Of the portrait blur, in pixels per 512.")] = Settings.radius,
    lens: Lens = Settings.lens,
    mark: Mark = Settings.mark,
    timelapse: Annotated[
        Path | None, typer.Option(metavar="FILE.gif|.mp4", help="Also write how the picture came to be.")
    ] = None,
    first: Annotated[float, typer.Option("--from", min=0, help="Of a video: from this second on.")] = 0.0,
    end: Annotated[float | None, typer.Option("--to", min=0, help="Of a video: until this second.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Of a folder: paint each picture that comes to lie in it, until Ctrl-C.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=0, help="Of several photos, how many at a time; 0 = as many as fit the machine.")
    ] = 0,
) -> None:
    """Paint the person of a photo in one style and the world behind in another.

    Writes photo, mask, cutout, subject, background, both, blur and sheet as PNG, and painting.ora with the recipe.
    A region without a style stays photo; with no style at all a pair of the gallery is taken. Regions finer than
    subject and background get a mask each, mask-NAME.png. A bare value of --strength and the like is for all regions.
    Ctrl-C keeps the best picture so far; a second one stops at once. The same command goes on where it was stopped.
    A video comes back as a video, with its sound.
    """
    del (
        size,
        quality,
        steps,
        max_memory,
        seed,
        device,
        engine,
        loss,
        encoder,
        segmenter,
        start,
        radius,
        lens,
        mark,
    )  # parse_settings reads them
    short = [f"{name}={given}" for name, given in (("subject", subject), ("background", background)) if given]
    fields = {
        "strength": strength,
        "color": color,
        "stroke": stroke,
        "content": content,
        "likeness": likeness,
        "depth_falloff": depth_falloff,
        "brush": brush,
        "blur": blur,
        "bokeh": bokeh,
    }
    styles, masks = by_name([*short, *(style or [])], "--style"), by_name(mask or [], "--mask", "subject")
    style_masks = by_name(style_mask or [], "--style-mask")
    from styfie.images import STDIN, STDOUT, read_once
    from styfie.reading import Request, mask_at
    from styfie.sources import check_folder, files_read
    from styfie.storage.recipes import read_recipe

    found = read_recipe(recipe) if recipe else None
    settings = parse_settings(context, found.settings if found else Settings())
    looks = parse_looks(styles, style_masks, fields, found.looks if found else {})
    if import_ is not None:
        from styfie.encoders.vgg import import_vgg
        from styfie.engines import ENGINES

        import_vgg(ENGINES.find(settings.engine).encoder or settings.encoder, import_)
    if photos and len(photos) == 1 and is_video(photos[0]):
        given = {
            "--mask": masks,
            "--subject-at": subject_at,
            "--depth": depth,
            "--timelapse": timelapse,
            "--recipe": recipe,
        }
        paint_clip(photos[0], output, looks, settings, first, end, [name for name, one in given.items() if one])
        return
    if first or end is not None:
        raise InputError("--from and --to are of a video: name one video, or leave them out.")
    points = read_points(subject_at or [])
    if points and {"subject", "background"} & set(masks):
        raise InputError("--subject-at and a --mask both say where the subject is: give one.")
    request = Request(looks, settings, masks, depth=depth or (found.depth if found else None))
    if watch:
        watch_folder(photos or [], output, request, jobs, [recipe] if recipe else [])
        return
    if photos and (len(photos) > 1 or os.path.isdir(photos[0])):  # noqa: PTH112 - Path's raises of some names
        if points:
            raise InputError("--subject-at is a point of one photo: name one, not several or a folder.")
        if timelapse:
            raise InputError("A timelapse is of one photo: name one, not several or a folder.")
        if film := next(filter(is_video, photos), None):
            raise InputError(f"{film.name} is a video and did not come alone: paint videos one by one, each by itself.")
        _print_mask_notes(found.masks or () if found else (), used=False, resized=False)
        paint_all(photos, output, request, jobs, [recipe] if recipe else [])
        return
    photo = read_once(photos[0]) if photos else None
    if points:
        source = photo if photo is not None or found is None else found.photo
        request = replace(request, masks={**masks, "subject": mask_at(source, points, settings.size)})
    piped = output == STDOUT or (photos == [STDIN] and not is_given(context, "output"))
    if piped and timelapse:
        raise InputError("--timelapse came, and the picture goes to standard output: give --output FOLDER too.")
    if found and piped:
        anew = [name for name in ("segmenter", "depth") if is_given(context, name)]
        paint_piped(*_repeated(found, photo, request, anew))
    elif piped:
        paint_piped(photo, request)
    elif found:
        anew = [name for name in ("segmenter", "depth") if is_given(context, name)]
        read = [recipe, *files_read(photo, request)] if recipe else []
        check_folder(output, request, read)
        _paint_one(*_repeated(found, photo, request, anew), output, timelapse, read)
    else:
        _paint_one(photo, request, output, timelapse)


def _repeated(
    found: Recipe, photo: Picture | None, request: Request, anew: Collection[str]
) -> tuple[Picture | None, Request]:
    """The recipe's own photo, regions and depth, if it is the photo that is to be painted.

    The regions are in the file as they were painted, with the masks that its user gave. At another size they are looked
    for anew, unless there are such masks among them. `anew` are the options on the command line that ask for others.
    """
    same = photo is None or found.is_of(photo)
    resized = photo is not None and request.settings.size != found.settings.size
    _print_mask_notes(
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


def _print_mask_notes(masks: Sequence[str], used: bool, resized: bool) -> None:
    """Say what becomes of a recipe's masks, where that is not what they were drawn for."""
    names = " and ".join(masks)
    if masks and not used:
        print_note(
            f"The recipe's mask of {names} is not used, as it is of other regions or another photo: --mask gives one."
        )
    elif masks and resized:
        print_note(f"The mask of {names} is the recipe's, at another size: --mask gives a sharper one.")


def _paint_one(
    photo: Picture | None, request: Request, output: Path, timelapse: Path | None, read: Sequence[Path] = ()
) -> None:
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
