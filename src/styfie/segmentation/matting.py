"""From a coarse mask to a matte at the photo's own resolution, hair included."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from styfie.images import fit_size, resize
from styfie.segmentation.dilation import dilated, eroded
from styfie.segmentation.strands import find_strands

MATTE_SIZE = 640  # longest side at which the matte is solved for, in pixels
MOST_UNKNOWN = 60_000  # pixels solved for: with more in doubt the working size shrinks, so time and memory are bounded
DOUBT = 0.1  # a coarse value further than this from 0 and 1 is in doubt
BAND = 3 / 512  # how far the doubt is widened, of the longest side
PRIOR = 0.01  # weight of the coarse value where it is nearly sure, against the matting Laplacian
HAIRY_PRIOR = 0.1  # of that weight, where colours tell hair from what is behind
RESIDUAL, MOST_STEPS = 1e-3, 200  # of the matte's conjugate gradients
FLAT = 1e-6  # colour variance below which a 3x3 window tells nothing
GUIDE = 1e-4  # the same for the coefficients that are brought to the full size
# Of the matte without solving: longest side in pixels, and colour variance that is smoothed over.
GUIDE_SIZE, GUIDE_VARIANCE = 256, 1e-4
DIAGONAL = 1.5  # a disc that holds the 3x3 pixels around its middle
STRIP = 256  # rows at a time at the full size

Field = NDArray[np.float64]
Mask = NDArray[np.bool_]


@torch.no_grad()
def refine(coarse: Tensor, photo: Tensor, most: int = MATTE_SIZE, hair: Tensor | None = None) -> Tensor:
    """Bring a coarse matte (1, 1, h, w) in [0, 1] to the photo's (1, 3, H, W) resolution along its edges and hair.

    The trimap is the coarse matte's own doubt, widened; in it closed-form matting (Levin, Lischinski and Weiss
    2008) at a longest side of at most `most` pixels, the coarse matte as a soft prior that says the less the nearer
    it is to one half. The solution is locally `a . colour + b`: these coefficients, brought to the full size (He and
    Sun 2015), give the photo's own detail. Outside the trimap the matte is 0 or 1 as the coarse one says, so a
    pattern on the clothes cannot make holes. With the probability of `hair` (1, 1, h, w) strands beyond it are in
    doubt, too (`strands.find_strands`).

    Returns:
        The matte (1, 1, H, W) in [0, 1].
    """
    size = (photo.shape[-2], photo.shape[-1])
    work, values, unknown = _trimap(coarse, size, most)
    guide = resize(photo, work)
    if unknown.any() and min(work) >= 3:
        colours = guide[0].permute(1, 2, 0).double().numpy()
        trust = np.zeros(work)
        if hair is not None:
            trust = find_strands(colours, resize(hair, work)[0, 0].double().numpy(), values, unknown)
        more = unknown | (trust > 0)
        unknown, trust = (more, trust) if more.sum() <= MOST_UNKNOWN else (unknown, np.zeros(work))
        values = _solve(colours, values, unknown, trust)
    solved = torch.from_numpy(values.astype(np.float32))[None, None]
    if work == size:
        return solved
    a, b = guided_filter(guide, solved, 1, GUIDE)
    near = F.max_pool2d(torch.from_numpy(unknown.astype(np.float32))[None, None], 3, 1, 1)
    matte = torch.empty(1, 1, *size)
    for rows, x in upsampled_strips(torch.cat([a, b, solved, near], 1), size):
        fine = (x[:, :3] * photo[..., rows, :]).sum(1, keepdim=True) + x[:, 3:4]
        matte[..., rows, :] = torch.lerp(x[:, 4:5], fine.clamp_(0, 1), x[:, 5:]).clamp_(0, 1)
    return matte


def matting_laplacian(colours: Field, touched: Mask) -> Field:
    """The matting Laplacian (Levin et al. 2008) of a picture (H, W, 3), over the 3x3 windows that hold a touched pixel.

    `x L x` is how far x (H * W) is from being linear in the colours in each window. It is symmetric, its rows sum to 0,
    and pixels that share no window are 0 to each other: what is given is each touched pixel's row in its 5x5
    neighbours, by their `_steps` (25, touched).
    """
    width = touched.shape[1]
    y, x = np.nonzero(dilated(touched, DIAGONAL)[1:-1, 1:-1])
    offsets = np.array([dy * width + dx for dy in range(3) for dx in range(3)])
    windows = (y * width + x) + offsets[:, None]  # (9, windows)
    centred = colours.reshape(-1, 3).T[:, windows]  # (3, 9, windows)
    centred -= centred.mean(1, keepdims=True)
    whitened = _whitened(centred)
    count = int(touched.sum())
    number = np.full(touched.size, count)  # all others share a place that is not given
    number[touched.ravel()] = np.arange(count)
    places = number[windows]
    rows = np.zeros((25, count + 1))
    for i, j in itertools.combinations_with_replacement(range(9), 2):
        here = _neighbour(j // 3 - i // 3, j % 3 - i % 3)
        shared = (i == j) - (1 + (whitened[:, i] * centred[:, j]).sum(0)) / 9
        rows[here, places[i]] += shared  # each touched pixel once
        if i != j:
            rows[24 - here, places[j]] += shared
    return rows[:, :count]


def _neighbour(down: int, across: int) -> int:
    """Its number among the 25 of a pixel."""
    return 5 * (down + 2) + across + 2


def _steps(width: int) -> list[int]:
    """From a pixel to each of its 25 neighbours, in a picture's pixels row by row."""
    return [dy * width + dx for dy in range(-2, 3) for dx in range(-2, 3)]


def _whitened(centred: Field) -> Field:
    """The colours (3, 9, N) of N windows, times the inverse of each window's covariance (Cramer's rule)."""
    r, g, b = centred
    rg, rb, gb = ((x * y).mean(0) for x, y in ((r, g), (r, b), (g, b)))
    rr, gg, bb = ((x * x).mean(0) + FLAT / 9 for x in (r, g, b))
    minors = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    rest = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    inverse = ((minors[0], minors[1], minors[2]), (minors[1], rest[0], rest[1]), (minors[2], rest[1], rest[2]))
    determinant = rr * minors[0] + rg * minors[1] + rb * minors[2]
    whitened: Field = np.stack([x * r + y * g + z * b for x, y, z in inverse]) / determinant
    return whitened


def guided_upsample(coarse: Tensor, photo: Tensor) -> Tensor:
    """Bring a coarse matte (1, 1, h, w) to the photo's (1, 3, H, W) edges by the fast guided filter alone.

    He and Sun (2015): coefficients are found at a longest side of `GUIDE_SIZE` pixels. Less of hair than
    `refine`, at once.
    """
    size = (photo.shape[-2], photo.shape[-1])
    work = fit_size(size, min(GUIDE_SIZE, max(size)))
    a, b = guided_filter(resize(photo, work), resize(coarse, work), 4, GUIDE_VARIANCE)
    return ((resize(a, size) * photo).sum(1, keepdim=True) + resize(b, size)).clamp(0, 1)


def guided_filter(guide: Tensor, target: Tensor, radius: int, epsilon: float) -> tuple[Tensor, Tensor]:
    """Coefficients of the guided filter (He, Sun and Tang 2010) with a colour guide.

    For a guide (1, 3, H, W) and a target (1, 1, H, W) in [0, 1], in windows of 2 * radius + 1 pixels, the matte is
    locally `a . colour + b`; `epsilon` is the colour variance below which an edge is smoothed over.

    Returns:
        a (1, 3, H, W) and b (1, 1, H, W), averaged over the windows; apply them to a guide of any size.
    """
    mean_guide, mean_target = _box(guide, radius), _box(target, radius)
    pairs = (guide[:, :, None] * guide[:, None]).flatten(1, 2)  # (1, 9, H, W)
    spread = _box(pairs, radius) - (mean_guide[:, :, None] * mean_guide[:, None]).flatten(1, 2)
    shared = _box(guide * target, radius) - mean_guide * mean_target  # (1, 3, H, W)
    matrix = spread[0].unflatten(0, (3, 3)).permute(2, 3, 0, 1) + epsilon * torch.eye(3)
    a = torch.linalg.solve(matrix, shared[0].permute(1, 2, 0)).permute(2, 0, 1)[None]
    b = mean_target - (a * mean_guide).sum(1, keepdim=True)
    return _box(a, radius), _box(b, radius)


def upsampled_strips(small: Tensor, size: tuple[int, int]) -> Iterator[tuple[slice, Tensor]]:
    """Bring (1, C, h, w) bilinearly to (height, width), `STRIP` rows at a time: all of them would not fit in memory.

    Yields:
        The rows as a slice, and their values (1, C, rows, width).
    """
    wide = F.interpolate(small, (small.shape[-2], size[1]), mode="bilinear", align_corners=False)
    height = wide.shape[-2]
    for top in range(0, size[0], STRIP):
        rows = slice(top, min(top + STRIP, size[0]))
        place = ((torch.arange(rows.start, rows.stop) + 0.5) * (height / size[0]) - 0.5).clamp(0, height - 1)
        upper = place.long()
        lower = (upper + 1).clamp(max=height - 1)
        yield rows, torch.lerp(wide[..., upper, :], wide[..., lower, :], (place - upper)[:, None])


def _trimap(coarse: Tensor, size: tuple[int, int], most: int) -> tuple[tuple[int, int], Field, Mask]:
    """Working size, the coarse values there (0 or 1 where known), and where they are in doubt."""
    work = size if max(size) <= most else fit_size(size, most)
    while True:
        values = resize(coarse, work)[0, 0].double().clamp(0, 1).numpy()
        inside = values > 0.5
        unknown = (np.abs(values - 0.5) < 0.5 - DOUBT) | (inside & ~eroded(inside, 1))
        if unknown.any():
            unknown = dilated(unknown, max(1, round(BAND * max(work))))
        count = int(unknown.sum())
        if count <= MOST_UNKNOWN:
            return work, np.where(unknown, values, inside.astype(np.float64)), unknown
        work = fit_size(work, max(1, int(0.98 * max(work) * (MOST_UNKNOWN / count) ** 0.5)))


def _solve(colours: Field, values: Field, unknown: Mask, trust: Field) -> Field:
    """The matte in the unknown pixels, the rest held; the coarse value says less where colours are to be trusted."""
    places, coarse = np.flatnonzero(unknown), values[unknown]
    rows = matting_laplacian(colours, unknown).T  # (unknown, 25)
    prior = PRIOR * ((2 * coarse - 1) ** 2 + 0.01) * (1 - (1 - HAIRY_PRIOR) * trust[unknown])
    neighbours = (places[:, None] + _steps(values.shape[1])).clip(0, values.size - 1)  # beyond the picture are zeros
    wanted = prior * coarse - (rows * np.where(unknown, 0.0, values).ravel()[neighbours]).sum(1)
    number = np.full(values.size, -1, np.int32)
    number[places] = np.arange(len(places))
    rows[:, _neighbour(0, 0)] += prior
    columns = number[neighbours]
    kept = (columns >= 0) & (rows != 0)
    ends = np.concatenate([[0], kept.sum(1).cumsum()])
    matrix = sparse.csr_array((rows[kept], columns[kept], ends), shape=(len(places),) * 2)
    result = values.copy()
    result[unknown] = _conjugate_gradients(matrix, wanted, coarse, rows[:, _neighbour(0, 0)]).clip(0, 1)
    return result


def _conjugate_gradients(matrix: sparse.csr_array, target: Field, start: Field, diagonal: Field) -> Field:
    """What a symmetric matrix makes `target` of, to a relative residual of `RESIDUAL` (Saad 2003, algorithm 9.1).

    SciPy's sums up long vectors in BLAS's threads, which wait in a loop: on a machine with other work to do it took
    fifty times as long, and the last bits depended on how many there are.
    """
    found, step, before = start.copy(), np.zeros_like(start), math.inf
    residual = target - matrix @ found
    least = RESIDUAL**2 * _dot(target, target)
    for _ in range(MOST_STEPS):
        if _dot(residual, residual) <= least:
            break
        scaled = residual / diagonal
        now = _dot(residual, scaled)
        step = scaled + now / before * step
        moved = matrix @ step
        length = now / _dot(step, moved)
        found += length * step
        residual -= length * moved
        before = now
    return found


def _dot(a: Field, b: Field) -> float:
    return float(np.einsum("i,i", a, b))


def _box(x: Tensor, radius: int) -> Tensor:
    """Mean over a square window, only over pixels that exist."""
    side = 2 * radius + 1
    return F.avg_pool2d(x, side, 1, radius, count_include_pad=False)
