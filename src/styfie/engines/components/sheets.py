"""Style pictures as sheets that patches are taken from, at one size.

A sheet is a style's components, as they are or turned by eighths; from those that are turned only patches along edges
are taken, so that strokes follow the photo's contours and textures keep their direction. A place is a number: of a
sheet, and of a patch's upper left pixel on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import luma_of
from styfie.engines.components.layers import decompose
from styfie.images import resize
from styfie.looks import Style

PATCH_SIZE, STEP = 9, 4  # pixels of a patch, and between two nodes
CELLS = 3  # of features on each side of a patch, each the mean of its pixels
DRAFT, LUMA, MASK = 1.0, 1.0, 0.5  # weights of the features: colours of the draft, luma of all, share of edge
TURNS = 8  # of a style
EDGE = 0.35  # share of edge from which a patch may be turned
CHANNELS = 10  # of a sheet: draft, paint, edge, mask
TRANSFERRED = slice(3, 9)  # channels that patches carry over: paint and edge
MARGIN = PATCH_SIZE - STEP  # pixels around the photo that nodes reach beyond it


def features_of(components: Tensor) -> Tensor:
    """What patches are compared by (B, 5, H-2, W-2), for components (B, 10, H, W): means over 3 x 3 pixels."""
    draft, mask = components[:, :3], components[:, 9:]
    luma = luma_of(draft + components[:, 3:6] + components[:, 6:9])
    return F.avg_pool2d(torch.cat([DRAFT * draft, LUMA * luma, MASK * mask], 1), PATCH_SIZE // CELLS, stride=1)


def node_features(components: Tensor) -> Tensor:
    """The features (h, w, 45) of the nodes of components (1, 10, H, W), as `padded` gives them."""
    found, cell = features_of(components)[0], PATCH_SIZE // CELLS
    y, x = (STEP * torch.arange((n - PATCH_SIZE) // STEP + 1) for n in components.shape[-2:])
    cells = [found[:, y + cell * i][:, :, x + cell * j] for i in range(CELLS) for j in range(CELLS)]
    return torch.cat(cells).permute(1, 2, 0).contiguous()


def padded(picture: Tensor) -> Tensor:
    """A picture (1, C, H, W) with a margin of `MARGIN`, and as much more below and at the right as nodes need."""
    more = [(STEP - (n + 2 * MARGIN - PATCH_SIZE) % STEP) % STEP for n in picture.shape[-2:]]
    return F.pad(picture, (MARGIN, MARGIN + more[1], MARGIN, MARGIN + more[0]), mode="replicate")


@dataclass(frozen=True, eq=False)
class Bank:
    """All sheets (S, 10, H, W) of a size, `style` (S) the number of each one's style, and `free` (S, H, W), the upper
    left pixels of patches that may be taken.
    """

    sheets: Tensor
    style: Tensor
    free: Tensor

    @cached_property
    def places(self) -> Tensor:
        """The places (N) of all patches that may be taken."""
        return self.free.flatten().nonzero()[:, 0]

    @cached_property
    def _transferred(self) -> Tensor:
        return self.sheets[:, TRANSFERRED].permute(0, 2, 3, 1).reshape(-1, 6)

    @cached_property
    def _features(self) -> Tensor:
        found = F.pad(features_of(self.sheets), (0, PATCH_SIZE // CELLS - 1, 0, PATCH_SIZE // CELLS - 1))
        return found.permute(0, 2, 3, 1).reshape(-1, found.shape[1])

    def transferred(
        self, places: Tensor, top: int = 0, left: int = 0, down: int = PATCH_SIZE, across: int = PATCH_SIZE
    ) -> Tensor:
        """Paint and edge (…, down, across, 6) of part of the patches at places (…)."""
        rows = (top + torch.arange(down)) * self.free.shape[2]
        return self._transferred[places[..., None, None] + rows[:, None] + left + torch.arange(across)]

    def features(self, places: Tensor) -> Tensor:
        """The features (…, 45) of the patches at places (…)."""
        cells = PATCH_SIZE // CELLS * torch.arange(CELLS)
        return self._features[places[..., None, None] + cells[:, None] * self.free.shape[2] + cells].flatten(-3)

    def place(self, sheet: Tensor, top: Tensor, left: Tensor) -> Tensor:
        """The places of patches, -1 where none may be taken."""
        height, width = self.free.shape[1:]
        inside = (left >= 0) & (left < width) & (top >= 0) & (top < height)
        found = torch.where(inside, (sheet * height + top) * width + left, 0)
        return torch.where(inside & self.free.flatten()[found], found, -1)

    def where(self, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sheet, top and left of places."""
        height, width = self.free.shape[1:]
        return places // (height * width), places // width % height, places % width

    def moved(self, places: Tensor, down: Tensor, across: Tensor) -> Tensor:
        """Places as many pixels on, or where they were if no patch may be taken there."""
        sheet, top, left = self.where(places)
        found = self.place(sheet, top + down, left + across)
        return torch.where(found >= 0, found, places)


def turned(style: Style, scale: int, stroke: float = 1.0) -> Tensor:
    """A style's components and what of them may be taken (8, 11, H, W), at every eighth of a turn.

    It is as a painting whose longest side is `scale` sees it.
    """
    drawn = replace(style, small=None)  # patches are all of one size
    style = drawn.at(scale, stroke, least=(2 * PATCH_SIZE, 2 * PATCH_SIZE))
    size, free = (style.picture.shape[-2], style.picture.shape[-1]), (style.inside > 0.5).float()
    if not bool((_whole(free) > 0.99).any()):  # not one patch within the part that was marked
        free = torch.ones_like(free)
    sheet = torch.cat([decompose(style.picture, scale).stacked, free], 1)
    angles = 2 * math.pi / TURNS * torch.arange(TURNS)
    cos, sin, ratio = angles.cos(), angles.sin(), size[0] / size[1]
    none = torch.zeros_like(cos)
    turns = torch.stack([torch.stack([cos, -ratio * sin, none], 1), torch.stack([sin / ratio, cos, none], 1)], 1)
    grid = F.affine_grid(turns[1:], [TURNS - 1, 1, *size], align_corners=False)
    others = F.grid_sample(sheet.expand(TURNS - 1, -1, -1, -1), grid, align_corners=False)
    return torch.cat([sheet, others])


def bank_at(sheets: Sequence[Tensor], factor: int) -> Bank:
    """All styles' sheets, each as `turned` gives them, so many times smaller."""
    small = []
    for sheet in sheets:
        down, across = (max(PATCH_SIZE + STEP, round(n / factor)) for n in sheet.shape[-2:])
        small.append(resize(sheet, (down, across)))
    height, width = (max(sheet.shape[dim] for sheet in small) for dim in (-2, -1))
    found = torch.cat([F.pad(s, (0, width - s.shape[-1], 0, height - s.shape[-2])) for s in small])
    edge = F.avg_pool2d(found[:, 9:10], PATCH_SIZE, 1) > EDGE
    edge[::TURNS] = True
    whole = _whole(found[:, CHANNELS:]) > 0.99
    for first in range(0, len(found), TURNS):  # a thin part may be gone at this size
        if not bool(whole[first].any()):
            whole[first] = True
    free = F.pad((whole & edge)[:, 0], (0, PATCH_SIZE - 1, 0, PATCH_SIZE - 1))
    return Bank(found[:, :CHANNELS], torch.arange(len(sheets)).repeat_interleave(TURNS), free)


def _whole(free: Tensor) -> Tensor:
    """The least value within each patch (B, 1, H-8, W-8)."""
    return -F.max_pool2d(-free, PATCH_SIZE, 1)


def inherited(places: Tensor, ratio: int, before: Bank, bank: Bank, size: tuple[int, int]) -> Tensor:
    """What nodes (h, w) would hold if those of `before` were continued up to them: places (h, w, 5) of `bank`.

    `places` (h', w') are held where pixels are `ratio` times as large. A node continues the one at its own place there,
    first, and that one's four neighbours; -1 where no patch may be taken.
    """
    y, x = (STEP * torch.arange(n) - MARGIN + PATCH_SIZE // 2 for n in size)  # middles of the patches on the photo
    rows, columns = (((c / ratio - PATCH_SIZE // 2 + MARGIN) / STEP).round().long() for c in (y, x))
    found = []
    for down, across in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)):
        i = (rows + down).clamp(0, places.shape[0] - 1)
        j = (columns + across).clamp(0, places.shape[1] - 1)
        sheet, top, left = before.where(places[i][:, j])
        aside = (
            (y - ratio * (STEP * i - MARGIN + PATCH_SIZE // 2))[:, None],
            x - ratio * (STEP * j - MARGIN + PATCH_SIZE // 2),
        )
        new = [ratio * (c + PATCH_SIZE // 2) + d - PATCH_SIZE // 2 for c, d in zip((top, left), aside, strict=True)]
        found.append(bank.place(sheet, new[0], new[1]))
    return torch.stack(found, 2)
