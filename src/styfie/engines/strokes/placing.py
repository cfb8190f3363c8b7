"""Where strokes begin: how many there are of each level, and their places."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.blur import gaussian
from styfie.engines.strokes.brushes import Brush
from styfie.engines.strokes.raster import BAR

SLENDER = 3.0  # a stroke's length in widths at first
RATIO = 0.62  # a level's stroke width to that of the level before
LEVEL_FRACTIONS = (0.06, 0.13, 0.22, 0.28, 0.31)  # of the strokes in each level, from coarse to fine
COVER = 2.2  # how often the first level covers what is painted
PITCH = 0.6  # least distance between strokes of a level, about, in widths
NEAR = 0.012  # of the longest side: what contrast is found within
PLAIN, ON_FACES = 0.4, 3.0  # strokes wanted where there is none, and on faces, beside those of mean contrast
FACE_WIDTHS = (1 / 12, 1 / 18, 1 / 28)  # of strokes on faces, in shares of a face's side
FACE_SHARE = 0.5  # of the strokes that are for faces alone, at full likeness


@dataclass(frozen=True)
class Level:
    """Strokes that are placed and then optimised together: how many, how wide, and whether on faces only."""

    count: int
    width: float  # in shares of the longest side
    face: bool = False


def plan_levels(strokes: int, area: float, face_area: float, likeness: float, stroke: float = 1.0) -> list[Level]:
    """Levels for some strokes on an area, in squares of the longest side, with faces of that area within it.

    The first one covers everything; those for faces come last, finer than all others. `stroke` is their size beside
    the usual one; that of the others follows from how many there are.
    """
    for_faces = round(FACE_SHARE * likeness * strokes) if face_area > 0 else 0
    rest = strokes - for_faces
    widest = math.sqrt(COVER * area / (SLENDER * max(1, round(LEVEL_FRACTIONS[0] * rest))))
    levels = [Level(max(1, round(share * rest)), widest * RATIO**i) for i, share in enumerate(LEVEL_FRACTIONS)]
    if for_faces:
        side, finest = math.sqrt(face_area), levels[-1].width
        widths = [min(stroke * side * share, finest * RATIO**i) for i, share in enumerate(FACE_WIDTHS)]
        levels += [Level(max(1, round(for_faces / len(widths))), width, True) for width in widths]
    return levels


def demand(photo: Tensor, face: Tensor) -> Tensor:
    """How many strokes a photo (1, 3, H, W) wants at each place (1, 1, H, W), beside one another: a plain wall few.

    By the contrast around, in means of the photo's, and by how much a face (1, 1, H, W) is noticed.
    """
    longest = max(photo.shape[-2:])
    contrast = photo - gaussian(photo, NEAR * longest)
    contrast = gaussian(contrast.square().mean(1, keepdim=True), 2 * NEAR * longest).sqrt()
    return PLAIN + contrast / contrast.mean().clamp_min(1e-6) + ON_FACES * face


def scatter(weight: Tensor, count: int, pitch: float, random: torch.Generator, power: float) -> Tensor:
    """`count` places (N, 2) in pixels, x and y, drawn from a weight (H, W) >= 0 to a power, about `pitch` pixels apart.

    Each cell of a grid has one place, its weightiest pixel but for chance, so that no two strokes fall on one; where
    there are too few cells of any weight, they become smaller.
    """
    while pitch > 1 and int((F.adaptive_max_pool2d(weight[None], _cells(weight, pitch)) > 0).sum()) < count:
        pitch *= 0.8
    rows, columns = _cells(weight, pitch)
    chance = -torch.log(-torch.log(torch.rand(weight.shape, generator=random).clamp(1e-6, 1 - 1e-6)))
    score = torch.where(weight > 0, power * weight.clamp_min(1e-12).log() + 0.3 * chance, -math.inf)
    best, at = F.adaptive_max_pool2d(score[None], (rows, columns), return_indices=True)
    best = best.flatten() + 0.7 * -torch.log(
        -torch.log(torch.rand(rows * columns, generator=random).clamp(1e-6, 1 - 1e-6))
    )
    chosen = best.topk(min(count, int((best > -math.inf).sum()))).indices
    places = at.flatten()[chosen]
    return torch.stack([places % weight.shape[1], places // weight.shape[1]], -1) + 0.5


def _cells(weight: Tensor, pitch: float) -> tuple[int, int]:
    return max(1, round(weight.shape[0] / pitch)), max(1, round(weight.shape[1] / pitch))


def lattice(weight: Tensor, count: int, random: torch.Generator) -> Tensor:
    """About `count` places (N, 2) in pixels, evenly over where a weight (H, W) is above 0, a little shaken."""
    area = float((weight > 0).sum())
    pitch = math.sqrt(area / max(1, count))
    rows, columns = _cells(weight, pitch)
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    shaken = torch.rand(rows * columns, 2, generator=random) * 0.6 - 0.3
    shaken[:, 0] += 0.25 - 0.5 * (y.flatten() % 2)  # rows like bricks
    cell = torch.tensor([weight.shape[1] / columns, weight.shape[0] / rows])
    places = (torch.stack([x.flatten(), y.flatten()], -1) + 0.5 + shaken) * cell
    inside = F.max_pool2d((weight > 0).float()[None], 2 * round(pitch / 2) + 1, 1, round(pitch / 2))[0] > 0
    column, row = (places[:, i].long().clamp(0, weight.shape[1 - i] - 1) for i in (0, 1))
    return places[inside[row, column]]


def initial_shapes(brush: Brush, places: Tensor, angles: Tensor, width: float) -> Tensor:
    """Strokes (N, columns) at some middles (N, 2) along some angles (N), in shares of the longest side."""
    count = len(places)
    slender = min(brush.length[1], max(brush.length[0], SLENDER))
    if brush.family == BAR:
        size = torch.tensor([slender * width, width]).expand(count, 2)
        return torch.cat([places, size, angles[:, None], torch.zeros(count, 1)], 1)
    half = torch.stack([angles.cos(), angles.sin()], -1) * (slender - 1) * width / 2
    radii = torch.full((count, 2), width / 2)
    return torch.cat([places - half, places, places + half, radii], 1)
