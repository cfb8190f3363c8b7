"""What is answered at once: regions, previews, layers and pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from styfie.devices import pick_device
from styfie.engines import load_engine
from styfie.engines.fast.paint import FastPainter
from styfie.errors import InputError, NoPersonError
from styfie.images import fit_size, read_matte, resize
from styfie.painting import Painting
from styfie.pipeline import paint
from styfie.reading import find_regions, read_photo
from styfie.regions import BACKGROUND, SUBJECT, Regions, correct
from styfie.segmentation.clicks import segment_at
from styfie.settings import Settings
from styfie.storage.openraster import eight_bits, png
from styfie.styles import resolve_looks
from styfie.web.messages import message
from styfie.web.work.costs import costs, note_pace
from styfie.web.work.exporting import export
from styfie.web.work.face_previews import face_preview
from styfie.web.work.first_sketch import first_sketch
from styfie.web.work.frames import camera, camera_off, frame
from styfie.web.work.history import remember, step
from styfie.web.work.paintings import PAINTING, PREVIEW, REGIONS, described, load, look_specs, save, unpainted
from styfie.web.work.results import parts_of, show_all, show_layer, show_ora, show_picture, soft, take_size
from styfie.web.workers import WorkerChannel

__all__ = [
    "camera",
    "camera_off",
    "costs",
    "export",
    "face_preview",
    "first_sketch",
    "frame",
    "show_all",
    "show_layer",
    "show_ora",
    "show_picture",
    "soft",
    "step",
]

NOBODY = message("note.nobody")


def warm(_channel: WorkerChannel) -> dict[str, str]:
    """Load what the first photo would wait for; says what computes here."""
    find_regions(read_photo(None, 96), Settings(), {})
    return {"device": pick_device("auto").type}


def warm_fast(_channel: WorkerChannel) -> None:
    """Load what the first preview would wait for."""
    paint(None, {SUBJECT: "ink"}, Settings(size=96, engine="fast"))


def warm_styles(_channel: WorkerChannel, drawn: str, names: Sequence[str], longest: int = Settings.size) -> None:
    """Look at styles that are `drawn` already, as previews of that longest side want them."""
    looks = {name: {"styles": [{"name": name, "weight": 1.0}]} for name in names}
    known = resolve_looks(look_specs(Path(drawn), looks, {}, Path(drawn)), longest)
    FastPainter(known, Settings()).prepare(longest)


def find(_channel: WorkerChannel, folder: str, file: str, settings: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Look for the person in a photo, and for what is `names` of it; a note says what was not found."""
    run_settings, note = Settings(**settings), ""
    photo = read_photo(Path(folder) / file, run_settings.size)
    finer = [name for name in names if name not in (SUBJECT, BACKGROUND)]
    find = partial(find_regions, photo, run_settings, {}, source=Path(folder) / file)
    try:
        regions = find(finer)
    except NoPersonError:
        regions, note = Regions((BACKGROUND,), torch.ones_like(photo[:, :1]), (1.0,)), NOBODY
    except InputError:  # a part that is not there, or a name of the user's own: the others are
        regions, note = _find_each(find, finer)
    parts = parts_of(photo, run_settings.segmenter) if SUBJECT in regions.names else {"parts": [], "heads": {}}
    return {"regions": _keep(folder, photo, regions), "note": note, **parts}


def _find_each(find: Callable[..., Regions], finer: Sequence[str]) -> tuple[Regions, str]:
    """The regions that there are of those that are wanted, and a note on those that are not."""
    regions, absent = find(()), []
    for name in finer:
        try:
            regions = find([name], regions)
        except InputError:
            absent.append(name)
    return regions, message("note.absent", regions=", ".join(absent))


def split(_channel: WorkerChannel, folder: str, name: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Split a region off the subject."""
    before = load(Path(folder) / REGIONS)
    if name in before.regions.names:
        raise InputError(message("error.region_exists", region=name))
    if SUBJECT not in before.regions.names:
        raise InputError(message("error.no_subject"))
    regions = find_regions(before.photo, Settings(**settings), {}, [name], before.regions)
    return _keep(folder, before.photo, regions)


def points(
    _channel: WorkerChannel, folder: str, name: str, add: list[tuple[float, float]], remove: list[tuple[float, float]]
) -> list[dict[str, Any]]:
    """Correct a region by points, which are shares of width and height; or find one that is not there yet."""
    before = load(Path(folder) / REGIONS)
    height, width = before.regions.size
    inside = [[(min(x * width, width - 1), min(y * height, height - 1)) for x, y in some] for some in (add, remove)]
    if name in before.regions.names:
        regions = correct(before.regions, before.photo, name, *inside)
    else:
        regions = _with_region(before.regions, name, segment_at(before.photo, *inside))
    return _keep(folder, before.photo, regions)


def _with_region(regions: Regions, name: str, matte: torch.Tensor) -> Regions:
    """Regions with a new one laid over them; a subject where there is none makes the rest background."""
    if name == SUBJECT and SUBJECT not in regions.names:
        return replace(Regions.of_subject(matte), face=regions.face)
    return regions.put(name, matte)


def brush(_channel: WorkerChannel, folder: str, name: str, mask: str) -> list[dict[str, Any]]:
    """A region as it was brushed; a new name is a new region."""
    before = load(Path(folder) / REGIONS)
    matte = read_matte(Path(mask), before.regions.size)
    if name not in before.regions.names and float(matte.max()) < 0.5:
        raise InputError(message("error.mask_empty", region=name))
    if before.regions.names == (BACKGROUND,) and name == BACKGROUND:  # what is left of it is the subject
        regions = Regions.of_subject(1 - matte)
    else:
        regions = _with_region(before.regions, name, matte)
    return _keep(folder, before.photo, regions)


def merge(_channel: WorkerChannel, folder: str, name: str) -> list[dict[str, Any]]:
    """Give a region back to its side."""
    before = load(Path(folder) / REGIONS)
    before.regions.index(name)
    if name in (SUBJECT, BACKGROUND):
        raise InputError(message("error.region_stays", region=name))
    return _keep(folder, before.photo, before.regions.merge(before.regions.rest_of(name), name))


def _keep(folder: str, photo: torch.Tensor, regions: Regions) -> list[dict[str, Any]]:
    painting = unpainted(photo, regions)
    remember(Path(folder))
    save(painting, Path(folder) / REGIONS)
    return described(painting.regions)


def preview(
    _channel: WorkerChannel,
    folder: str,
    looks: dict[str, Any],
    own: dict[str, str],
    settings: dict[str, Any],
    drawn: str,
    longest: int = 0,
) -> list[str]:
    """Paint with the fast engine, at once; names of the painted regions.

    With a `longest` side in pixels it is painted no larger than that, and enlarged: what is seen while the other comes.
    """
    before = load(Path(folder) / REGIONS)
    wanted = look_specs(Path(folder), _existing(looks, before), own, Path(drawn))
    asked = replace(Settings(**settings), size=max(before.regions.size), engine="fast")
    looks_here = resolve_looks(wanted, asked.size)
    shown = {name: looks_here[name] for name in before.regions.names if name in looks_here}
    size = fit_size(before.regions.size, min(asked.size, longest or asked.size))
    photo, regions = (before.photo, before.regions) if size == before.regions.size else _smaller(before, size)
    start = time.monotonic()
    *_, last = load_engine("fast")(photo, regions, shown, asked)
    layers = last.layers
    if size == before.regions.size:
        note_pace("fast", time.monotonic() - start, size)
    else:
        layers = resize(layers, before.regions.size).clamp(0, 1)
    painting = Painting(before.photo, before.regions, layers, shown, {})
    save(painting, Path(folder) / PREVIEW)
    return [name for name, look in painting.looks.items() if look.styles]


def _smaller(painting: Painting, size: tuple[int, int]) -> tuple[torch.Tensor, Regions]:
    """Photo and regions of a painting in a smaller (height, width)."""
    return resize(painting.photo, size).clamp(0, 1), painting.regions.resize(size)


def _existing(looks: Mapping[str, Any], painting: Painting) -> dict[str, Any]:
    """The looks of regions that there are."""
    return {name: look for name, look in looks.items() if name in painting.regions.names}


def regions_of_painting(_channel: WorkerChannel, folder: str) -> list[dict[str, Any]]:
    """The regions become those of the painting; those that were can be had back, unless they are of another size."""
    painting = load(Path(folder) / PAINTING)
    if take_size(Path(folder), painting):
        return described(load(Path(folder) / REGIONS).regions)
    return _keep(folder, painting.photo, painting.regions)


def matte(_channel: WorkerChannel, folder: str, name: str) -> bytes:
    """A region's matte as 8-bit PNG."""
    return png(eight_bits(load(Path(folder) / REGIONS).regions[name]))
