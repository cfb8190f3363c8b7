"""What a segmenter is, and what some can do besides: their entries say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from styfie.regions import Regions
    from styfie.segmentation.people import Box


class Segmenter(Protocol):
    """Finds regions by name; see `portrait.PortraitSegmenter`."""

    def __call__(self, photo: Tensor, finer: Iterable[str] = ()) -> Regions:
        """Subject and background of a photo (1, 3, H, W), the `finer` regions split off them, and where faces are."""

    def split(self, regions: Regions, photo: Tensor, finer: Iterable[str]) -> Regions:
        """Split `finer` regions off regions that are known already, and find the faces."""


class Partitioner(Segmenter, Protocol):
    """A segmenter that divides a photo of anything; see `jseg.segmenter.JsegSegmenter`."""

    @property
    def work_size(self) -> int:
        """Longest side of the picture that it looks for regions in, in pixels."""

    def fit_to(self, picture: Tensor) -> Partitioner:
        """One that finds the regions of this picture in the same photo of any size: their numbers are then the same."""

    def partition(self, photo: Tensor, longest: int = 0) -> Regions:
        """All regions of a photo (1, 3, H, W) by area, with masks of at most `longest` pixels; 0: its own."""


Memory = Mapping[str, "Tensor"]  # masks (K, 1, H, W) of one frame by which those of the next are known


class FrameSegmenter(Segmenter, Protocol):
    """A segmenter that finds the same regions again from frame to frame, some of which may be absent in some."""

    def check(self, finer: Iterable[str]) -> None:
        """See that there could be such regions in a frame.

        Raises:
            InputError: a name that no region of this segmenter ever has.
        """

    def of_frame(self, frame: Tensor, finer: Iterable[str], before: Memory | None) -> tuple[Regions, Memory]:
        """As when called, but a finer region that is absent is empty; and what to know them by in the next frame.

        `before` is what came of the last frame, moved to where it is in this one; empty after a cut, and none at the
        beginning.

        Raises:
            NoPersonError: nobody is found.
            InputError: a region that is not in the first frame and will never come.
        """


class PartSegmenter(Segmenter, Protocol):
    """A segmenter that knows what may be split off the person."""

    def parts(self, photo: Tensor) -> Mapping[str, Box | None]:
        """Names of finer regions that there may be in a photo (1, 3, H, W).

        With the head of each that is a person, so that people can tell them apart: top, left, bottom and right of a
        square, as shares of the photo's height and width; None of all else, and where it is not known.
        """


class FastSegmenter(Segmenter, Protocol):
    """A segmenter of which there is one that takes less time."""

    def fast(self) -> Segmenter:
        """The same in less time, for engines that take no more."""
