"""What a film depends on.

All that is asked for is read from the fields of `Look`, `Style` and `Settings` themselves: a field that is added there
is part of a film's key from then on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

import styfie
from styfie.devices import pick_device
from styfie.engines import weights_used
from styfie.film.clip import pyav
from styfie.film.encoding import QUALITY, codec
from styfie.settings import Settings
from styfie.weights import checksum, checksums

if TYPE_CHECKING:
    from styfie.looks import Look

FORMAT = 2  # of the parts and of what lies with them


def film_key(file: Path, looks: Mapping[str, Look], settings: Settings, first: float, end: float | None) -> str:
    """SHA-256 of all that the painted frames and their parts depend on: runs of one key make the same film.

    That is the clip and the span of it, every field of the looks, styles and settings, the files that these name, the
    device, the weights, and the versions of whatever computes: parts of one key can be joined.
    """
    import cv2

    digest = hashlib.sha256()
    versions = [styfie.__version__, torch.__version__, cv2.__version__, pyav().library_versions]
    told = [FORMAT, versions, codec(), QUALITY, pick_device(settings.device).type, checksums(weights_used(settings))]
    segmenter = Path(settings.segmenter)
    for value in (told, file, first, end, looks, settings, segmenter if segmenter.is_file() else None):
        for piece in _bytes_of(value):
            digest.update(len(piece).to_bytes(8, "little"))  # or two texts could be one that begins elsewhere
            digest.update(piece)
    return digest.hexdigest()


def _bytes_of(value: object) -> Iterator[bytes]:
    """A value as bytes: a file by its content, a tensor by its type, shape and values, a dataclass by all its fields.

    Raises:
        TypeError: a kind of value that nobody has thought of.
    """
    if isinstance(value, Path):
        yield checksum(value).encode()
    elif isinstance(value, Tensor):
        yield f"{value.dtype} {tuple(value.shape)}".encode()
        yield value.detach().cpu().contiguous().numpy().tobytes()
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__.encode()
        for field in fields(value):
            yield field.name.encode()
            yield from _bytes_of(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name in value:  # in their order, which regions are laid over each other by
            yield str(name).encode()
            yield from _bytes_of(value[name])
    elif isinstance(value, list | tuple):
        yield str(len(value)).encode()
        for one in value:
            yield from _bytes_of(one)
    elif value is None or isinstance(value, str | int | float):
        yield repr(value).encode()
    else:
        raise TypeError(f"A film's key cannot be made of a {type(value).__name__}.")
