"""The order of depths that a painting keeps: Liu, Cheng, Lai and Rosin (2017), "Depth-aware neural style transfer".

Painting and photo are compared by what a depth network sees in them: the mean squared difference of its outputs. Ours
is `network.DepthNet`, and a difference counts in units of the photo's own variance.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.images import fit_size, resize

SEEN_SIZE = 128  # longest side in pixels at which pictures are compared, and at most
LEAST_UNIT = 1e-3  # variance below which a photo's depths count as all alike


def order_error(found: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference () of what a depth network sees in two pictures, over the variance of `target`."""
    return F.mse_loss(found, target) / target.var(correction=0).clamp_min(LEAST_UNIT)


def order_loss(network: nn.Module, painted: Tensor, photo: Tensor) -> Tensor:
    """`order_error` of a painting and its photo, both (B, 3, H, W), reduced to `SEEN_SIZE` as in `DepthOrder`."""
    full = (photo.shape[-2], photo.shape[-1])
    size = fit_size(full, min(SEEN_SIZE, max(full)))
    with torch.no_grad():
        target = network(resize(photo, size))
    return order_error(network(resize(painted, size)), target)


class DepthOrder:
    """What a layer of a painting is to show of the photo's order of depths; `weight` is what this counts.

    The layer is seen in its place: `photo` (1, 3, H, W), in it what is painted of the rows and columns `box`, as far as
    `band` (1, 1, H, W) in [0, 1] goes. All of it is reduced to `SEEN_SIZE`: tiles need not be known here.
    """

    def __init__(
        self, photo: Tensor, band: Tensor, box: tuple[slice, slice], network: nn.Module, weight: float
    ) -> None:
        self.network, self.weight = network, weight
        full = (photo.shape[-2], photo.shape[-1])
        self._band = band[(..., *box)]
        (top, bottom, _), (left, right, _) = (part.indices(side) for part, side in zip(box, full, strict=True))
        self._around = (left, full[1] - right, top, full[0] - bottom)
        self._reduce = partial(resize, size=fit_size(full, min(SEEN_SIZE, max(full))))
        with torch.no_grad():
            self._rest = self._reduce(photo * (1 - band))
            self.target = network(self._reduce(photo))

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The weighted error (), and its gradient, at a picture (1, 3, h, w) of the box."""
        with torch.enable_grad():
            leaf = image.detach().requires_grad_()
            placed = self._rest + self._reduce(F.pad(leaf * self._band, self._around))
            error = self.weight * order_error(self.network(placed), self.target)
        return error.detach(), torch.autograd.grad(error, leaf)[0]
