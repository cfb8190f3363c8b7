"""What a drawing of the gallery is listed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GalleryEntry:
    """One picture that is drawn."""

    title: str
    draw: Callable[[int, int], NDArray[np.float32]]
    """(height, width) -> RGB (H, W, 3), float32 in [0, 1]."""
    about: str
    licence: str = "Apache-2.0"
    source: str = "drawn by styfie.gallery"
