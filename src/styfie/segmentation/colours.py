"""What each region looks like where others share its pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from styfie.segmentation.foreground import estimate_foregrounds, foregrounds_at

ROWS = 256  # that are worked on at a time
LEVELS = 255  # steps of 8 bits


@torch.no_grad()
def region_colours(photo: Tensor, alpha: Tensor) -> Tensor:
    """Each region's foreground colours (R, 3, H, W), for a photo (1, 3, H, W) and a partition `alpha` (R, 1, H, W).

    The photo to the bit where a region's alpha is 1; in soft pixels its estimated colour without the others', all moved
    by the least amount with which their sum, weighted by alpha, is the photo; it may take them a little beyond [0, 1].
    """
    colours = estimate_foregrounds(photo, alpha)
    for top in range(0, photo.shape[-2], ROWS):
        rows = (..., slice(top, top + ROWS), slice(None))
        colours[rows] = _summing_up(photo[rows], alpha[rows], colours[rows])
    return colours


class BoundaryColours:
    """`region_colours` only where regions share pixels: everywhere else they are the photo, or do not matter.

    From estimates in steps of 8 bits, as a file holds them, so that what was read blends as what was written; found
    once, as long as they are asked of the same tensors.
    """

    def __init__(self) -> None:
        self._inputs: tuple[Tensor, Tensor] | None = None
        self._found: tuple[Tensor, Tensor]
        self.rounded: Tensor  # (R, 3, N), the estimates that a file is to hold

    @torch.no_grad()
    def __call__(self, photo: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """The pixels' numbers (N), row by row, and their colours (R, 3, N)."""
        if self._inputs is None or self._inputs[0] is not photo or self._inputs[1] is not alpha:
            places = _shared(alpha)
            self._keep(places, photo, alpha, foregrounds_at(photo, alpha, places))
        return self._found

    def set_inputs(self, photo: Tensor, alpha: Tensor, rounded: Tensor) -> None:
        """Take a file's colours for those of these tensors, if they are of as many pixels."""
        places = _shared(alpha)
        if rounded.shape == (len(alpha), 3, len(places)):
            self._keep(places, photo, alpha, rounded)

    def _keep(self, places: Tensor, photo: Tensor, alpha: Tensor, colours: Tensor) -> None:
        self.rounded = colours.clamp(0, 1).mul_(LEVELS).round_().div_(LEVELS)
        self._inputs, self._found = (photo, alpha), (places, _summing_up_at(places, photo, alpha, self.rounded))


def _shared(alpha: Tensor) -> Tensor:
    """The numbers (N) of pixels that more than one region has a part in, row by row."""
    return ((alpha > 0) & (alpha < 1)).any(0).flatten().nonzero()[:, 0]


def _summing_up_at(places: Tensor, photo: Tensor, alpha: Tensor, colours: Tensor) -> Tensor:
    return _summing_up(photo.flatten(2)[..., places], alpha.flatten(2)[..., places], colours)


def _summing_up(photo: Tensor, alpha: Tensor, colours: Tensor) -> Tensor:
    """Colours moved by the least amount with which their sum, weighted by alpha, is the photo."""
    missing = photo - (alpha * colours).sum(0, keepdim=True)
    return torch.where(alpha >= 1, photo, colours + alpha * missing / alpha.square().sum(0, keepdim=True))
