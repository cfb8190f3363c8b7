"""A per-style network, and the style's picture with it, as one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from styfie.engines.per_style.network import TransformNet, load_transform
from styfie.engines.per_style.published import PublishedNet, load_published
from styfie.errors import InputError, MissingError
from styfie.gallery import GALLERY
from styfie.images import fit_size, resize
from styfie.weights import load_packaged, save_weights

PICTURE = "picture"  # name of the tensor that holds the style's picture, (1, 3, H, W) in 255ths
STORED_SIZE = 512  # pixels of its longer side


class PerStyleFile(NamedTuple):
    """A network of one style, and that style's picture (1, 3, H, W) in [0, 1]."""

    network: TransformNet | PublishedNet
    picture: Tensor


def read_gallery() -> tuple[TransformNet, tuple[str, ...]]:
    """The network that ships, and the names of its styles in order.

    Raises:
        MissingError: it is missing from the package.
    """
    network = load_transform(load_packaged("gallery"))
    return network, tuple(GALLERY)[: network.styles]


def read_per_style(file: Path) -> PerStyleFile:
    """What `save_per_style` wrote.

    Raises:
        MissingError: no such file.
        InputError: it holds something else.
    """
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no style {file}: a file of styfie train style is wanted.")
    try:
        state = load_file(file)
        picture = _checked(state.pop(PICTURE))
        network = load_published(state) if "back.0.weight" in state else load_transform(state)
        if network.styles != 1 or not all(bool(torch.isfinite(value).all()) for value in state.values()):
            raise ValueError("no network of one style")
        return PerStyleFile(network, picture)
    except (SafetensorError, OSError, LookupError, RuntimeError, TypeError, ValueError):
        raise InputError(f"{file.name} holds no per-style network: a file of styfie train style is wanted.") from None


def _checked(picture: Tensor) -> Tensor:
    """A style's picture in 255ths, in [0, 1]."""
    if picture.dtype != torch.uint8 or picture.ndim != 4 or picture.shape[:2] != (1, 3) or min(picture.shape[2:]) < 1:
        raise ValueError(f"a picture of {picture.dtype} and shape {tuple(picture.shape)}")
    if max(picture.shape[2:]) > STORED_SIZE:
        raise ValueError("a picture larger than any that is written")
    return picture.float() / 255


def save_per_style(network: TransformNet | PublishedNet, picture: Tensor, file: Path) -> Path:
    """Write a network of one style with the style's picture (1, 3, H, W), at most `STORED_SIZE` pixels large.

    Raises:
        OutputError: the file cannot be written.
    """
    size = fit_size((picture.shape[-2], picture.shape[-1]), min(STORED_SIZE, max(picture.shape[-2:])))
    small = (255 * resize(picture, size).clamp(0, 1)).round().to(torch.uint8)
    return save_weights({**network.state_dict(), PICTURE: small}, file)
