"""What is known of each pixel of a photo once somebody has clicked on a thing in it, and beside it.

Geodesic distances over colours and over features, likeness to the clicked pixels in what the built-in networks see,
colour histograms of what is near, and where clicks and pixels lie: maps that say more together than each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from styfie.colour import lab_of
from styfie.geodesic import Mask, PixelGrid, stable_patch
from styfie.images import fit_size, resize
from styfie.regions import Point

Field = NDArray[np.float32]
Pixel = tuple[int, int]  # row and column of the small picture
MAPS = 41
NEARER = 9  # of these the one that is above 0 where a click on the thing is nearer than one beside it, over features
SEARCH_SIZE = 96  # longest side at which a thing is looked for
FAR = 9.0  # the largest geodesic distance
FEATURE_EDGE = 0.15  # weight of features beside colours in what is an edge
BINS = 8  # of a colour histogram, for each of red, green and blue
NO_CLICK = 1.5  # how far away a click is that there is none, in longest sides


class ClickMaps:
    """What a photo (1, 3, H, W) shows before anybody clicks, small; `at` says what clicks make of it.

    `encoder` is the built-in perceptual network. `matte` (1, 1, h, w) and `parts` (1, 5, h, w) are what the network
    for people sees in the photo.
    """

    def __init__(self, photo: Tensor, encoder: nn.Module, matte: Tensor, parts: Tensor) -> None:
        self.full = (photo.shape[-2], photo.shape[-1])
        self.size = height, width = fit_size(self.full, min(SEARCH_SIZE, max(self.full)))
        rgb = resize(photo, self.size)[0]
        self.lab = lab_of(rgb[None])[0] / 100
        taps = list(encoder(resize(photo, (2 * height, 2 * width))).values())[1:]
        self.taps = [F.interpolate(_normal(tap), self.size, mode="bilinear", align_corners=False)[0] for tap in taps]
        self.units = [tap / tap.norm(dim=0, keepdim=True).clamp_min(1e-4) for tap in self.taps]
        self.matte = resize(matte, self.size)[0, 0].clamp(0, 1)
        known = resize(parts, self.size)[0].clamp(0, 1)
        self.parts = known / known.sum(0, keepdim=True).clamp_min(1e-4)
        self.colours = PixelGrid(rgb)
        self.features = PixelGrid(
            torch.cat([self.lab, *(FEATURE_EDGE * tap / tap.shape[0] ** 0.5 for tap in self.taps[:3])])
        )
        rows, columns = self.grid = np.mgrid[:height, :width]
        aside = np.minimum.reduce([rows, columns, height - 1 - rows, width - 1 - columns])
        self.inside = (aside / max(self.size)).astype(np.float32)
        self.from_edge = self._distance(self.colours, aside == 0)
        bins = (rgb * (BINS - 1e-3)).long()
        self.bins = ((bins[0] * BINS + bins[1]) * BINS + bins[2]).numpy()

    def at(self, add: Sequence[Point], remove: Sequence[Point] = ()) -> Field:
        """Maps (MAPS, h, w) for clicks on the thing, one at least, and beside it, in the photo's own pixels."""
        on, off = self.pixels(add), self.pixels(remove)
        maps: list[Field] = []
        near: list[Field] = []
        for grid in (self.colours, self.features):
            a, b = (self._distance(grid, self.seeds(pixels)) for pixels in (on, off))
            rank = (a.ravel().argsort().argsort() / a.size).astype(np.float32).reshape(self.size)
            maps += [a.clip(max=3), np.log(a + 0.02), rank, b.clip(max=3), (b - a) / (a + b + 0.02)]
            near.append(a)
        a, b = self._straight(on), self._straight(off)
        maps += [a, b.clip(max=NO_CLICK), np.log(a + 0.01), (b - a) / (b + a + 0.02)]
        maps += [self._likeness(unit, pixels) for unit in self.units for pixels in (on, off)]
        maps += self._sides_of(near[1])
        maps += [self._difference(on), self._difference(off)]
        maps += [self._likelihood(np.exp(-near[0] / reach)) for reach in (0.1, 0.4)]
        maps += self._person(on)
        for held in (self.from_edge, self.inside):
            maps += [held, self._even(float(np.mean([held[pixel] for pixel in on])))]
        maps += [self._even(min(len(on), 4)), self._even(min(len(off), 4))]
        alone = (stable_patch(self._distance(self.colours, self.seeds([pixel])).astype(float)) for pixel in on)
        maps.append(torch.cat(list(alone)).amax((0, 1)).numpy())
        return np.stack([one.astype(np.float32) for one in maps])

    def pixels(self, points: Sequence[Point]) -> list[Pixel]:
        """The small picture's pixels under some points."""
        scale = [small / full for small, full in zip(self.size, self.full, strict=True)]
        return [(min(self.size[0] - 1, int(y * scale[0])), min(self.size[1] - 1, int(x * scale[1]))) for x, y in points]

    def seeds(self, pixels: Sequence[Pixel]) -> Mask:
        """Pixels as a mask."""
        found = np.zeros(self.size, np.bool_)
        for pixel in pixels:
            found[pixel] = True
        return found

    def _even(self, value: float) -> Field:
        return np.full(self.size, value, np.float32)

    def _distance(self, grid: PixelGrid, seeds: Mask) -> Field:
        return grid.distance(seeds).clip(max=FAR).astype(np.float32)

    def _straight(self, pixels: Sequence[Pixel]) -> Field:
        """Distance to the nearest click, in longest sides."""
        if not pixels:
            return self._even(NO_CLICK)
        away = ndimage.distance_transform_edt(~self.seeds(pixels))
        return (away / max(self.size)).astype(np.float32)

    def _likeness(self, unit: Tensor, pixels: Sequence[Pixel]) -> Field:
        """Cosine of the angle between features and those clicked on, of the likest of these."""
        if not pixels:
            return self._even(-1)
        found: Field = torch.stack([(unit * unit[:, y, x, None, None]).sum(0) for y, x in pixels]).amax(0).numpy()
        return found

    def _difference(self, pixels: Sequence[Pixel]) -> Field:
        """Difference of colour, in hundreds of CIELAB, from the likest click."""
        if not pixels:
            return self._even(1)
        away = torch.stack([(self.lab - self.lab[:, y, x, None, None]).norm(dim=0) for y, x in pixels])
        found: Field = away.amin(0).numpy()
        return found

    def _sides_of(self, near: Field) -> list[Field]:
        """For each tap, on which side of the middle a pixel lies between what is near and what is at the edge."""
        inner = np.exp(-near / 0.25)
        outer = np.exp(-self.from_edge / 0.1) * (1 - inner)
        inside, outside = (torch.from_numpy(one / max(one.sum(), 1e-6)) for one in (inner, outer))
        found: list[Field] = []
        for tap in self.taps:
            a, b = (tap * inside).sum((1, 2)), (tap * outside).sum((1, 2))
            along = ((tap - 0.5 * (a + b)[:, None, None]) * (a - b)[:, None, None]).sum(0)
            found.append((along / (a - b).square().sum().clamp_min(1e-3)).clamp(-2, 2).numpy())
        return found

    def _likelihood(self, near: Field) -> Field:
        """Logarithm of how much likelier each pixel's colour is near the clicks than elsewhere."""
        inner, outer = (self._histogram(weight) for weight in (near, 1 - near))
        found: Field = np.log((inner + 1e-4) / (outer + 1e-4))[self.bins].astype(np.float32)
        return found

    def _histogram(self, weight: Field) -> NDArray[np.float64]:
        counts: NDArray[Any] = np.bincount(self.bins.ravel(), weight.ravel(), BINS**3).reshape(BINS, BINS, BINS)
        soft: NDArray[np.float64] = ndimage.gaussian_filter(counts.astype(np.float64), 0.7, mode="nearest").ravel()
        shares: NDArray[np.float64] = soft / max(float(soft.sum()), 1e-6)
        return shares

    def _person(self, on: Sequence[Pixel]) -> list[Field]:
        """Whether it is a person that was clicked on, and which part."""
        here, matte = float(np.mean([float(self.matte[pixel]) for pixel in on])), self.matte.numpy()
        shared = torch.stack([torch.minimum(self.parts, self.parts[:, y, x, None, None]).sum(0) for y, x in on])
        return [matte, self._even(here), np.abs(matte - here), shared.amax(0).numpy()]


def _normal(tap: Tensor) -> Tensor:
    tap = tap - tap.mean((2, 3), keepdim=True)
    return tap / tap.std((2, 3), keepdim=True).clamp_min(1e-4)
