"""Paintings of any tool scored by what needs no weights: patches, seams, rims, likeness, and light and dark.

Each painting is a folder with `photo`, `painting` (or Styfie's `both`), and where there are `mask`, `face`, `style`,
`style-subject` and `style-background`, in any format of pictures; a `painting.ora` gives its own styles and faces.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from styfie.colour import luma_of
from styfie.errors import InputError
from styfie.evaluation.patches import Part, patch_distance
from styfie.images import SUFFIXES, fit_size, read_matte, read_picture, resize
from styfie.likeness import face_score, likeness_score
from styfie.storage.openraster import read_painting

LONGEST = 512  # pixels at which all is scored
NEAR, AWAY, DEEP = 4, 8, 20  # pixels from the contour: a rim, and what lies behind it
COARSE = 64  # longest side at which light and dark are compared: no brush stroke is seen any more
COLUMNS = {
    "patches": "distance of pixel patches from the styles, over that of the photo: less is nearer to the style",
    "seam": "luma gradients on the contour over those beside it: 1 is neither a cut nor a smear",
    "halo": "rim along the contour in levels of 255: less is better",
    "likeness": "correlation of luma gradients with the photo's on faces, else on the person: 1 is the photo",
    "luma": "correlation of light and dark with the photo's, at 64 pixels: 1 is the photo",
}


@dataclass(frozen=True, eq=False)
class Painted:
    """One painting to score: photo and result (1, 3, H, W), matte and faces (1, 1, H, W) and styles, where known."""

    name: str
    photo: Tensor
    result: Tensor
    matte: Tensor | None
    face: Tensor | None
    parts: tuple[Part, ...]


def find_paintings(folder: Path) -> list[Path]:
    """The folders of paintings in a folder: itself, or those in it, by name.

    Raises:
        InputError: there is none.
    """
    found = [one for one in [folder, *sorted(folder.glob("*/"))] if _picture(one, "photo")]
    if not found:
        raise InputError(f"There is no painting in {folder}: folders with photo.png and painting.png are wanted.")
    return found


def score(painted: Painted) -> dict[str, float | None]:
    """The numbers of `COLUMNS` for one painting; None where what they need is not known."""
    photo, result, matte = painted.photo, painted.result, painted.matte
    inside = matte if matte is not None else torch.ones_like(photo[:, :1])
    likeness = face_score(result, photo, painted.face)
    styles = painted.parts
    return {
        "patches": patch_distance(result, styles) / patch_distance(photo, styles) if styles else None,
        "seam": None if matte is None else seam(result, matte),
        "halo": None if matte is None else halo(result, matte),
        "likeness": likeness_score(result, photo, inside) if likeness is None else likeness,
        "luma": luma_structure(result, photo),
    }


def seam(picture: Tensor, matte: Tensor) -> float | None:
    """Mean squared luma gradient within 1.5 pixels of the contour of a matte, over that from 2 to 12 beside it."""
    luma, away = luma_of(picture), _distance(matte)
    down, across = luma.diff(dim=2)[..., :-1], luma.diff(dim=3)[..., :-1, :]
    energy, away = (down.square() + across.square())[0, 0], away[:-1, :-1].abs()
    on, beside = energy[away <= 1.5], energy[(away >= 2) & (away <= 12)]
    if not on.numel() or not beside.numel():
        return None
    return float(on.mean() / beside.mean().clamp_min(1e-8))


def halo(picture: Tensor, matte: Tensor) -> float | None:
    """How far luma within `NEAR` pixels of the contour is from that `AWAY` to `DEEP` pixels from it, on either side.

    Means are taken locally, so that light and shade along the contour do not count; in levels of 255.
    """
    luma, away = luma_of(picture)[0, 0].numpy(), _distance(matte).numpy()
    rims = []
    for side in (1, -1):
        depth = side * away
        near, deep = (depth > 1) & (depth <= NEAR), (depth >= AWAY) & (depth <= DEEP)
        means = []
        for where in (near, deep):
            weight = ndimage.gaussian_filter(where.astype(np.float32), DEEP)
            means.append(ndimage.gaussian_filter(luma * where, DEEP) / np.maximum(weight, 1e-6))
        if near.any() and deep.any():
            rims.append(255 * float(np.abs(means[0] - means[1])[near].mean()))
    return sum(rims) / len(rims) if rims else None


def luma_structure(picture: Tensor, photo: Tensor) -> float:
    """Pearson's correlation of the luma of two pictures at `COARSE` pixels; 0 where either is flat."""
    size = fit_size((photo.shape[-2], photo.shape[-1]), COARSE)
    a, b = (resize(luma_of(one), size).flatten().double() for one in (picture, photo))
    a, b = a - a.mean(), b - b.mean()
    norm = float(a.norm() * b.norm())
    return float(a @ b) / norm if norm > 1e-9 else 0.0


def table(scores: Mapping[str, Mapping[str, float | None]]) -> list[list[str]]:
    """Lines of text: a heading, a line for each painting, and the means."""
    lines = [["painting", *COLUMNS]]
    lines += [[name, *(_cell(line[column]) for column in COLUMNS)] for name, line in scores.items()]
    known = {column: [v for line in scores.values() if (v := line[column]) is not None] for column in COLUMNS}
    return [*lines, ["mean", *(_cell(sum(v) / len(v) if v else None) for v in known.values())]]


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _distance(matte: Tensor) -> Tensor:
    """Pixels from the contour (H, W), positive inside; infinitely many where there is none."""
    inside = matte[0, 0].numpy() > 0.5
    if inside.all() or not inside.any():
        return torch.full(inside.shape, math.inf)
    away = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    return torch.from_numpy(away)


def _picture(folder: Path, *stems: str) -> Path | None:
    files = (folder / f"{stem}{suffix}" for stem in stems for suffix in sorted(SUFFIXES))
    return next((file for file in files if file.is_file()), None)


def read_painted(folder: Path) -> Painted:
    """The painting of one folder.

    Raises:
        InputError, MissingError: there is no painting in it, or a picture cannot be read.
    """
    photo_file, result_file = _picture(folder, "photo"), _picture(folder, "painting", "both")
    if photo_file is None or result_file is None:
        raise InputError(f"There is a photo in {folder} and no painting: painting.png beside it is wanted.")
    photo = read_picture(photo_file, LONGEST)
    size = (photo.shape[-2], photo.shape[-1])
    result = resize(read_picture(result_file, LONGEST), size)
    masks = [read_matte(file, size) if (file := _picture(folder, name)) else None for name in ("mask", "face")]
    matte, face, parts = *masks, _style_parts(folder, masks[0], size)
    if (file := folder / "painting.ora").is_file():
        painting = read_painting(file)
        regions = painting.regions.resize(size)
        named = [(name, look.styles) for name, look in painting.looks.items() if look.styles]
        parts = parts or tuple((style.picture, regions[name]) for name, styles in named for style in styles)
        matte, face = regions.side("subject") if matte is None else matte, regions.face if face is None else face
    return Painted(folder.name, photo, result, matte, face, parts)


def _style_parts(folder: Path, matte: Tensor | None, size: tuple[int, int]) -> tuple[Part, ...]:
    """Styles that lie beside the painting, each with where it counts."""
    whole = torch.ones(1, 1, *size)
    masks = {"style": whole}
    if matte is not None:
        masks |= {"style-subject": matte, "style-background": 1 - matte}
    return tuple((read_picture(file, LONGEST), mask) for n, mask in masks.items() if (file := _picture(folder, n)))
