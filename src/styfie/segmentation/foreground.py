"""The person's own colours in the soft band, without the old background shining through."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.images import fit_size, resize
from styfie.segmentation.matting import upsampled_strips

WORK = 1024  # longest side at which colours are estimated; above it they are brought up and fitted to the photo
FEW, STEPS = 32, (10, 4)  # up to this side, and beyond it: Jacobi steps per level
SMOOTH, FOLLOW = 1e-5, 0.1  # how much neighbours agree: everywhere, and more where the matte changes


@torch.no_grad()
def estimate_foreground(photo: Tensor, alpha: Tensor) -> Tensor:
    """Colours F (1, 3, H, W) in [0, 1] with photo = alpha * F + (1 - alpha) * B, for a matte (1, 1, H, W) in [0, 1].

    Fast multi-level foreground estimation (Germer et al. 2020): F and B from one pixel up to full size, each level
    a few Jacobi steps on "explains the photo, is smooth where the matte changes". Departures: all pixels of a level
    step at once; above `WORK` pixels F and B are upsampled and moved by the least amount that explains the photo.
    Where alpha is 1, F is the photo to the bit. With `1 - alpha` in place of alpha this gives the background's
    colours.
    """
    size = (photo.shape[-2], photo.shape[-1])
    small = size if max(size) <= WORK else fit_size(size, WORK)
    fore, back = _multi_level(resize(photo, small), resize(alpha, small).clamp(0, 1))
    if small == size:
        return torch.where(alpha >= 1, photo, fore)
    result = torch.empty_like(photo)
    for rows, pair in upsampled_strips(torch.cat([fore, back], 1), size):
        picture, a = photo[..., rows, :], alpha[..., rows, :]
        f, b = pair[:, :3], pair[:, 3:]
        missing = picture - a * f - (1 - a) * b
        f = (f + a * missing / (a * a + (1 - a) ** 2)).clamp(0, 1)
        result[..., rows, :] = torch.where(a >= 1, picture, f)
    return result


def _multi_level(photo: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """F and B of the whole picture, coarse to fine."""
    size = (photo.shape[-2], photo.shape[-1])
    levels = max(1, math.ceil(math.log2(max(size))))
    fore, back = _mean(photo, alpha), _mean(photo, 1 - alpha)
    for level in range(levels + 1):
        here = (max(1, round(size[0] ** (level / levels))), max(1, round(size[1] ** (level / levels))))
        fore, back = (F.interpolate(x, here, mode="nearest") for x in (fore, back))
        steps = STEPS[0] if max(here) <= FEW else STEPS[1]
        fore, back = _relax(fore, back, resize(photo, here), resize(alpha, here), steps)
    return fore, back


def _mean(photo: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean colour (1, 3, 1, 1); of a matte that is empty, black, which nobody sees."""
    return (photo * weight).sum((2, 3), keepdim=True) / weight.sum().clamp(min=1e-6)


def _relax(fore: Tensor, back: Tensor, photo: Tensor, alpha: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Jacobi steps: in each pixel the two colours that explain it best, given their neighbours' (a 2x2 system)."""
    weights = [SMOOTH + FOLLOW * (x - alpha).abs() for x in _neighbours(alpha)]
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
