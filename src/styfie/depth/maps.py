"""Depth from grey pictures, in which brighter is nearer, and from the photos of phones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from styfie.errors import InputError
from styfie.images import HEIF_SUFFIXES, Picture, _loaded, _open, describe, resize

FAR = 2  # pillow-heif's number of maps in which bright is far
ON_ITS_SIDE = (5, 6, 7, 8)  # EXIF's orientations that change width for height


def read_depth(source: Picture, size: tuple[int, int]) -> Tensor:
    """Read a depth map as (1, 1, height, width): a grey picture of 8, 16 or 32 bits in which brighter is nearer.

    That is the convention of phones' portrait maps and of the networks that estimate disparity. `source` is a path, a
    PIL image, an array (H, W) or a tensor (1, 1, H, W) of any finite numbers; they are brought to [0, 1].

    Raises:
        MissingError: no such file.
        InputError: no picture; one that is coloured, the same everywhere, or of other proportions than the photo.
    """
    name = describe(source)
    if isinstance(source, str | Path):
        values = _grey(ImageOps.exif_transpose(_loaded(_open(source, name), name)), name)
    elif isinstance(source, Image.Image):
        values = _grey(ImageOps.exif_transpose(_loaded(source, name)), name)
    else:
        values = np.asarray(source.cpu() if isinstance(source, Tensor) else source)
    values = values.reshape(values.shape[-2:]) if values.size == np.prod(values.shape[-2:]) else values
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
        raise InputError(f"The depth map {name} of shape {values.shape} is wanted as finite numbers (H, W).")
    if not _fits(values.shape, size):
        raise InputError(
            f"The depth map {name} is {values.shape[1]}x{values.shape[0]} and the photo {size[1]}x{size[0]}: "
            "a map of the same proportions is wanted, of the upright photo."
        )
    depth = _from_disparity(values.astype(np.float64))
    if depth is None:
        raise InputError(f"The depth map {name} is the same everywhere: one in which near is brighter is wanted.")
    return resize(depth, size).clamp(0, 1)


def photo_depth(source: Picture) -> Tensor | None:
    """The depth (1, 1, h, w) that a phone's portrait mode put beside a photo, upright; None if there is none.

    Read is the auxiliary depth image of HEIC files, mostly disparity, of about 768 x 576 pixels.

    Raises:
        MissingError, InputError: as `images.read_picture`.
    """
    if isinstance(source, str | Path):
        if Path(source).suffix.lower() not in HEIF_SUFFIXES:
            return None
        source = _open(source, describe(source))
    found = source.info.get("depth_images") if isinstance(source, Image.Image) else None
    if not isinstance(source, Image.Image) or not found:
        return None
    image = Image.fromarray(np.asarray(found[0]))
    upright = (source.height, source.width)
    turn = source.info.get("original_orientation")
    if turn in ON_ITS_SIDE and not _fits((image.height, image.width), upright):
        # Its writer turned the photo and not the map beside it.
        image.getexif()[0x0112] = turn
        image = ImageOps.exif_transpose(image)
    values = _grey(image, "depth image").astype(np.float64)
    far = (found[0].info.get("metadata") or {}).get("representation_type") == FAR
    return _from_disparity(-values if far else values) if _fits(values.shape, upright) else None


def _grey(image: Image.Image, name: str) -> NDArray[Any]:
    """The values (H, W) of a grey picture as stored, transparency left out."""
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        values: NDArray[Any] = np.asarray(image)
        return values
    colours = np.asarray(image.convert("RGB"), np.float64)
    if np.ptp(colours, axis=-1).mean() > 8:
        raise InputError(f"The depth map {name} is coloured: a grey picture in which near is brighter is wanted.")
    grey: NDArray[Any] = colours.mean(-1)
    return grey


def _from_disparity(values: NDArray[np.float64]) -> Tensor | None:
    """Depth (1, 1, H, W) from values (H, W) that rise with nearness; None if they are all the same."""
    low, high = values.min(), values.max()
    if high <= low:
        return None
    return torch.from_numpy(((high - values) / (high - low)).astype(np.float32))[None, None]


def _fits(found: tuple[int, ...], wanted: tuple[int, int]) -> bool:
    """Whether two sizes have the same proportions, to two per cent or the pixel by which a small one is rounded."""
    return abs(found[0] / found[1] * wanted[1] - wanted[0]) <= max(1.0, 0.02 * wanted[0])
