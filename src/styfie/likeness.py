"""Where a likeness is decided, and how much of it a painting keeps."""

from __future__ import annotations

import math
from types import EllipsisType

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.colour import luma_of
from styfie.images import fit_size, resize

FLAT = 0.35  # emphasis on skin without features
FEATURE_SIZE = 96  # pixels, longest side of a face while its features are looked for: grain and pores are none
SPREAD = 0.03  # of that side: how far features are smoothed
SHADE = 0.1  # luma below which contrast counts less
STRONGEST = 90.0  # percentile of gradients in a face that counts as a full feature
LIGHT = 0.5  # luma to which a face is lit at most
DEEPEST = 0.55  # share of its logarithm that luma loses at most: shadows hold noise as well
LIT = 0.98  # share of the wanted luma from which a face counts as lit
NOISE = 1e-3  # luma that is raised no more than this
FALL_OFF = 0.45  # how far the light falls off beyond a face, as a share of its side
MIN_PIXELS = 16  # pixels without which nothing is compared
FACE_SIDE = 128  # square root of a face's area at which likeness is scored: the same picture larger scores the same

MARGIN = 4  # pixels of that size around a face: as far as what is reduced and its gradients ask


@torch.no_grad()
def fill_light(
    photo: Tensor, face: Tensor, strength: float = 1.0, least: float = 0.0, in_place: bool = False
) -> Tensor:
    """The photo (1, 3, H, W) with its dark faces lit, as by a lamp beside the camera.

    A face against the light is darker than all around it, and a style that is dark itself would leave nothing of it.
    Its luma, and less and less that of what is near, is raised by a power, so that shadows open and lights stay: to the
    photo's mean, or to `least` where that is more. `face` (1, 1, H, W) is a soft map of faces, 1 inside; `strength` in
    [0, 1] is a share of that power. Faces that are light enough stay as they are. `in_place` the photo itself is lit.
    """
    size = (face.shape[-2], face.shape[-1])
    small = fit_size(size, min(max(size), 256))
    light, faces = luma_of(resize(photo, small))[0, 0].cpu().numpy(), resize(face, small)[0, 0].cpu().numpy()
    wanted = max(min(float(light.mean()), LIGHT), least)
    power = np.zeros(small, np.float32)
    pieces, count = ndimage.label(faces > 0.02)
    for n in range(1, count + 1):
        own = np.where(pieces == n, faces, 0)
        mean = float((light * own).sum() / own.sum())
        if 0 < mean < LIT * wanted:
            near = np.clip(2.5 * ndimage.gaussian_filter(own, FALL_OFF * math.sqrt(float(own.sum()))), 0, 1)
            power = np.maximum(power, near * min(1 - math.log(wanted) / math.log(mean), DEEPEST))
    if not power.any() or not strength:
        return photo
    lit = photo if in_place else photo.clone()
    rows, columns = ndimage.find_objects((power > 0).astype(np.uint8))[0]  # of a large photo that is a small part
    box = (..., _scaled(rows, small[0], size[0]), _scaled(columns, small[1], size[1]))
    raised = strength * resize(torch.from_numpy(power)[None, None].to(photo), size)[box]
    luma = luma_of(photo[box]).clamp_min(NOISE)
    gain = luma**-raised
    # Multiplied, colours are those in more light, but neon where there is hardly any; added to, they are pale.
    added = photo[box] + luma.mul_(gain - 1)
    lit[box].mul_(gain).add_(added).mul_(0.5).clamp_(0, 1)
    return lit


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
        luma = luma_of(resize(picture, (photo.shape[-2], photo.shape[-1])))
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
    light, within = luma_of(resize(photo, small))[0, 0].cpu().numpy(), resize(face, small)[0, 0].cpu().numpy()
    smooth = SPREAD * max(small)
    inner = np.clip(2 * ndimage.gaussian_filter(within, 1.5 * smooth, mode="nearest") - 1, 0, 1)  # the rim is none
    contrast = np.log(light + SHADE)  # an eye in the shadow is one as well
    gradient: NDArray[np.float32] = np.hypot(*np.gradient(contrast)) if min(small) > 1 else np.zeros_like(contrast)
    strength = ndimage.gaussian_filter(gradient * inner, smooth, mode="nearest")
    strongest = float(np.percentile(strength[within > 0.5], STRONGEST)) if (within > 0.5).any() else 0.0
    found = np.clip(strength / strongest, 0, 1) if strongest > 1e-4 else np.zeros_like(strength)
    return resize(torch.from_numpy(found.astype(np.float32))[None, None].to(face), size).clamp(0, 1)


def _scaled(span: slice, old: int, new: int) -> slice:
    """A span of `old` pixels in a picture's other size `new`, with a little more on either side."""
    scale = new / old
    return slice(max(0, math.floor((span.start - 1) * scale)), min(new, math.ceil((span.stop + 1) * scale)))
