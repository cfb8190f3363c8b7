"""Borders in depth that stand out: across them a painting's luma steps at least as far as wanted, in the photo's sense.

Liu et al. (2017) compare the outputs of a depth network. This needs none: where depth is known to jump, a step of luma
is asked for. It is a least, not a value: a squared difference to the photo's gradients, as `losses.edges` takes on
faces, would wipe the strokes out along each border and leave a grey seam. Where the photo itself hardly steps, what
lies behind is wanted darker (after Luft, Colditz and Deussen 2006).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import luma_of

SPAN = 1  # pixels left out on either side of a border before luma is compared: edges are soft, and so are brushes
REACH = SPAN + 2  # pixels around its own that a tile must see
MIN_STEP = 0.25  # step of luma wanted at a border, at least
HALF_WINDOW = 4  # half the window in which the photo's luma on either side is averaged, in pixels
ALONG = 8  # half the window in which neighbours along a border agree on which side is the darker
ALIKE = 0.02  # step of luma in the photo below which neither is


class Borders(NamedTuple):
    """Down and across: `steps` (2, 1, H, W) of luma wanted to the next pixel, with sign, and their `weights`.

    The weights are divided by what a picture without any step would give, so that errors add up over tiles.
    """

    steps: Tensor
    weights: Tensor


@torch.no_grad()
def border_targets(photo: Tensor, depth: Tensor, weight: Tensor) -> Borders:
    """What is wanted of paintings of a photo (1, 3, H, W) with depth (1, 1, H, W) in [0, 1], 1 = far.

    `weight` (1, 1, H, W) in [0, 1] is where the borders are, roughly (`depth.depth_borders`), and count.
    """
    jumps = _rises(depth)
    crest = F.max_pool2d(jumps.abs().sum(0, keepdim=True), 2 * HALF_WINDOW + 1, 1, HALF_WINDOW).clamp_min(1e-6)
    shares = weight * jumps.abs() / crest
    # How much lighter the far side is, as neighbours along the border agree.
    far = (2 * HALF_WINDOW + 1) * _rises(_mean(luma_of(photo), HALF_WINDOW)) * jumps.sign()
    agreed, count = (_mean(values.sum(0, keepdim=True), ALONG) for values in (shares * far, shares))
    lighter = agreed / count.clamp_min(1e-6)
    wanted = torch.where(lighter > ALIKE, 1.0, -1.0) * lighter.abs().clamp_min(MIN_STEP)
    shares = _framed(shares)
    return Borders(wanted * jumps.sign(), shares / (shares * wanted.square()).sum().clamp_min(1e-12))


def border_error(picture: Tensor, targets: Borders) -> Tensor:
    """Weighted sum over positions of what is missing to the wanted steps, squared; a scalar.

    For a picture (1, 3, H, W): 0 when each border steps as far as wanted or farther, 1 when none does.
    """
    level = _softened(luma_of(picture))
    total = level.new_zeros(())
    for n, dim in enumerate((2, 3)):
        count = level.shape[dim] - 2 * SPAN - 1  # from the pixel `SPAN` before a position to that after the next one
        rise = level.narrow(dim, 2 * SPAN + 1, count) - level.narrow(dim, 0, count)
        wanted, weight = (x[n : n + 1].narrow(dim, SPAN, count) for x in targets)
        missing = (wanted.abs() - rise * wanted.sign()).clamp_min(0)
        total = total + (missing.square() * weight).sum()
    return total


def tile_borders(targets: Borders, seen: tuple[slice, slice], own: tuple[slice, slice]) -> Borders:
    """The targets for one tile: the errors of tiles whose `own` rows and columns part the picture add up to the whole.

    `seen` are the rows and columns of the picture that the tile is given, at least `REACH` more on every side.
    """
    kept = torch.zeros_like(targets.weights[..., seen[0], seen[1]])  # of the tile's size: many are held at a time
    down, across = (slice(o.start - s.start, o.stop - s.start) for o, s in zip(own, seen, strict=True))
    kept[..., down, across] = targets.weights[..., own[0], own[1]]
    return Borders(targets.steps[..., seen[0], seen[1]], kept)


def _rises(level: Tensor) -> Tensor:
    """What each position of (1, 1, H, W) rises to the next one, down and across: (2, 1, H, W), 0 at the end."""
    return torch.cat([F.pad(level.diff(dim=2), (0, 0, 0, 1)), F.pad(level.diff(dim=3), (0, 1))])


def _framed(weight: Tensor) -> Tensor:
    """Without the positions that are too near the picture's rim to be compared."""
    kept = torch.zeros_like(weight)
    inner = slice(REACH, -REACH)
    kept[..., inner, inner] = weight[..., inner, inner]
    return kept


def _softened(level: Tensor) -> Tensor:
    """Binomial filter, 3 x 3, by sums; the rim is repeated."""
    wide = F.pad(level, (1, 1, 1, 1), mode="replicate")
    down = wide[..., :-2, :] + 2 * wide[..., 1:-1, :] + wide[..., 2:, :]
    softened: Tensor = (down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 16
    return softened


def _mean(values: Tensor, reach: int) -> Tensor:
    return F.avg_pool2d(values, 2 * reach + 1, 1, reach, count_include_pad=False)
