"""What is asked of one region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from styfie.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Style:
    """A style picture: RGB (1, 3, H, W) in [0, 1], with the name it was asked for by."""

    name: str
    picture: Tensor


COLORS = ("style", "keep", "luma")


@dataclass(frozen=True, eq=False)
class Look:
    """How one region is to look. No style: photo.

    `strength` is how much of the painting shows, 0 = photo, 1 = painted. `color` says where its colours are from:
    `style`; `keep`, the photo's palette, spread over the strokes; or `luma`, the photo's own colour at each place and
    only light and dark painted.
    """

    style: Style | None = None
    strength: float = 1.0
    color: str = "style"

    def __post_init__(self) -> None:
        if self.color not in COLORS:
            raise InputError(f"color is {self.color!r}: one of {', '.join(COLORS)} is wanted.")
        if not 0 <= self.strength <= 1:
            raise InputError(f"strength is {self.strength}: a number from 0 (photo) to 1 (painted) is wanted.")
