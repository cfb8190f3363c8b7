"""Perceptual networks: a picture to named feature maps. Importing this imports none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from styfie.encoders.loss_weights import PAINTED, THIN, Weights
from styfie.errors import InputError
from styfie.weights import WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor


class Encoder(Protocol):
    """RGB (B, 3, H, W) in [0, 1] to named feature maps (B, C, h, w).

    Style is compared on `style_taps`, content on `content_taps`. `stride` is the pixels between cells of the last of
    them, and `reach` how many pixels around its own a cell sees, in whole strides. Its weights are frozen.
    """

    style_taps: tuple[str, ...]
    content_taps: tuple[str, ...]
    stride: int
    reach: int

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        """The maps of a picture."""
        ...

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Itself on another device, as `torch.nn.Module.to`."""
        ...


@dataclass(frozen=True)
class EncoderEntry:
    """One perceptual network: how to make it, and what that needs."""

    title: str
    make: Callable[[], Encoder]
    needs: str
    licence: str
    source: str
    memory: int  # bytes for each pixel of a step: maps, gradients and masks
    reach: int = 80  # pixels that a tile sees around its own, at most
    kept: int = 0  # bytes for each pixel of the picture that stay from step to step
    weights: Weights = THIN  # what the loss is made of


def _styfie() -> Encoder:
    from styfie.encoders.plain import load_plain
    from styfie.weights import load_packaged

    return load_plain(load_packaged("encoder"), ("conv3", "conv4", "conv5"))


def _thin() -> Encoder:
    from styfie.encoders.plain import load_plain
    from styfie.weights import load_packaged

    return load_plain(load_packaged("encoder"))


def _vgg16() -> Encoder:
    from styfie.encoders.vgg import load_vgg

    return load_vgg("vgg16")


def _vgg19() -> Encoder:
    from styfie.encoders.vgg import load_vgg

    return load_vgg("vgg19")


def _vgg(title: str, make: Callable[[], Encoder], weights: str, needs: str) -> EncoderEntry:
    return EncoderEntry(title, make, needs, WEIGHTS[weights].licence, WEIGHTS[weights].source, 3500)


ENCODERS: dict[str, EncoderEntry] = {
    "styfie-2": EncoderEntry(
        "Built in: five thin convolutions, content on the last three",
        _styfie,
        "",
        WEIGHTS["encoder"].licence,
        WEIGHTS["encoder"].source,
        1000,
        reach=32,
        kept=12,
        weights=PAINTED,
    ),
    "styfie-1": EncoderEntry(
        "Built in: the same convolutions, content on the fourth; repeats earlier paintings",
        _thin,
        "",
        WEIGHTS["encoder"].licence,
        WEIGHTS["encoder"].source,
        700,
        reach=32,
    ),
    "vgg16": _vgg("VGG-16, as in the founding paper", _vgg16, "vgg16", "styfie[vgg] and 59 MB, fetched once"),
    "vgg19": _vgg("VGG-19, as in Gatys et al. (2016)", _vgg19, "vgg19", "styfie[vgg] and 80 MB, fetched once"),
}


def load_encoder(name: str) -> Encoder:
    """The encoder called `name`, in evaluation mode and frozen.

    Raises:
        InputError: there is none of that name, or its file does not fit.
        MissingError: its weights, or the package to read them, are not there and cannot be fetched.
    """
    return find_encoder(name).make()


def find_encoder(name: str) -> EncoderEntry:
    """What is known of the encoder called `name`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in ENCODERS:
        raise InputError(f"There is no encoder {name!r}: known are {', '.join(ENCODERS)}.")
    return ENCODERS[name]
