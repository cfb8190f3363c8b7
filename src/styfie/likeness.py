"""Where a likeness is decided, and how much of it a painting keeps."""

from __future__ import annotations

import math
from types import EllipsisType

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.colour import LUMA
from styfie.images import fit_size, resize

FLAT = 0.35  # emphasis on skin without features
FEATURE_SIZE = 96  # pixels, longest side of a face while its features are looked for: grain and pores are none
SPREAD = 0.03  # of that side: how far features are smoothed
SHADE = 0.1  # luma below which contrast counts less
STRONGEST = 90.0  # percentile of gradients in a face that counts as a full feature
MIN_PIXELS = 16  # pixels without which nothing is compared
FACE_SIDE = 128  # square root of a face's area at which likeness is scored: the same picture larger scores the same

MARGIN = 4  # pixels of that size around a face: as far as what is reduced and its gradients ask


@torch.no_grad()
def emphasis(photo: Tensor, face: Tensor) -> Tensor:
    """Where likeness is decided, (1, 1, H, W) in [0, 1]: `FLAT` on skin up to 1 around eyes, brows, mouth and nose.

    For a photo (1, 3, H, W) and a soft map of its faces (1, 1, H, W), 1 inside. Features are where the photo's luma
    changes, each face measured by its own strongest, so light and skin colour hardly matter. The outline against hair
    and background is none of them. Continuous, and 0 where there is no face.
    """
    size = (face.shape[-2], face.shape[-1])
    small = resize(face, fit_size(size, min(max(size), 256)))[0, 0].cpu().numpy()
    pieces, count = ndimage.label(small > 0.02)
    result = torch.zeros_like(face)
    for rows, columns in ndimage.find_objects(pieces, count):
        box = (..., _scaled(rows, small.shape[0], size[0]), _scaled(columns, small.shape[1], size[1]))
        features = _features(photo[box], face[box])
        result[box] = torch.maximum(result[box], face[box] * (FLAT + (1 - FLAT) * features))
    return result


def likeness_score(painted: Tensor, photo: Tensor, inside: Tensor) -> float:
    """Correlation of luma gradients within a matte, in [-1, 1]: how far what is painted is still recognisable.

    Pearson's, over the differences to the next pixel across and down, of a picture (1, 3, h, w) brought to the size of
    the photo (1, 3, H, W), where `inside` (1, 1, H, W) is more than one half. Brightness and contrast do not matter.
    0 where either is flat, or where fewer than `MIN_PIXELS` pixels are inside.
    """
    within = (inside[..., :-1, :-1] > 0.5).expand(2, -1, -1, -1)
    if int(within[0].sum()) < MIN_PIXELS:
        return 0.0
    pair = []
    for picture in (painted, photo):
        luma = _luma(resize(picture, (photo.shape[-2], photo.shape[-1])))
        gradients = torch.cat([luma[..., 1:, :-1] - luma[..., :-1, :-1], luma[..., :-1, 1:] - luma[..., :-1, :-1]])
        pair.append(gradients[within].double())
    a, b = (one - one.mean() for one in pair)
    size = float(a.norm() * b.norm())
    if min(float(a.std()), float(b.std())) < 1e-6:  # rounding errors of a flat picture
        return 0.0
    return max(-1.0, min(1.0, float(a @ b) / size))


def face_score(painted: Tensor, photo: Tensor, face: Tensor | None) -> float | None:
    """`likeness_score` of a picture (1, 3, H, W) on the faces of its photo; None where there is no face.

    Both are reduced until the faces are `FACE_SIDE` pixels large, so that the same painting scores alike at any size,
    and grain, pores and bristles count no more than they do to an eye that looks at the face.
    """
    if face is None or float(face.max()) <= 0.5:
        return None
    scale = min(1.0, FACE_SIDE / math.sqrt(max(1.0, float(face.sum()))))
    box = _around(face[0, 0] > 0.5, math.ceil(MARGIN / scale))  # what is resized is no larger than it need be
    painted, photo, face = painted[box], photo[box], face[box]
    size = (photo.shape[-2], photo.shape[-1])
    size = fit_size(size, max(1, round(scale * max(size))))
    small = resize(face, size)
    if int((small > 0.5).sum()) < MIN_PIXELS:
        return None
    return likeness_score(resize(painted, size), resize(photo, size), small)


def _around(inside: Tensor, margin: int) -> tuple[EllipsisType, slice, slice]:
    """The box that holds all that is inside (H, W), and a margin."""
    spans = []
    for across in (1, 0):
        held = inside.any(across).nonzero()
        spans.append(slice(max(0, int(held[0]) - margin), int(held[-1]) + 1 + margin))
    return ..., spans[0], spans[1]


def _features(photo: Tensor, face: Tensor) -> Tensor:
    """How much of a feature is at each pixel of one face (1, 1, h, w) in [0, 1]."""
    size = (face.shape[-2], face.shape[-1])
    small = fit_size(size, min(FEATURE_SIZE, max(size)))
    light, within = _luma(resize(photo, small))[0, 0].cpu().numpy(), resize(face, small)[0, 0].cpu().numpy()
    smooth = SPREAD * max(small)
    inner = np.clip(2 * ndimage.gaussian_filter(within, 1.5 * smooth, mode="nearest") - 1, 0, 1)  # the rim is none
    contrast = np.log(light + SHADE)  # an eye in the shadow is one as well
    gradient: NDArray[np.float32] = np.hypot(*np.gradient(contrast)) if min(small) > 1 else np.zeros_like(contrast)
    strength = ndimage.gaussian_filter(gradient * inner, smooth, mode="nearest")
    strongest = float(np.percentile(strength[within > 0.5], STRONGEST)) if (within > 0.5).any() else 0.0
    found = np.clip(strength / strongest, 0, 1) if strongest > 1e-4 else np.zeros_like(strength)
    return resize(torch.from_numpy(found.astype(np.float32))[None, None].to(face), size).clamp(0, 1)


def _luma(picture: Tensor) -> Tensor:
    """Luma (B, 1, H, W)."""
    return (picture * picture.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def _scaled(span: slice, old: int, new: int) -> slice:
    """A span of `old` pixels in a picture's other size `new`, with a little more on either side."""
    scale = new / old
    return slice(max(0, math.floor((span.start - 1) * scale)), min(new, math.ceil((span.stop + 1) * scale)))
