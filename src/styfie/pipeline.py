"""The story in one page: a photo, its regions, an engine, a painting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import styfie
from styfie.engines import load_engine
from styfie.engines.progress import Progress
from styfie.errors import InputError, MissingError, NoPersonError
from styfie.gallery import GALLERY, PAIRS, draw
from styfie.images import SUFFIXES, Picture, describe, read_matte, read_picture, resize
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.segmentation import load_segmenter
from styfie.settings import Settings
from styfie.weights import PACKAGED, WEIGHTS, checksum, checksums

PORTRAIT = Path(__file__).parent / "assets" / "portrait.jpg"
OnProgress = Callable[[Progress], bool | None]


def paint(
    photo: Picture | None = None,
    looks: Mapping[str, Look | Picture | None] | None = None,
    settings: Settings | None = None,
    *,
    subject: Picture | None = None,
    background: Picture | None = None,
    masks: Mapping[str, Picture] | None = None,
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
        subject: short for `looks["subject"]`: a gallery name or a picture of any kind.
        background: likewise. With no style at all, a pair of the gallery that goes well together is taken.
        masks: `{"subject": mask}` to use instead of looking for the person, or masks of other regions of your own,
            which are laid over the rest; 1 or white = inside.
        on_progress: called after every step; return False to stop and keep the best so far.

    Raises:
        InputError, MissingError: with one sentence on what came, what is wanted, and what to do.
    """
    settings = settings or Settings()
    wanted = {SUBJECT: subject, BACKGROUND: background} | dict(looks or {})
    picture = read_photo(photo, settings.size)
    resolved = resolve_looks(wanted, max(picture.shape[-2:]))
    engine = load_engine(settings.engine)
    regions = find_regions(picture, settings, masks or {}, resolved)
    progress = None
    for progress in engine(picture, regions, resolved, settings):
        if on_progress and on_progress(progress) is False:
            break
    if progress is None:
        raise InputError(f"The engine {settings.engine!r} painted nothing.")
    painting = Painting(picture, regions, resize(progress.layers, regions.size), resolved, _recipe(settings, progress))
    for i, name in enumerate(regions.names):
        if (look := resolved.get(name)) is None or not look.styles:
            painting.layers[i] = painting.colours[i].clamp(0, 1)  # also where a run was stopped at a smaller scale
    return painting


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
    return find_regions(read_photo(photo, settings.size), settings, masks or {}, finer)


def read_photo(photo: Picture | None, size: int) -> Tensor:
    """The photo at the result's size: its longest side `size`, or its own if that is 0."""
    return read_picture(PORTRAIT if photo is None else photo, size)


def resolve_looks(wanted: Mapping[str, Look | Picture | None], longest: int) -> dict[str, Look]:
    """Looks with their pictures loaded, at most `longest` pixels; the gallery's first pair if none has a style."""
    if not any((isinstance(w, Look) and w.styles) or not isinstance(w, Look | None) for w in wanted.values()):
        wanted = {**wanted, **dict(zip((SUBJECT, BACKGROUND), PAIRS[0], strict=True))}
    return {
        name: look if isinstance(look, Look) else Look((load_style(look, longest),))
        for name, look in wanted.items()
        if look is not None
    }


def load_style(source: Picture, longest: int) -> Style:
    """A style from a gallery name or from a picture, its longest side brought to `longest`.

    Raises:
        MissingError: neither a gallery name nor a file.
    """
    if isinstance(source, str) and source in GALLERY:
        return Style(source, draw(source, longest, longest))
    if isinstance(source, str | Path) and not os.path.exists(source):  # noqa: PTH110 - as in images
        if Path(source).suffix.lower() in SUFFIXES:
            raise MissingError(f"There is no style picture {source}.")
        raise MissingError(
            f"There is no style {str(source)!r}: a picture file or one of {', '.join(GALLERY)} is wanted."
        )
    return Style(describe(source), read_picture(source, longest))


def find_regions(photo: Tensor, settings: Settings, masks: Mapping[str, Picture], finer: Iterable[str] = ()) -> Regions:
    """Subject and background, from the user's mask or from the segmenter; what is finer; the user's other masks.

    A photo without a person is refused, unless only the background and masks of the user's own are asked for.
    """
    if SUBJECT in masks and BACKGROUND in masks:
        raise InputError(f"Masks for both {SUBJECT} and {BACKGROUND} came: one of them says where the other is.")
    asked, size = list(finer), (photo.shape[-2], photo.shape[-1])
    mattes = {name: _read_inside(name, mask, size) for name, mask in masks.items()}
    wanted = [name for name in asked if name not in (SUBJECT, BACKGROUND, *masks)]
    segmenter = load_segmenter(settings.segmenter)
    if SUBJECT in mattes:
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


def _read_inside(name: str, mask: Picture, size: tuple[int, int]) -> Tensor:
    """A mask with something in it.

    Raises:
        InputError: as `read_matte`; or it is black all over.
    """
    matte = read_matte(mask, size)
    if float(matte.max()) < 0.5:
        raise InputError(f"The mask of {name} ({describe(mask)}) has nothing inside: white marks what is.")
    return matte


def _recipe(settings: Settings, progress: Progress) -> dict[str, Any]:
    """How the picture was made; no path, no time of day, nothing of the camera."""
    return {
        "styfie": styfie.__version__,
        "torch": torch.__version__,
        "settings": {**asdict(settings), "segmenter": Path(settings.segmenter).name},
        "weights": _weights(settings),
        "losses": {name: round(value, 6) for name, value in progress.losses.items()},
        "steps": progress.step,
    }


def _weights(settings: Settings) -> dict[str, str]:
    """SHA-256 of the weights that a run uses."""
    found = checksums(dict.fromkeys([*PACKAGED, *({settings.encoder} & set(WEIGHTS))]))
    if settings.segmenter.endswith(".safetensors"):
        found["segmenter"] = checksum(Path(settings.segmenter))
    return found
