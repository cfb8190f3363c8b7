"""Depth from grey pictures, in which brighter is nearer, and from the photos of phones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from styfie.decoding import check_size, decoding, grey_values, open_picture, turned
from styfie.errors import InputError
from styfie.images import Picture, describe, resize, same_proportions

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
        values = _read(open_picture(Path(source), name), name)
    elif isinstance(source, Image.Image):
        values = _read(source, name)
    elif isinstance(source, Tensor):
        source = source.detach().cpu()
        values = (source.float() if source.dtype == torch.bfloat16 else source).numpy()  # which NumPy does not know
    else:
        values = np.asarray(source)
    values = values.reshape(values.shape[-2:]) if values.size == np.prod(values.shape[-2:]) else values
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
        raise InputError(f"The depth map {name} of shape {values.shape} is wanted as finite numbers (H, W).")
    if not same_proportions((values.shape[0], values.shape[1]), size):
        raise InputError(
            f"The depth map {name} is {values.shape[1]}x{values.shape[0]} and the photo {size[1]}x{size[0]}: "
            "a map of the same proportions is wanted, of the upright photo."
        )
    with decoding(name):
        depth = _from_disparity(values if values.dtype == np.float32 else values.astype(np.float64))
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
        source = open_picture(Path(source), describe(source))
        if source.format != "HEIF":
            return None
    found = source.info.get("depth_images") if isinstance(source, Image.Image) else None
    if not isinstance(source, Image.Image) or not found:
        return None
    image = Image.fromarray(np.asarray(found[0]))
    upright = (source.height, source.width)
    turn = source.info.get("original_orientation")
    if turn in ON_ITS_SIDE and not same_proportions((image.height, image.width), upright):
        # Its writer turned the photo and not the map beside it.
        image = turned(image, turn)
    values = grey_values(image, "depth image").astype(np.float64)
    far = (found[0].info.get("metadata") or {}).get("representation_type") == FAR
    return (
        _from_disparity(-values if far else values)
        if same_proportions((values.shape[0], values.shape[1]), upright)
        else None
    )


def _read(image: Image.Image, name: str) -> NDArray[Any]:
    """The values (H, W) of a grey picture as stored, upright, transparency left out."""
    check_size(image.size, name, smallest=1)
    return grey_values(image, name)


def _from_disparity(values: NDArray[Any]) -> Tensor | None:
    """Depth (1, 1, H, W) from values (H, W) that rise with nearness; None if they are all the same."""
    low, high = values.min(), values.max()
    if high <= low:
        return None
    return torch.from_numpy(((high - values) / (high - low)).astype(np.float32))[None, None]
