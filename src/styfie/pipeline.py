"""The story in one page: a photo, its regions, an engine, a painting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from styfie._version import __version__
from styfie.depth import AUTO, find_depth
from styfie.engines import ENGINES, Reading, check_memory, load_engine
from styfie.engines.plan import FULL
from styfie.engines.progress import Progress
from styfie.errors import InputError, NoPersonError
from styfie.images import Picture, describe, fit_size, read_matte, read_picture, resize, same_proportions
from styfie.looks import Look
from styfie.painting import Painting
from styfie.provenance import checksums_of, fingerprint, run_key
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.segmentation import find_segmenter, load_segmenter
from styfie.segmentation.protocols import FastSegmenter, Partitioner
from styfie.settings import Settings
from styfie.sources import check_folder, files_read
from styfie.storage.atomic import check_targets
from styfie.storage.checkpoint import Unfinished
from styfie.storage.openraster import as_stored, stored_recipe
from styfie.storage.recipes import depth_asked
from styfie.storage.results import holds_painting, result_files, write_strokes
from styfie.styles import Wanted, resolve_looks

if TYPE_CHECKING:
    from styfie.engines.strokes import Drawing

PORTRAIT = Path(__file__).parent / "assets" / "portrait.jpg"
OnStart = Callable[[Painting], None]
NARROW = 8  # pixels on the shorter side of what is painted, at least
SKETCH = 1024  # longest side of the painting in `unfinished.ora`
OnProgress = Callable[[Progress], bool | None]
OnNote = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked of one photo, in what `paint` takes; it can be sent to another process.

    `own` names those of `regions` whose masks were the user's own, which a recipe tells on.
    """

    looks: Mapping[str, Wanted] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    masks: Mapping[str, Picture] = field(default_factory=dict)
    regions: Regions | None = None
    depth: Picture | None = None
    own: tuple[str, ...] = ()


def paint(
    photo: Picture | None = None,
    looks: Mapping[str, Wanted] | None = None,
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

    >>> painting = styfie.paint("me.jpg", subject="glass", background="waves")  # doctest: +SKIP
    >>> painting.save("out")  # doctest: +SKIP

    Args:
        photo: a path, PIL image, array or tensor (see `images.read_picture`); the built-in portrait if none.
        looks: what each region is to look like: a `Look`, or a style as below. No look: it stays photo. Regions are
            `subject`, `background`, the names of `masks`, and those split off the subject when they are named:
            `skin`, `hair`, `clothes`, `accessories`, `person-1`, `person-2`, … from left to right.
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
    run = _Run(photo, request)
    if on_start:
        on_start(run.before)
    return run.paint(on_progress)


def paint_into(
    folder: str | Path,
    photo: Picture | None,
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
    sources = [*files_read(photo, request), *read]
    check_folder(Path(folder), request, sources)
    run = _Run(photo, request, sources)
    before = run.before
    check_targets(result_files(Path(folder), before.regions.names), sources)
    if on_start:
        on_start(before)
    key = run_key(before.photo, before.regions, before.looks, request.settings)
    unfinished = Unfinished(Path(folder), key)
    painting = run.paint(on_progress, unfinished, on_note)
    files = [*painting.save(folder), *write_strokes(Path(folder), painting, run.drawing)]
    if painting.recipe["finished"]:
        unfinished.done()
    return painting, files


def is_painted(folder: Path, photo: Picture | None, request: Request) -> bool:
    """Whether `folder` holds the finished painting of a request without masks of the user's own, and all its files.

    Raises:
        InputError, MissingError: as `paint`.
    """
    recipe = stored_recipe(folder / "painting.ora")
    settings = request.settings
    entry = ENGINES.get(settings.engine)
    if not recipe.get("finished") or not holds_painting(folder, strokes=entry is not None and entry.draws_strokes):
        return False
    picture = read_photo(photo, settings.size)
    looks = resolve_looks(request.looks, max(picture.shape[-2:]))
    asked = fingerprint(picture, looks, settings, depth_asked(request.depth), checksums_of(settings))
    return bool(recipe.get("asked") == asked)


class _Run:
    """One photo's run: everything is found and checked before the first step."""

    def __init__(self, photo: Picture | None, request: Request, sources: Iterable[Path] | None = None) -> None:
        self.request = request
        read = files_read(photo, request) if sources is None else sources
        settings = request.settings
        self.engine = load_engine(settings.engine)
        picture, regions, looks = reading = _read(photo, request, settings.size)
        _check_narrow(picture)
        check_memory(settings, (picture.shape[-2], picture.shape[-1]))
        self.more: dict[str, Any] = {}  # what this engine takes besides
        if ENGINES[settings.engine].coarse_input:
            self.more["small"] = _read_small(photo, request, reading)
        layers = picture.expand(len(regions.names), -1, -1, -1)
        self.before = Painting(picture, regions, layers, looks, sources=tuple(Path(one).absolute() for one in read))
        self.weights = checksums_of(settings)
        known = request.regions is not None and request.regions.depth is not None
        self.depth = depth_asked(request.depth, known)
        self.asked = fingerprint(picture, looks, settings, self.depth, self.weights)

        self.drawing: Drawing | None = None  # of an engine of strokes, when it is done

    def paint(
        self, on_progress: OnProgress | None, unfinished: Unfinished | None = None, on_note: OnNote | None = None
    ) -> Painting:
        """The last progress as a painting; the best so far if it is stopped."""
        before, progress, finished = self.before, None, True
        state = unfinished.state() if unfinished else None
        resumed = state is not None
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
        self.drawing = progress.strokes
        last = Progress(progress.step, progress.steps, progress.losses, 0.0, progress.layers)
        del progress
        return self._painting(last, finished, scored=True)

    def _painting(self, progress: Progress, finished: bool = False, scored: bool = False) -> Painting:
        """What is painted so far, at the photo's size; `scored` with its likeness in the recipe."""
        before = self.before
        layers = resize(progress.layers, before.regions.size)
        if any((look := before.looks.get(name)) is None or not look.styles for name in before.regions.names):
            layers = layers.clone()
        recipe = self._recipe(progress, finished)
        painting = replace(before, layers=layers, recipe=recipe)
        for i, name in enumerate(before.regions.names):
            if (look := before.looks.get(name)) is None or not look.styles:
                layers[i] = painting.colours[i].clamp(0, 1)  # also where a run was stopped at a smaller scale
        if scored and (likeness := painting.likeness) is not None:
            recipe["likeness"] = round(likeness, 3)  # not in a copy, which would look for the regions' colours again
        return painting

    def _sketch(self, progress: Progress) -> Painting:
        """What is painted so far, small: the exact layers are in the state beside it."""
        before, size = self.before, fit_size(self.before.regions.size, min(SKETCH, max(self.before.regions.size)))
        layers = resize(progress.layers, size)
        return Painting(
            resize(before.photo, size), before.regions.resize(size), layers, before.looks, self._recipe(progress, False)
        )

    def _recipe(self, progress: Progress, finished: bool) -> dict[str, Any]:
        """How the picture was made; no path, no time of day, nothing of the camera."""
        settings = self.request.settings
        return {
            "styfie": __version__,
            "torch": torch.__version__,
            "settings": {**asdict(settings), "segmenter": Path(settings.segmenter).name},
            "depth": self.depth,
            "weights": self.weights,
            "masks": sorted({*self.request.masks, *self.request.own}),
            "asked": self.asked,
            "losses": {name: round(value, 6) for name, value in progress.losses.items()},
            "steps": progress.step,
            "finished": finished,
        }


def _check_narrow(photo: Tensor) -> None:
    """Refuse a photo (1, 3, H, W) of which next to nothing is left at its size.

    Raises:
        InputError: it is so narrow.
    """
    height, width = photo.shape[-2:]
    if min(height, width) < NARROW:
        raise InputError(f"The photo would be {width}x{height} pixels, of {NARROW} at least: give a larger --size.")


def _read(photo: Picture | None, request: Request, size: int) -> Reading:
    """The photo at a longest side of `size`, and what is found in it and asked of it."""
    picture = read_photo(photo, size)
    looks = resolve_looks(request.looks, max(picture.shape[-2:]))
    source = PORTRAIT if photo is None else photo
    regions = find_regions(picture, request.settings, request.masks, looks, request.regions, source)
    regions = as_stored(_with_depth(regions, request.depth, photo, picture, looks))
    looks = {name: looks[name] for name in regions.names if name in looks}  # the order that the file has
    return Reading(picture, regions, looks)


def _read_small(photo: Picture | None, request: Request, large: Reading) -> Reading | None:
    """What a painting of `FULL` pixels would begin from; none if this is no larger, or the same is not found there."""
    if max(large.photo.shape[-2:]) <= FULL:
        return None
    try:
        small = _read(photo, request, FULL)
    except InputError:
        return None
    return small if small.regions.names == large.regions.names else None


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
    settings = settings or Settings(size=0)
    source = PORTRAIT if photo is None else photo
    return find_regions(read_photo(source, settings.size), settings, masks or {}, finer, source=source)


def read_photo(photo: Picture | None, size: int) -> Tensor:
    """The photo at the result's size: its longest side `size`, or its own if that is 0."""
    return read_picture(PORTRAIT if photo is None else photo, size)


def find_regions(
    photo: Tensor,
    settings: Settings,
    masks: Mapping[str, Picture],
    finer: Iterable[str] = (),
    known: Regions | None = None,
    source: Picture | None = None,
) -> Regions:
    """Subject and background, from the user's mask or from the segmenter; what is finer; the user's other masks.

    A photo without a person is refused, unless only the background and masks of the user's own are asked for. With
    `known` regions nobody is looked for, only what is finer than they are. `source` is what the photo was read from:
    regions of anything are looked for in it, so that they are the same at all sizes.
    """
    if SUBJECT in masks and BACKGROUND in masks:
        raise InputError(f"Masks for both {SUBJECT} and {BACKGROUND} came: one of them says where the other is.")
    asked, size = list(finer), (photo.shape[-2], photo.shape[-1])
    mattes = {name: _read_inside(name, mask, size) for name, mask in masks.items()}
    wanted = [name for name in asked if name not in (SUBJECT, BACKGROUND, *masks, *(known.names if known else ()))]
    segmenter, entry = load_segmenter(settings.segmenter), find_segmenter(settings.segmenter)
    if entry.fast and ENGINES.find(settings.engine).frames:
        segmenter = cast(FastSegmenter, segmenter).brief()
    if entry.partitions:
        dividing = cast(Partitioner, segmenter)
        segmenter = dividing.seeing(read_photo(photo if source is None else source, dividing.work))
    if known is not None:
        regions = segmenter.split(_fitted(known, size), photo, wanted) if wanted else _fitted(known, size)
    elif SUBJECT in mattes:
        regions = segmenter.split(Regions.of_subject(mattes.pop(SUBJECT)), photo, wanted)
    elif BACKGROUND in mattes:
        regions = segmenter.split(Regions.of_subject(1 - mattes.pop(BACKGROUND)), photo, wanted)
    else:
        try:
            regions = segmenter(photo, wanted)
        except NoPersonError:
            if not mattes or wanted or SUBJECT in asked:
                raise
            regions = Regions.of_subject(torch.zeros_like(photo[:, :1]))
    for name, matte in mattes.items():
        regions = regions.put(name, matte)
    return regions


def _fitted(regions: Regions, size: tuple[int, int]) -> Regions:
    """Regions at the photo's size.

    Raises:
        InputError: they have other proportions.
    """
    height, width = regions.size
    if not same_proportions((height, width), size):
        raise InputError(f"The regions are {width}x{height} and the photo {size[1]}x{size[0]}: the same is wanted.")
    return regions if regions.size == size else regions.resize(size)


def _with_depth(
    regions: Regions, depth: Picture | None, source: Picture | None, photo: Tensor, looks: Mapping[str, Look]
) -> Regions:
    """The regions with the depth that is asked for; what is known of it is not looked for again.

    Raises:
        InputError: a look is graded by depth and there is none; or as `depth.find_depth`.
    """
    wanted = None if depth_asked(depth) == AUTO and regions.depth is not None else depth
    found = find_depth(wanted, source, photo, regions)
    regions = regions if found is None else replace(regions, depth=found)
    if regions.depth is None and (graded := [name for name, look in looks.items() if look.graded]):
        raise InputError(
            f"The strength of {' and '.join(graded)} is graded by depth, and none is known: give --depth FILE or "
            "--depth auto."
        )
    return regions


def _read_inside(name: str, mask: Picture, size: tuple[int, int]) -> Tensor:
    """A mask with something in it.

    Raises:
        InputError: as `read_matte`; or it is black all over.
    """
    matte = read_matte(mask, size)
    if float(matte.max()) < 0.5:
        raise InputError(f"The mask of {name} ({describe(mask)}) has nothing inside: white marks what is.")
    return matte
