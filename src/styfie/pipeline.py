"""The story in one page: a photo, its regions, an engine, a painting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from styfie.engines import ENGINES
from styfie.images import Picture
from styfie.painting import Painting
from styfie.provenance import checksums_of, fingerprint, run_key
from styfie.reading import PORTRAIT as PORTRAIT
from styfie.reading import Request as Request
from styfie.reading import SourcePhoto, read_looks
from styfie.reading import find_regions as find_regions
from styfie.reading import read_photo as read_photo
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.running import OnNote, OnProgress, Run
from styfie.settings import Settings
from styfie.sources import check_folder, files_read
from styfie.storage.atomic import check_targets
from styfie.storage.checkpoint import Unfinished
from styfie.storage.extras import write_panels, write_strokes, write_svg
from styfie.storage.openraster import stored_recipe
from styfie.storage.recipes import depth_source
from styfie.storage.results import cutout, holds_painting, result_files, result_pictures
from styfie.styles import StyleInput

OnStart = Callable[[Painting], None]


def paint(
    photo: Picture | None = None,
    looks: Mapping[str, StyleInput] | None = None,
    settings: Settings | None = None,
    *,
    subject: Picture | None = None,
    background: Picture | None = None,
    masks: Mapping[str, Picture] | None = None,
    regions: Regions | None = None,
    depth: Picture | None = None,
    on_start: OnStart | None = None,
    on_progress: OnProgress | None = None,
) -> Painting:
    """Paint the person of a photo in one style and the world behind in another.

    Examples:
        >>> painting = styfie.paint("me.jpg", subject="glass", background="waves")  # doctest: +SKIP
        >>> painting.save("out")  # doctest: +SKIP

    Args:
        photo: a path, PIL image, array or tensor (see `images.read_picture`); the built-in portrait if none.
        looks: what each region is to look like: a `Look`, or a style as below. No look: it stays photo. Regions are
            `subject`, `background`, the names of `masks`, and those split off the subject when they are named:
            `skin`, `hair`, `clothes`, `accessories`, `person-1`, `person-2`, … from left to
            right, and parts of one, such as `person-2-hair`.
        settings: size, steps, seed and the like.
        subject: short for `looks["subject"]`: a picture of any kind, a gallery name, or several with weights as
            `glass:2+waves`.
        background: likewise. With no style at all, a pair of the gallery that goes well together is taken.
        masks: `{"subject": mask}` to use instead of looking for the person, or masks of other regions of your own,
            which are laid over the rest; 1 or white = inside.
        regions: regions known already, of the photo's proportions, instead of looking for them.
        depth: a depth map, white = near, or "auto" for the photo's own or an estimate (see `depth.find_depth`).
        on_start: called once before the first step with the painting as it is then: photo, regions and looks.
        on_progress: called every few steps; return False to stop and keep the best so far.

    Raises:
        InputError, MissingError: with one sentence on what came, what is wanted, and what to do.
    """
    wanted = {SUBJECT: subject, BACKGROUND: background} | dict(looks or {})
    request = Request(wanted, settings or Settings(), masks or {}, regions, depth)
    run = Run(SourcePhoto(photo), request, files_read(photo, request))
    if on_start:
        on_start(run.before)
    return run.paint(on_progress)


def paint_into(
    folder: str | Path,
    photo: Picture | SourcePhoto | None,
    request: Request,
    on_start: OnStart | None = None,
    on_progress: OnProgress | None = None,
    on_note: OnNote | None = None,
    read: Iterable[Path] = (),
) -> tuple[Painting, list[Path]]:
    """Paint and save into a folder, where the state of the run is kept meanwhile.

    Killed or stopped, and called again with the same arguments, it goes on from there and ends with the same bytes.
    `on_note` is told so, and if the state cannot be kept. `read` are files that the request was made from, besides
    those that it names.

    Returns:
        The painting and its files.

    Raises:
        InputError, MissingError: as `paint`.
        OutputError: the folder cannot be written to, or a file there would be replaced that is read; what was there
            before stays.
    """
    photo = SourcePhoto.of(photo)
    sources = [*files_read(photo.given, request), *read]
    check_folder(Path(folder), request, sources)
    run = Run(photo, request, sources)
    before = run.before
    check_targets(result_files(Path(folder), before.regions.names), sources)
    if on_start:
        on_start(before)
    key = run_key(before.photo, before.regions, before.looks, request.settings)
    unfinished = Unfinished(Path(folder), key)
    painting = run.paint(on_progress, unfinished, on_note)
    panels = ENGINES[request.settings.engine].has_panels
    files = [
        *painting.save(folder),
        *write_strokes(Path(folder), painting, run.drawing),
        *write_svg(Path(folder), painting, run.svg),
        *write_panels(Path(folder), painting, result_pictures(painting), cutout(painting) if panels else None),
    ]
    if painting.recipe["finished"]:
        unfinished.done()
    return painting, files


def is_painted(folder: Path, photo: Picture | SourcePhoto | None, request: Request) -> bool:
    """Whether `folder` holds the finished painting of a request without masks of the user's own, and all its files.

    Raises:
        InputError, MissingError: as `paint`.
    """
    recipe = stored_recipe(folder / "painting.ora")
    settings = request.settings
    if not recipe.get("finished") or not holds_painting(folder, ENGINES.get(settings.engine)):
        return False
    picture = SourcePhoto.of(photo).at(settings.size)
    looks, _ = read_looks(picture, request)
    found = fingerprint(picture, looks, settings, depth_source(request.depth), checksums_of(settings))
    return bool(recipe.get("fingerprint", recipe.get("asked")) == found)  # `asked` in files of before


def segment(
    photo: Picture | None = None,
    settings: Settings | None = None,
    finer: Iterable[str] = (),
    masks: Mapping[str, Picture] | None = None,
) -> Regions:
    """Find the person of a photo: regions `subject` and `background` at the photo's own upright size.

    `finer` names regions to split off the subject and `masks` regions of your own, both as for `paint`.

    Raises:
        InputError, MissingError: as `paint`.
    """
    settings, source = settings or Settings(size=0), SourcePhoto(photo)
    return find_regions(source.at(settings.size), settings, masks or {}, finer, source=source)
