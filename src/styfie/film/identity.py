"""What a film depends on.

All that is asked for is read from the fields of `Look`, `Style` and `Settings` themselves, see `styfie.fields`: a field
that is added there is part of a film's key from then on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from styfie._version import __version__
from styfie.devices import pick_device
from styfie.film.clip import pyav
from styfie.film.encoding import QUALITY, codec
from styfie.provenance import plain_bytes, weights_used
from styfie.settings import Settings
from styfie.weights import checksums

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
    versions = [__version__, torch.__version__, cv2.__version__, pyav().library_versions]
    told = [FORMAT, versions, codec(), QUALITY, pick_device(settings.device).type, checksums(weights_used(settings))]
    segmenter = Path(settings.segmenter)
    for value in (told, file, first, end, looks, settings, segmenter if segmenter.is_file() else None):
        for piece in plain_bytes(value):
            digest.update(len(piece).to_bytes(8, "little"))  # or two texts could be one that begins elsewhere
            digest.update(piece)
    return digest.hexdigest()
