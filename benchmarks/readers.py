"""The package's own readers, each with what must be true of what it read: None, or what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from styfie.depth import read_depth
from styfie.engines.per_style.files import read_per_style
from styfie.film.clip import HEADERS, Clip
from styfie.film.joining import find_sound, left_out
from styfie.film.probe import is_video
from styfie.images import read_matte, read_picture
from styfie.painting import Painting
from styfie.segmentation import load_segmenter
from styfie.segmentation.files import NETWORKS
from styfie.storage.openraster import region_names, stored_recipe
from styfie.storage.recipes import read_recipe
from styfie.training.encoder import load_reference
from styfie.training.segmenter import load_start, read_start

from damage import BYTES, Case
from originals import SIDE

Reader = Callable[[Path], Tensor]


def _picture(read: Reader, channels: int, case: Case) -> str | None:
    found = read(case.file)
    if found.shape[:2] != (1, channels) or found.dtype != torch.float32:
        return f"{found.dtype} of shape {tuple(found.shape)}"
    if not bool(torch.isfinite(found).all()) or float(found.min()) < 0 or float(found.max()) > 1:
        return "values outside [0, 1]"
    if case.how in ("cut", "renamed") and not torch.equal(found, _whole(read, case.source)):
        return "another picture than the whole file's"
    return None


@cache
def _whole(read: Reader, source: Path) -> Tensor:
    return read(source)


def _mask(file: Path) -> Tensor:
    return read_matte(file, (SIDE, SIDE))


def _depth(file: Path) -> Tensor:
    return read_depth(file, (SIDE, SIDE))


def _painting(case: Case) -> str | None:
    region_names(case.file), stored_recipe(case.file)
    found = Painting.load(case.file)
    pictures = (found.photo, found.layers, found.regions.alpha, found.render())
    if not all(bool(torch.isfinite(one).all()) for one in pictures):
        return "values that are no numbers"
    whole = Painting.load(case.source)
    if case.how in BYTES and not (
        torch.equal(found.layers, whole.layers)
        and torch.equal(found.photo, whole.photo)
        and torch.equal(found.regions.alpha, whole.regions.alpha)
    ):
        return "another painting than the whole file's"
    found.save(case.file.parent / "saved")
    return None if Painting.load(case.file.parent / "saved" / "painting.ora").regions.names else "saved without regions"


def _recipe(case: Case) -> str | None:
    found = read_recipe(case.file)
    return None if set(found.looks) <= set(found.regions.names) else "looks of regions that are not there"


def _film(case: Case) -> str | None:
    is_video(case.file)
    with Clip(case.file, SIDE) as clip:
        clip.check()
        left_out(clip, find_sound(clip))
        times, shapes = [], set()
        for frame in clip.frames():
            times.append(frame.pts)
            shapes.add(tuple(frame.picture.shape))
        if len(shapes) > 1 or times != sorted(set(times)):
            return "frames of several shapes, or in no order"
        headers = bool(HEADERS & set(clip.container.format.name.split(",")))
    if case.how == "cut" and headers and len(times) < _frames(case.source) - 3:
        return f"{len(times)} of {_frames(case.source)} frames"
    return None


@cache
def _frames(source: Path) -> int:
    with Clip(source, SIDE) as clip:
        return sum(1 for _ in clip.frames())


def _taught(case: Case) -> str | None:
    network = read_per_style(case.file).network
    return _cut_short(case) or _numbers(network)


def _segmenter(case: Case) -> str | None:
    load_segmenter(str(case.file))
    return _cut_short(case)


def _begun(case: Case) -> str | None:
    network = NETWORKS["banet"]()
    load_start(network, read_start(case.file))
    return _cut_short(case) or _numbers(network)


def _teacher(case: Case) -> str | None:
    load_reference(case.file)
    return "it is no such network"


def _cut_short(case: Case) -> str | None:
    return "read although it was cut short" if case.how == "cut" else None


def _numbers(network: torch.nn.Module) -> str | None:
    finite = all(bool(torch.isfinite(value).all()) for value in network.state_dict().values())
    return None if finite else "weights that are no numbers"


READERS: dict[str, dict[str, Callable[[Case], str | None]]] = {
    "pictures": {
        "picture": partial(_picture, read_picture, 3),
        "mask": partial(_picture, _mask, 1),
        "depth": partial(_picture, _depth, 1),
    },
    "paintings": {"painting": _painting, "recipe": _recipe},
    "films": {"film": _film},
    "weights": {"taught": _taught, "segmenter": _segmenter, "start": _begun, "teacher": _teacher},
}  # fmt: skip
