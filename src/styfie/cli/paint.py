"""`styfie paint`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from styfie.cli.field_options import with_options
from styfie.cli.many import paint_all, watch_folder
from styfie.cli.options import Masks, ShardText, by_name
from styfie.cli.pipes import paint_piped
from styfie.cli.requests import is_given, parse_looks, parse_settings
from styfie.cli.segment import read_points
from styfie.cli.single import paint_one, print_mask_notes, repeat_recipe
from styfie.cli.video import is_video, paint_clip, paint_clips, refuse_for_films
from styfie.errors import InputError
from styfie.fields import options_of
from styfie.looks import Look
from styfie.settings import Settings, preset_of
from styfie.stores import url_of

if TYPE_CHECKING:
    from styfie.reading import Request
    from styfie.storage.recipes import Recipe

STYLE = "STYLE[:WEIGHT][+STYLE…]"
Photos = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PHOTO",
        help="A photo, several, or a folder; - from standard input to standard output. The built-in portrait if none.",
    ),
]
Style = Annotated[
    str | None,
    typer.Option(metavar=STYLE, help="A picture file or a gallery name (styfie list styles), or several."),
]
Styles = Annotated[
    list[str] | None,
    typer.Option(
        metavar=f"NAME={STYLE}",
        help="The style of a region: subject, background, skin, hair, clothes, accessories, person-1, person-2, … or a "
        "--mask's; several are blended by their weights. Repeatable.",
    ),
]
StyleMasks = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE[+FILE…]",
        help="The part of a region's style picture that counts, white = inside; of several styles one for each.",
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The folder for the pictures; of several photos one each within it.")
]
SubjectAt = Annotated[
    list[str] | None,
    typer.Option(
        metavar="X,Y", help="A pixel of what is to be the subject: a dog, a car, one thing of many. Repeatable."
    ),
]
Depth = Annotated[
    str | None,
    typer.Option(metavar="FILE|auto", help="A depth map, bright = near; auto: the photo's own or an estimate."),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A painting.ora whose looks and settings to repeat, but for those given here; on its own photo if none is "
        "given.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Settings of a whole system, but for those given here: paper, the founding paper's (docs/papers.md).",
    ),
]
Import = Annotated[
    Path | None,
    typer.Option(
        "--import", metavar="FILE", help="Take the weights of --encoder vgg16|vgg19, or of the engine's, from here."
    ),
]
Timelapse = Annotated[Path | None, typer.Option(metavar="FILE.gif|.mp4", help="Also write how the picture came to be.")]
First = Annotated[float, typer.Option("--from", min=0, help="Of a video: from this second on.")]
End = Annotated[float | None, typer.Option("--to", min=0, help="Of a video: until this second.")]
Watch = Annotated[
    bool, typer.Option("--watch", help="Of a folder: paint each picture that comes to lie in it, until Ctrl-C.")
]
Jobs = Annotated[
    int, typer.Option(min=0, help="Of several photos, how many at a time; 0 = as many as fit the machine.")
]

On = Annotated[
    str | None,
    typer.Option(
        metavar="ray[://HOST:PORT]",
        help="Of several photos: paint them on a cluster of Ray's, a local one if none is named; ?num_gpus=0.5, "
        "num_cpus and memory say what each worker takes.",
    ),
]


@with_options("output", settings=True)
def paint(
    context: typer.Context,
    photos: Photos = None,
    subject: Style = None,
    background: Style = None,
    style: Styles = None,
    style_mask: StyleMasks = None,
    output: Output = Path("painted"),
    mask: Masks = None,
    subject_at: SubjectAt = None,
    depth: Depth = None,
    recipe: RecipeFile = None,
    preset: Preset = None,
    import_: Import = None,
    timelapse: Timelapse = None,
    first: First = 0.0,
    end: End = None,
    watch: Watch = False,
    jobs: Jobs = 0,
    shard: ShardText = None,
    on: On = None,
    **given: Any,
) -> None:
    """Paint the person of a photo in one style and the world behind in another.

    Writes photo, mask, cutout, subject, background, both, blur and sheet as PNG, and painting.ora with the recipe.
    A region without a style stays photo; with no style at all a pair of the gallery is taken. Regions finer than
    subject and background get a mask each, mask-NAME.png. A bare value of --strength and the like is for all regions.
    Ctrl-C keeps the best picture so far; a second one stops at once. The same command goes on where it was stopped.
    A video comes back as a video, with its sound.
    """
    short = [f"{name}={one}" for name, one in (("subject", subject), ("background", background)) if one]
    styles, masks = by_name([*short, *(style or [])], "--style"), by_name(mask or [], "--mask", "subject")
    style_masks = by_name(style_mask or [], "--style-mask")
    from styfie.reading import Request
    from styfie.storage.recipes import read_recipe

    found = read_recipe(recipe) if recipe else None
    base = found.settings if found else Settings()
    settings = parse_settings(context, replace(base, **preset_of(preset)) if preset else base)
    values = {name: given[name] for name in options_of(Look)}
    looks = parse_looks(styles, style_masks, values, found.looks if found else {})
    if import_ is not None:
        _import_weights(import_, settings)
    if photos and all(map(is_video, photos)):
        of_photos: dict[str, Any] = {"--mask": mask, "--subject-at": subject_at, "--depth": depth}
        of_photos |= {"--timelapse": timelapse, "--recipe": recipe, "--on": on}
        refuse_for_films([name for name, one in of_photos.items() if one])
        if len(photos) == 1 and not (url_of(photos[0]) or url_of(output)):
            paint_clip(photos[0], output, looks, settings, first, end, shard)
        else:
            paint_clips(photos, output, looks, settings, shard, bool(first or end is not None))
        return
    if first or end is not None:
        raise InputError("--from and --to are of a video: name one video, or leave them out.")
    points = read_points(subject_at or [])
    if points and {"subject", "background"} & set(masks):
        raise InputError("--subject-at and a --mask both say where the subject is: give one.")
    request = Request(looks, settings, masks, depth=depth or (found.depth if found else None))
    several = _are_several(photos, output)
    option = next((name for name, one in {"--shard": shard, "--on": on}.items() if one), "")
    if option and (watch or not several):
        raise InputError(f"{option} came: a folder, or several photos or films, is wanted with it.")
    if place := next(filter(url_of, [output, *(photos or [])]), None) if watch or not photos else None:
        raise InputError(f"{url_of(place)} came: photos by name, or a folder of them, are wanted with it.")
    if watch:
        watch_folder(photos or [], output, request, jobs, [recipe] if recipe else [])
    elif photos and several:
        _check_several(photos, bool(points), timelapse)
        print_mask_notes(found.masks or () if found else (), used=False, resized=False)
        paint_all(photos, output, request, jobs, [recipe] if recipe else [], shard, on)
    else:
        _paint_photo(context, photos, request, found, points)


def _import_weights(file: Path, settings: Settings) -> None:
    """Take the weights of the encoder that is asked for, or of the engine's, from a file."""
    from styfie.encoders.vgg import import_vgg
    from styfie.engines import ENGINES

    import_vgg(ENGINES.find(settings.engine).encoder_of(settings), file)


def _are_several(photos: list[Path] | None, output: Path) -> bool:
    """Whether more than one photo is named, a folder of them, or what lies elsewhere, which is painted likewise."""
    folders = (os.path.isdir(one) for one in photos or ())  # noqa: PTH112 - Path's raises of some names
    return bool(photos) and (len(photos or ()) > 1 or any(folders) or any(map(url_of, [output, *(photos or ())])))


def _check_several(photos: list[Path], pointed: bool, timelapse: Path | None) -> None:
    """Refuse what is of one photo only.

    Raises:
        InputError: a point, a timelapse, or a video among photos.
    """
    if pointed:
        raise InputError("--subject-at is a point of one photo: name one, not several or a folder.")
    if timelapse:
        raise InputError("A timelapse is of one photo: name one, not several or a folder.")
    if film := next(filter(is_video, photos), None):
        raise InputError(f"{film.name} is a video among photos: paint films by themselves, one or several.")


def _paint_photo(
    context: typer.Context,
    photos: list[Path] | None,
    request: Request,
    found: Recipe | None,
    points: list[tuple[float, float]],
) -> None:
    """Paint the one photo that is named, the recipe's or the built-in one, into a folder or to standard output."""
    from styfie.images import STDIN, STDOUT, read_once
    from styfie.reading import mask_at
    from styfie.sources import check_folder, files_read

    output, timelapse, recipe = (context.params[name] for name in ("output", "timelapse", "recipe"))
    photo = read_once(photos[0]) if photos else None
    if points:
        source = photo if photo is not None or found is None else found.photo
        masks = {**request.masks, "subject": mask_at(source, points, request.settings.size)}
        request = replace(request, masks=masks)
    piped = output == STDOUT or (photos == [STDIN] and not is_given(context, "output"))
    if piped and timelapse:
        raise InputError("--timelapse came, and the picture goes to standard output: give --output FOLDER too.")
    read: list[Path] = []
    if found:
        if not piped:
            read = [recipe, *files_read(photo, request)]
            check_folder(output, request, read)
        anew = [name for name in ("segmenter", "depth") if is_given(context, name)]
        photo, request = repeat_recipe(found, photo, request, anew)
    if piped:
        paint_piped(photo, request)
    else:
        paint_one(photo, request, output, timelapse, read)
