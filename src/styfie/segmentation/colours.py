"""What each region looks like where others share its pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from styfie.segmentation.foreground import estimate_foregrounds, foregrounds_at

ROWS = 256  # that are worked on at a time


@torch.no_grad()
def region_colours(photo: Tensor, alpha: Tensor) -> Tensor:
    """Each region's own colours (R, 3, H, W), for a photo (1, 3, H, W) and a partition `alpha` (R, 1, H, W).

    The photo to the bit where a region's alpha is 1; in soft pixels its estimated colour without the others', all moved
    by the least amount with which their sum, weighted by alpha, is the photo; it may take them a little beyond [0, 1].
    """
    colours = estimate_foregrounds(photo, alpha)
    for top in range(0, photo.shape[-2], ROWS):
        rows = (..., slice(top, top + ROWS), slice(None))
        colours[rows] = _summing_up(photo[rows], alpha[rows], colours[rows])
    return colours


@torch.no_grad()
def soft_colours(photo: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """`region_colours` only where regions share pixels: those pixels' numbers (N), row by row, and colours (R, 3, N).

    Everywhere else a region's colours are the photo, or do not matter. The bits are the same.
    """
    places = ((alpha > 0) & (alpha < 1)).any(0).flatten().nonzero()[:, 0]
    at = photo.flatten(2)[..., places], alpha.flatten(2)[..., places]
    return places, _summing_up(*at, foregrounds_at(photo, alpha, places))


class SoftColours:
    """`soft_colours`, found once as long as they are asked of the same tensors."""

    def __init__(self) -> None:
        self._known: tuple[Tensor, Tensor, tuple[Tensor, Tensor]] | None = None

    def __call__(self, photo: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        """The pixels and their colours."""
        if self._known is None or self._known[0] is not photo or self._known[1] is not alpha:
            self._known = photo, alpha, soft_colours(photo, alpha)
        return self._known[2]


def _summing_up(photo: Tensor, alpha: Tensor, colours: Tensor) -> Tensor:
    """Colours moved by the least amount with which their sum, weighted by alpha, is the photo."""
    missing = photo - (alpha * colours).sum(0, keepdim=True)
    return torch.where(alpha >= 1, photo, colours + alpha * missing / alpha.square().sum(0, keepdim=True))
