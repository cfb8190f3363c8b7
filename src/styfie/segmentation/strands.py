"""Strands of hair beyond a coarse mask, by what colours they have."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.images import resize
from styfie.segmentation.dilation import dilated

COARSE, COARSER = 4, 16  # where hair begins is found at a quarter of the size, which colours are near at a sixteenth
LEAST_RADIUS = 10.0  # radius in pixels of a disc as large as the hair, below which it has no strands to be seen
REACH, DEPTH = 0.5, 0.15  # of that radius: how far strands reach out, from hair that lies no deeper in the mask
BEHIND, WITHIN = 0.5, 0.8  # of that radius: how far around colours of background and hair are gathered
APART, CLEARLY = 4.0, 12.0  # squared distance of both colours in variances along it: from none to all of the trust
PLAIN = 0.03  # variance of the background's colours: in the half of it they are trusted, from there on not
SEEN = 0.05  # alpha above what is wide from which on something is a strand
BLOT = 0.03  # of that radius, at least 3 pixels: what is wider to each side is a thing behind, and no strand
AROUND = 3.0  # pixels around a strand that are in doubt, too

Field = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Colours:
    """Colours around each pixel.

    The background's mean (H, W, 3), the step from there to the hair's, and, each (H, W), its squared length, the share
    of it by which the background varies, and in [0, 1] how clearly both can be told apart.
    """

    behind: Field
    step: Field
    length: Field
    noise: Field
    apart: Field


def find_strands(colours: Field, hair: Field, values: Field, unknown: Mask) -> Field:
    """How far (H, W) in [0, 1] colours are to be trusted to tell strands of hair, and 0 where none are seen.

    Of a picture (H, W, 3), the probability of `hair`, a coarse matte's values and where they are in doubt, each (H, W).
    Around the hair's edge the background's colour and the hair's are known nearby; where the background is plain and
    both are far apart, a pixel's place between them is nearly its alpha (as in Bayesian matting, Chuang et al. 2001,
    but with one colour each). What is thin, between both and hangs together with the mask is a strand.
    """
    found = np.zeros(values.shape)
    hairy = (values > 0.5) & (hair > 0.5)
    radius = math.sqrt(hairy.sum() / math.pi)
    if radius >= LEAST_RADIUS:
        margin = round((REACH + BEHIND) * radius)
        box = tuple(_around(at, margin, length) for at, length in zip(hairy.nonzero(), values.shape, strict=True))
        found[box] = _look(colours[box], hair[box], values[box] > 0.5, unknown[box], radius)
    return found


def _around(places: NDArray[np.intp], margin: int, length: int) -> slice:
    """From the first to the last of some places in a row of `length`, and a margin."""
    return slice(max(0, int(places.min()) - margin), min(length, int(places.max()) + 1 + margin))


def _look(colours: Field, hair: Field, inside: Mask, unknown: Mask, radius: float) -> Field:
    """As `find_strands`, for hair as large as a disc of `radius` pixels."""
    size = (inside.shape[0], inside.shape[1])
    small = (max(1, size[0] // COARSE), max(1, size[1] // COARSE))
    mask, likely, doubtful = (_resized(x, small) for x in (inside, hair, unknown))
    body = mask > 0.5
    hairy = body & (likely > 0.5)
    edge = hairy & (COARSE * ndimage.distance_transform_edt(body) <= DEPTH * radius)
    if not edge.any():
        return np.zeros(size)
    away = COARSE * ndimage.distance_transform_edt(~edge) / (REACH * radius)
    ground = (1 - mask) * (1 - doubtful) * (body | (away > 1))
    inner = hairy & ~edge
    if not (ground.any() and inner.any()):
        return np.zeros(size)
    near = _gather(colours, ground, inner.astype(np.float64), radius / COARSER)
    fading = 1 - _resized(away, size).clip(0, 1) ** 2
    return _between(colours, near, inside, unknown, fading, radius)


def _between(colours: Field, near: _Colours, inside: Mask, unknown: Mask, fading: Field, radius: float) -> Field:
    """Strands beyond the mask; the further away, the clearer they have to be."""
    place = ((colours - near.behind) * near.step).sum(2) / near.length
    alpha = (place - near.noise).clip(0, 1) * fading * ~inside
    wide = 2 * max(3, round(BLOT * radius)) + 1
    strands = alpha - ndimage.grey_opening(alpha, (wide, wide)) > SEEN
    pieces = ndimage.label(strands | inside | unknown, np.ones((3, 3)))[0]
    strands &= np.isin(pieces, np.unique(pieces[inside | unknown]))
    return near.apart * (dilated(strands, AROUND) & ~inside)


def _gather(colours: Field, ground: Field, hair: Field, radius: float) -> _Colours:
    """The colours of background and hair around each pixel, by weighted means and covariances."""
    # Means of several pixels: strands further out are not to count as colours of the background.
    small = _resized(colours, (ground.shape[0], ground.shape[1]))
    products = small[..., [0, 0, 0, 1, 1, 2]] * small[..., [0, 1, 2, 1, 2, 2]]
    moments = np.concatenate([np.ones_like(small[..., :1]), small, products], 2)
    size = (math.ceil(len(colours) / COARSER), math.ceil(colours.shape[1] / COARSER))
    (behind, spread), (front, varied) = (
        _mean_and_covariance(_resized(moments * weight[..., None], size), around * radius)
        for weight, around in ((ground, BEHIND), (hair, WITHIN))
    )
    step = front - behind
    length = (step**2).sum(2) + 1e-6
    along, within = (np.einsum("yxi,yxij,yxj->yx", step, c, step).clip(0) / length for c in (spread, varied))
    variance = np.trace(spread, axis1=2, axis2=3).clip(0)
    apart = ((length / (along + 0.5 * within + 0.002) - APART) / (CLEARLY - APART)).clip(0, 1)
    apart = apart * (2 - 2 * variance / PLAIN).clip(0, 1)
    planes = np.stack([length, np.sqrt(along / length), apart], 2)
    found = _resized(np.concatenate([behind, step, planes], 2), (colours.shape[0], colours.shape[1]))
    return _Colours(found[..., :3], found[..., 3:6], *np.moveaxis(found[..., 6:], 2, 0))


def _mean_and_covariance(moments: Field, radius: float) -> tuple[Field, Field]:
    """Mean (h, w, 3) and covariance (h, w, 3, 3) around each pixel, of weighted moments (h, w, 10)."""
    smooth = ndimage.gaussian_filter(moments, (radius, radius, 0))
    rest = smooth[..., 1:] / (smooth[..., :1] + 1e-9)
    mean, square = rest[..., :3], rest[..., 3:][..., [[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
    return mean, square - mean[..., :, None] * mean[..., None, :]


def _resized(values: Field | Mask, size: tuple[int, int]) -> Field:
    """(H, W) or (H, W, C) at another size."""
    planes = torch.from_numpy(np.ascontiguousarray(np.atleast_3d(values), np.float32)).permute(2, 0, 1)[None]
    found: Tensor = resize(planes, size)[0].permute(1, 2, 0)
    result: Field = found.numpy().astype(np.float64)
    return result if values.ndim == 3 else result[..., 0]
