"""Anything in a photo, from clicks on it and beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from styfie.encoders.plain import load_styfie_2
from styfie.errors import InputError
from styfie.images import resize
from styfie.regions import BACKGROUND, Point, Regions
from styfie.segmentation.clickmaps import MAPS, ClickMaps
from styfie.segmentation.matting import refine
from styfie.segmentation.portrait import load_shipped, predict
from styfie.weights import load_packaged

WIDTHS = (32, 48, 64, 96)  # channels of the picture's own size, and of each that is half the one before
GROUPS = 8  # of channels that are brought to one mean and spread together
DROPPED = 0.2  # share of the maps that are left out, by chance, while it is taught
CELL = 2 ** (len(WIDTHS) - 1)  # pixels of the small picture that one of the coarsest has
LOOK = 192  # side at which the network for people looks at the photo
CERTAIN = 2.0  # of the probabilities around one half: outer parts are haze, as with people
REACH = 1.5  # pixels of the small picture around a click that are as it says


class ClickNet(nn.Module):
    """Decides for each pixel by its maps and those around it: a small U-Net (Ronneberger et al. 2015).

    413,329 parameters. Logits of "it is the thing" (1, 1, h, w) for `maps` (1, MAPS, h, w), as `ClickMaps` has them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, MAPS, 1, 1))
        self.register_buffer("spread", torch.ones(1, MAPS, 1, 1))
        steps = list(itertools.pairwise(WIDTHS))
        self.enter = _layers(nn.Conv2d(MAPS, WIDTHS[0], 1), _conv3(WIDTHS[0], WIDTHS[0]))
        self.down = nn.ModuleList(_layers(_conv3(fine, coarse), _conv3(coarse, coarse)) for fine, coarse in steps)
        self.up = nn.ModuleList(_layers(_conv3(fine + coarse, fine)) for fine, coarse in steps)
        self.answer = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Logits (B, 1, h, w)."""
        height, width = maps.shape[-2:]
        known = F.dropout2d(self.normal(maps), DROPPED, self.training)
        x = self.enter(F.pad(known, (0, -width % CELL, 0, -height % CELL), "replicate"))
        held = []
        for down in self.down:
            held.append(x)
            x = down(F.max_pool2d(x, 2))
        for own, up in zip(reversed(held), reversed(self.up), strict=True):
            x = up(torch.cat([own, F.interpolate(x, scale_factor=2.0)], 1))
        logits: Tensor = self.answer(x)
        return logits[..., :height, :width]

    def normal(self, maps: Tensor) -> Tensor:
        """Maps of mean 0 and spread 1."""
        mean, spread = self.get_buffer("mean"), self.get_buffer("spread")
        return (maps - mean) / spread


def _conv3(seen: int, made: int) -> nn.Conv2d:
    return nn.Conv2d(seen, made, 3, padding=1)


def _layers(*convolutions: nn.Conv2d) -> nn.Sequential:
    """Convolutions, each with group norm (Wu and He 2018) and a rectifier after it."""
    steps = ((one, nn.GroupNorm(GROUPS, one.out_channels), nn.ReLU()) for one in convolutions)
    return nn.Sequential(*itertools.chain.from_iterable(steps))


def load_click_net() -> ClickNet:
    """The network that ships, frozen.

    Raises:
        MissingError: it is missing from the package.
    """
    network = ClickNet()
    network.load_state_dict(load_packaged("clicks"))
    return network.eval().requires_grad_(False)


class ClickedPhoto:
    """A photo (1, 3, H, W) in which something is chosen by clicks; what clicks do not change is found once."""

    def __init__(self, photo: Tensor, network: ClickNet | None = None) -> None:
        self.photo, self._given = photo, network

    @cached_property
    def network(self) -> ClickNet:
        """What decides."""
        return self._given or load_click_net()

    @cached_property
    @torch.no_grad()
    def maps(self) -> ClickMaps:
        """What the photo shows before anybody clicks."""
        seen = predict(self.photo, load_shipped(own_parts=True)[0], LOOK, (1.0,), mirrored=False)
        return ClickMaps(self.photo, load_styfie_2(), seen.matte, seen.parts)

    @torch.no_grad()
    def coarse(self, add: Sequence[Point], remove: Sequence[Point] = ()) -> Tensor:
        """Where the thing is, (1, 1, h, w) in [0, 1], small.

        Raises:
            InputError: no click on it, or one outside the photo.
        """
        height, width = self.photo.shape[-2:]
        if not add:
            raise InputError("No point on the thing came: give one, x and y in pixels.")
        for x, y in (*add, *remove):
            if not (0 <= x < width and 0 <= y < height):
                raise InputError(f"The point {x:g},{y:g} lies outside the photo of {width} x {height} pixels.")
        maps = torch.from_numpy(self.maps.at(add, remove))[None]
        found = self.network(maps).sigmoid()
        return self._joined((CERTAIN * (found - 0.5) + 0.5).clamp(0, 1), add, remove)

    def matte(self, add: Sequence[Point], remove: Sequence[Point] = ()) -> Tensor:
        """The thing's matte (1, 1, H, W) in [0, 1] at the photo's own size.

        Raises:
            InputError: no click on it, or one outside the photo.
        """
        return refine(self.coarse(add, remove), self.photo)

    def found(self, add: Sequence[Point], remove: Sequence[Point] = ()) -> NDArray[np.bool_]:
        """The thing's mask (H, W) without its hair and soft edges, as `coarse`."""
        size = (self.photo.shape[-2], self.photo.shape[-1])
        hard: NDArray[np.bool_] = (resize(self.coarse(add, remove), size) > 0.5)[0, 0].numpy()
        return hard

    def _joined(self, found: Tensor, add: Sequence[Point], remove: Sequence[Point]) -> Tensor:
        """Without the pieces that no click is on; clicks themselves are taken at their word."""
        on, off = (self._discs(points) for points in (add, remove))
        values = np.where(on, 1.0, np.where(off, 0.0, found[0, 0].numpy())).astype(np.float32)
        pieces, _ = ndimage.label(values > 0.5, np.ones((3, 3)))
        mine = np.isin(pieces, np.unique(pieces[on]))
        near = ndimage.binary_dilation(mine & (values > 0.5), iterations=2)
        return torch.from_numpy(np.where(near, values, 0)).float()[None, None]

    def _discs(self, points: Sequence[Point]) -> NDArray[np.bool_]:
        if not points:
            return np.zeros(self.maps.size, np.bool_)
        away = ndimage.distance_transform_edt(~self.maps.seeds(self.maps.pixels(points)))
        disc: NDArray[np.bool_] = away < REACH
        return disc


def segment_at(photo: Tensor, add: Sequence[Point], remove: Sequence[Point] = ()) -> Tensor:
    """The matte (1, 1, H, W) of what is at some points of a photo (1, 3, H, W) and not at others.

    Points are x and y in pixels from the upper left corner.

    Raises:
        InputError: no point on it, or one outside the photo.
    """
    return ClickedPhoto(photo).matte(add, remove)


def region_at(photo: Tensor, name: str, add: Sequence[Point], remove: Sequence[Point] = ()) -> Regions:
    """What is at some points of a photo (1, 3, H, W) as a region called `name`, and the background.

    Raises:
        InputError: no point on it, or one outside the photo.
    """
    matte = segment_at(photo, add, remove)
    return Regions((name, BACKGROUND), torch.cat([matte, 1 - matte]), (1.0, 1.0))
