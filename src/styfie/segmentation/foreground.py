"""The person's foreground colours in the soft band, without the old background shining through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import EllipsisType

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.devices import few_threads
from styfie.images import fit_size, resize
from styfie.segmentation.matting import upsampled_strips

TILE = 64  # side of the squares in which the finest level is taken where colours are wanted only here and there
# Longest side in pixels at which colours are estimated; above it they are brought up and fitted to the photo.
FOREGROUND_SIZE = 1024
FEW, STEPS = 32, (10, 4)  # up to this side, and beyond it: Jacobi steps per level
SMOOTH_WEIGHT, EDGE_WEIGHT = 1e-5, 0.1  # how much neighbours agree: everywhere, and more where the matte changes


@torch.no_grad()
def estimate_foreground(photo: Tensor, alpha: Tensor) -> Tensor:
    """Colours F (1, 3, H, W) in [0, 1] with photo = alpha * F + (1 - alpha) * B, for a matte (1, 1, H, W) in [0, 1].

    Fast multi-level foreground estimation (Germer et al. 2020): F and B from one pixel up to full size, each level
    a few Jacobi steps on "explains the photo, is smooth where the matte changes". Departures: all pixels of a level
    step at once; above `FOREGROUND_SIZE` pixels F and B are upsampled and moved by the least amount that explains
    the photo. Where alpha is 1, F is the photo to the bit. With `1 - alpha` in place of alpha this gives the
    background's colours.
    """
    return estimate_foregrounds(photo, alpha)


@torch.no_grad()
def estimate_foregrounds(photo: Tensor, alpha: Tensor) -> Tensor:
    """`estimate_foreground` (R, 3, H, W) of each alpha (R, 1, H, W).

    Two are taken for a partition, of which one solution holds both colours: F is the first's and B the second's.
    """
    size = (photo.shape[-2], photo.shape[-1])
    small, levels = _work_size(size), _levels(photo)
    result = photo.new_empty(len(alpha), *photo.shape[1:])
    for at in _solved_together(len(alpha)):
        pair = torch.cat(_multi_level(levels, resize(alpha[at[0] : at[0] + 1], small).clamp(0, 1)), 1)
        if small == size:
            result[at] = _of_pair(pair, photo, alpha[at], fitted=True)
            continue
        for rows, strip in upsampled_strips(pair, size):
            result[at, :, rows] = _of_pair(strip, photo[..., rows, :], alpha[at, :, rows], fitted=False)
    return result


@torch.no_grad()
def foregrounds_at(photo: Tensor, alpha: Tensor, places: Tensor) -> Tensor:
    """`estimate_foregrounds` of alphas (R, 1, H, W) at some pixels alone: colours (R, 3, N), the same for less work.

    `places` (N) are the pixels' numbers, row by row.
    """
    size = (photo.shape[-2], photo.shape[-1])
    small = _work_size(size)
    wanted = torch.zeros(1, 1, size[0] * size[1], device=photo.device)
    wanted = wanted.index_fill_(2, places, 1).view(1, 1, *size)
    if small != size:  # whatever lies around such a pixel
        wanted = F.max_pool2d(F.adaptive_max_pool2d(wanted, small), 3, 1, 1)
    levels, picture = _levels(photo), photo.flatten(2)[..., places]

    def estimated(at: list[int]) -> Tensor:
        with torch.no_grad():  # which each thread must be told
            pair = torch.cat(_multi_level(levels, resize(alpha[at[0] : at[0] + 1], small).clamp(0, 1), wanted), 1)
            pair = pair.flatten(2)[..., places] if small == size else _upsampled_at(pair, size, places)
            return _of_pair(pair, picture, alpha[at].flatten(2)[..., places], fitted=small == size)

    with few_threads(), ThreadPoolExecutor(2) as pool:  # tiles are too small for PyTorch's own threads
        return torch.cat(list(pool.map(estimated, _solved_together(len(alpha)))))


def _solved_together(count: int) -> list[list[int]]:
    """The regions whose colours one solution holds."""
    return [[0, 1]] if count == 2 else [[i] for i in range(count)]


def _of_pair(pair: Tensor, photo: Tensor, alpha: Tensor, fitted: bool) -> Tensor:
    """The colours of one region or two (1 or 2, 3, ...), from F and B (1, 6, ...); inside, the photo.

    `fitted` are those that explain the photo as they are.
    """
    sides = [(pair[:, :3], pair[:, 3:]), (pair[:, 3:], pair[:, :3])]
    found = []
    for (fore, back), one in zip(sides, alpha.split(1), strict=False):
        found.append(torch.where(one >= 1, photo, fore) if fitted else _explaining(fore, back, photo, one))
    return torch.cat(found)


def _explaining(fore: Tensor, back: Tensor, photo: Tensor, alpha: Tensor) -> Tensor:
    """F moved by the least amount with which F and B explain the photo; inside, the photo."""
    missing = photo - alpha * fore - (1 - alpha) * back
    fore = (fore + alpha * missing / (alpha * alpha + (1 - alpha) ** 2)).clamp(0, 1)
    return torch.where(alpha >= 1, photo, fore)


def _work_size(size: tuple[int, int]) -> tuple[int, int]:
    return size if max(size) <= FOREGROUND_SIZE else fit_size(size, FOREGROUND_SIZE)


def _levels(photo: Tensor) -> list[Tensor]:
    """The photo from one pixel up to the size at which colours are estimated."""
    photo = resize(photo, _work_size((photo.shape[-2], photo.shape[-1])))
    height, width = photo.shape[-2:]
    count = max(1, math.ceil(math.log2(max(height, width))))
    sizes = [[max(1, round(side ** (i / count))) for side in (height, width)] for i in range(count + 1)]
    return [resize(photo, (h, w)) for h, w in sizes]


def _multi_level(photos: list[Tensor], alpha: Tensor, region: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """F and B of the whole picture, coarse to fine; or right only where `region` (1, 1, H, W) is 1."""
    fore, back = _mean(photos[-1], alpha), _mean(photos[-1], 1 - alpha)
    for level, photo in enumerate(photos):
        here = (photo.shape[-2], photo.shape[-1])
        fore, back = (F.interpolate(x, here, mode="nearest") for x in (fore, back))
        steps = STEPS[0] if max(here) <= FEW else STEPS[1]
        small = resize(alpha, here)
        if region is None or level < len(photos) - 1:
            fore, back = _relax(fore, back, photo, small, steps)
    if region is not None:
        before = fore.clone(), back.clone()
        for outer, inner, box in _tiles(region, steps):  # within so many pixels lies all that a pixel depends on
            pair = _relax(before[0][outer], before[1][outer], photos[-1][outer], alpha[outer], steps)
            fore[inner], back[inner] = (x[box] for x in pair)
    return fore, back


def _upsampled_at(small: Tensor, size: tuple[int, int], places: Tensor) -> Tensor:
    """What `upsampled_strips` gives, at some pixels (N): (1, C, N)."""
    wide = F.interpolate(small, (small.shape[-2], size[1]), mode="bilinear", align_corners=False)
    row, column = places // size[1], places % size[1]
    place = ((row + 0.5) * (wide.shape[-2] / size[0]) - 0.5).clamp(0, wide.shape[-2] - 1)
    upper = place.long()
    lower = (upper + 1).clamp(max=wide.shape[-2] - 1)
    flat = wide.flatten(2)
    return torch.lerp(flat[..., upper * size[1] + column], flat[..., lower * size[1] + column], place - upper)


Box = tuple[EllipsisType, slice, slice]


def _tiles(region: Tensor, margin: int) -> Iterator[tuple[Box, Box, Box]]:
    """The squares in which something is wanted: with a margin, without, and without but counted from the former."""
    held = F.max_pool2d(region, TILE, ceil_mode=True)[0, 0]
    for y, x in (TILE * held.nonzero()).tolist():
        rows, columns = (_spans(*side, margin) for side in ((y, region.shape[-2]), (x, region.shape[-1])))
        yield (..., rows[0], columns[0]), (..., rows[1], columns[1]), (..., rows[2], columns[2])


def _spans(start: int, side: int, margin: int) -> tuple[slice, slice, slice]:
    stop, first = min(side, start + TILE), max(0, start - margin)
    return slice(first, min(side, stop + margin)), slice(start, stop), slice(start - first, stop - first)


def _mean(photo: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean colour (1, 3, 1, 1); of a matte that is empty, black, which nobody sees."""
    return (photo * weight).sum((2, 3), keepdim=True) / weight.sum().clamp(min=1e-6)


def _relax(fore: Tensor, back: Tensor, photo: Tensor, alpha: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Jacobi steps: in each pixel the two colours that explain it best, given their neighbours' (a 2x2 system)."""
    weights = [SMOOTH_WEIGHT + EDGE_WEIGHT * (x - alpha).abs() for x in _neighbours(alpha)]
    total, rest = torch.stack(weights).sum(0), 1 - alpha
    m00, m01, m11 = alpha * alpha + total, alpha * rest, rest * rest + total
    determinant = m00 * m11 - m01 * m01
    for _ in range(steps):
        r0, r1 = alpha * photo, rest * photo
        for weight, f, b in zip(weights, _neighbours(fore), _neighbours(back), strict=True):
            r0 = r0.addcmul_(weight, f)
            r1 = r1.addcmul_(weight, b)
        fore = ((m11 * r0 - m01 * r1) / determinant).clamp_(0, 1)
        back = ((m00 * r1 - m01 * r0) / determinant).clamp_(0, 1)
    return fore, back


def _neighbours(x: Tensor) -> tuple[Tensor, ...]:
    """Left, right, upper and lower neighbours, the border's own pixels repeated."""
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return padded[..., 1:-1, :-2], padded[..., 1:-1, 2:], padded[..., :-2, 1:-1], padded[..., 2:, 1:-1]
