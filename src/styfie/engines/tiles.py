"""A picture in overlapping tiles, each small enough for the memory there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Area = tuple[slice, slice]


class Tile(NamedTuple):
    """Rows and columns of the picture: those a tile is given to see, and those of them that are its own."""

    seen: Area
    own: Area

    @property
    def inside(self) -> Area:
        """Its own rows and columns, counted from where its sight begins."""
        rows, columns = (slice(o.start - s.start, o.stop - s.start) for s, o in zip(self.seen, self.own, strict=True))
        return rows, columns

    def at(self, stride: int) -> Area:
        """Its own cells of a feature map with so many pixels between cells, counted as `inside`."""
        rows, columns = (slice(one.start // stride, -(-one.stop // stride)) for one in self.inside)
        return rows, columns


def tiles_of(size: tuple[int, int], side: int, reach: int) -> list[Tile]:
    """Tiles that part a picture of (height, width), their own areas `side` pixels and less; 0 = one tile.

    Each sees `reach` pixels around its own area: as far as any feature in it does, so that features and gradients are
    the untiled picture's. Side and reach are multiples of the network's stride, which keeps its cells in place.
    """
    height, width = size
    return [
        Tile((_grown(rows, reach, height), _grown(columns, reach, width)), (rows, columns))
        for rows in _spans(height, side)
        for columns in _spans(width, side)
    ]


def _spans(length: int, side: int) -> list[slice]:
    return [slice(a, min(a + side, length)) for a in range(0, length, side)] if side else [slice(0, length)]


def _grown(span: slice, reach: int, length: int) -> slice:
    return slice(max(0, span.start - reach), min(length, span.stop + reach))


def cells(picture: Tensor, features: Tensor) -> tuple[Tensor, int]:
    """A matte (1, 1, h, w) at a map's cells, each the mean of its own pixels, and the pixels between cells."""
    stride = 2 ** round(math.log2(picture.shape[-1] / features.shape[-1]))
    mean = F.avg_pool2d(picture, stride, ceil_mode=True, count_include_pad=False)
    return mean[..., : features.shape[-2], : features.shape[-1]], stride


def tap_masks(inside: Tensor, maps: Mapping[str, Tensor], tile: Tile) -> dict[str, Tensor]:
    """A matte (1, 1, h, w) of what a tile sees, at each map's cells and 0 beyond the tile's own."""
    found = {}
    for tap, features in maps.items():
        mask, stride = cells(inside, features)
        own = (..., *tile.at(stride))
        found[tap] = torch.zeros_like(mask)
        found[tap][own] = mask[own]
    return found
