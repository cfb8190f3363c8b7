"""From a photo as it is given to what an engine is given: the picture, its regions, depth, and looks, at one size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import torch
from torch import Tensor

from styfie.depth import AUTO, find_depth
from styfie.engines import ENGINES, SourceImage
from styfie.engines.plan import BASE_SIZE
from styfie.errors import InputError, NoPersonError
from styfie.images import Picture, describe, read_matte, read_picture, same_proportions
from styfie.looks import PARTS, Look
from styfie.regions import BACKGROUND, SUBJECT, Point, Regions
from styfie.segmentation import find_segmenter, load_segmenter
from styfie.segmentation.protocols import FastSegmenter, Partitioner, Segmenter
from styfie.semantic import match_parts
from styfie.settings import Settings
from styfie.storage.openraster import as_stored
from styfie.storage.recipes import depth_source
from styfie.styles import StyleInput, resolve_looks
from styfie.weights import ASSETS

PORTRAIT = ASSETS / "portrait.jpg"
NARROW = 8  # pixels on the shorter side of what is painted, at least


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked of one photo, in what `paint` takes; it can be sent to another process.

    `own` names those of `regions` whose masks were the user's own, which a recipe tells on.
    """

    looks: Mapping[str, StyleInput] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    masks: Mapping[str, Picture] = field(default_factory=dict)
    regions: Regions | None = None
    depth: Picture | None = None
    own: tuple[str, ...] = ()


class SourcePhoto:
    """A photo as it is given, the built-in portrait if none is, decoded once for each size that is asked for."""

    def __init__(self, given: Picture | None) -> None:
        self.given = given
        self.source: Picture = PORTRAIT if given is None else given
        self._at: dict[int, Tensor] = {}

    @classmethod
    def of(cls, photo: Picture | SourcePhoto | None) -> SourcePhoto:
        """The same, whichever it is."""
        return photo if isinstance(photo, SourcePhoto) else cls(photo)

    def at(self, size: int) -> Tensor:
        """The photo (1, 3, H, W) with a longest side of `size` pixels, or its own if that is 0.

        Raises:
            InputError, MissingError: as `images.read_picture`.
        """
        if size not in self._at:
            self._at[size] = read_picture(self.source, size)
        return self._at[size]


def read_photo(photo: Picture | None, size: int) -> Tensor:
    """The photo at the result's size: its longest side `size`, or its own if that is 0."""
    return SourcePhoto(photo).at(size)


def mask_at(photo: Picture | SourcePhoto | None, points: Sequence[Point], size: int = 0) -> Tensor:
    """A mask (1, 1, H, W) in [0, 1] of what is at some points of a photo, for `Request.masks` and `paint`.

    Points are x and y in pixels of the upright photo from its upper left corner; the mask's longest side is `size`, or
    the photo's own if that is 0.

    Raises:
        InputError, MissingError: no point, one outside the photo, or as `images.read_picture`.
    """
    from styfie.segmentation.clicks import segment_at  # networks that most runs do not need

    source = SourcePhoto.of(photo)
    own, picture = source.at(0).shape[-2:], source.at(size)
    scale = picture.shape[-1] / own[1], picture.shape[-2] / own[0]
    if outside := next((f"{x:g},{y:g}" for x, y in points if not (0 <= x < own[1] and 0 <= y < own[0])), ""):
        raise InputError(f"The point {outside} lies outside the photo of {own[1]} x {own[0]} pixels.")
    return segment_at(picture, [(x * scale[0], y * scale[1]) for x, y in points])


def read_request(photo: SourcePhoto, request: Request, size: int) -> SourceImage:
    """The photo at a longest side of `size`, and what is found in it and asked of it.

    Raises:
        InputError, MissingError: what cannot be read, is not there, or does not go together.
    """
    picture = photo.at(size)
    looks, notes = read_looks(picture, request)
    regions = find_regions(picture, request.settings, request.masks, looks, request.regions, photo)
    regions = as_stored(_with_depth(regions, request.depth, photo.given, picture, looks))
    looks = {name: looks[name] for name in regions.names if name in looks}  # the order that the file has
    return SourceImage(picture, regions, looks, notes)


def read_looks(photo: Tensor, request: Request) -> tuple[dict[str, Look], tuple[str, ...]]:
    """The looks that are asked for of a photo (1, 3, H, W), parts matched with parts, and what is to be said of that.

    Raises:
        InputError, MissingError: as `resolve_looks`; or parts are to be matched by a segmenter that knows none.
    """
    looks = resolve_looks(request.looks, max(photo.shape[-2:]))
    if any(look.match == PARTS for look in looks.values()) and not find_segmenter(request.settings.segmenter).parts:
        raise InputError(
            f"The segmenter {request.settings.segmenter} knows no parts to match: use auto, or match whole."
        )
    known = request.regions.names if request.regions else ()
    matched = match_parts(photo, looks, {*request.masks, *known} - {SUBJECT, BACKGROUND})
    return dict(matched.looks), matched.notes


def read_coarse(photo: SourcePhoto, request: Request, large: SourceImage) -> SourceImage | None:
    """The photo at `BASE_SIZE`, which a large painting begins from; none if it is no larger or finds other regions."""
    if max(large.photo.shape[-2:]) <= BASE_SIZE:
        return None
    try:
        small = read_request(photo, request, BASE_SIZE)
    except InputError:
        return None
    return small if small.regions.names == large.regions.names else None


def check_narrow(photo: Tensor) -> None:
    """Refuse a photo (1, 3, H, W) of which next to nothing is left at its size.

    Raises:
        InputError: it is so narrow.
    """
    height, width = photo.shape[-2:]
    if min(height, width) < NARROW:
        raise InputError(f"The photo would be {width}x{height} pixels, of {NARROW} at least: give a larger --size.")


def find_regions(
    photo: Tensor,
    settings: Settings,
    masks: Mapping[str, Picture],
    finer: Iterable[str] = (),
    given: Regions | None = None,
    source: Picture | SourcePhoto | None = None,
) -> Regions:
    """Subject and background, from the user's mask or from the segmenter; what is finer; the user's other masks.

    A photo without a person is refused, unless only the background and masks of the user's own are asked for. With
    `given` regions nobody is looked for, only what is finer than they are. `source` is what the photo was read from:
    regions of anything are looked for in it, so that they are the same at all sizes.
    """
    if SUBJECT in masks and BACKGROUND in masks:
        raise InputError(f"Masks for both {SUBJECT} and {BACKGROUND} came: one of them says where the other is.")
    asked, size = list(finer), (photo.shape[-2], photo.shape[-1])
    mattes = {name: _read_inside(name, mask, size) for name, mask in masks.items()}
    wanted = [name for name in asked if name not in (SUBJECT, BACKGROUND, *masks, *(given.names if given else ()))]
    segmenter = _segmenter_for(settings, SourcePhoto.of(photo if source is None else source))
    if given is not None:
        regions = segmenter.split(_fitted(given, size), photo, wanted) if wanted else _fitted(given, size)
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


def _segmenter_for(settings: Settings, photo: SourcePhoto) -> Segmenter:
    """The segmenter that the settings name: the faster one for engines of one pass, of anything one for this photo."""
    segmenter, entry = load_segmenter(settings.segmenter), find_segmenter(settings.segmenter)
    if entry.fast and ENGINES.find(settings.engine).frames:
        segmenter = cast(FastSegmenter, segmenter).fast()
    if entry.partitions:
        dividing = cast(Partitioner, segmenter)
        segmenter = dividing.fit_to(photo.at(dividing.work_size))
    return segmenter


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
        InputError: a look's strength falls off with depth and there is none; or as `depth.find_depth`.
    """
    wanted = None if depth_source(depth) == AUTO and regions.depth is not None else depth
    found = find_depth(wanted, source, photo, regions)
    regions = regions if found is None else replace(regions, depth=found)
    if regions.depth is None and (falling := [name for name, look in looks.items() if look.depth_falloff]):
        raise InputError(
            f"The strength of {' and '.join(falling)} falls off with depth, and none is known: give --depth FILE or "
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
