"""Perceptual networks: a picture to named feature maps. Importing this imports none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from styfie.encoders.loss_weights import PAINTED, THIN, Weights
from styfie.registry import Entry, Registry
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
class EncoderEntry(Entry):
    """One perceptual network: `path` names what makes it, in evaluation mode and frozen."""

    memory: int = 3500  # bytes for each pixel of a step: maps, gradients and masks
    reach: int = 80  # pixels that a tile sees around its own, at most
    cached: int = 0  # bytes for each pixel of the picture that stay from step to step
    weights: Weights = THIN  # what the loss is made of


def _styfie(title: str, path: str, memory: int, cached: int = 0, weights: Weights = THIN) -> EncoderEntry:
    known = WEIGHTS["encoder"]
    return EncoderEntry(title, path, "", known.licence, known.source, memory, reach=32, cached=cached, weights=weights)


def _vgg(name: str, title: str, size: str) -> EncoderEntry:
    known, needs = WEIGHTS[name], f"styfie[vgg] and {size}, fetched once"
    return EncoderEntry(title, f"styfie.encoders.vgg:load_{name}", needs, known.licence, known.source)


ENCODERS: Registry[EncoderEntry] = Registry(
    "encoder",
    EncoderEntry,
    {
        "styfie-2": _styfie(
            "Built in: five thin convolutions, content on the last three",
            "styfie.encoders.plain:load_styfie_2",
            1000,
            12,
            PAINTED,
        ),
        "styfie-1": _styfie(
            "Built in: the same convolutions, content on the fourth; repeats earlier paintings",
            "styfie.encoders.plain:load_styfie_1",
            700,
        ),
        "vgg16": _vgg("vgg16", "VGG-16, as in the founding paper", "59 MB"),
        "vgg19": _vgg("vgg19", "VGG-19, as in Gatys et al. (2016)", "80 MB"),
    },
    "styfie.encoders",
)


def load_encoder(name: str) -> Encoder:
    """The encoder called `name`, in evaluation mode and frozen.

    Raises:
        InputError: there is none of that name, or its file does not fit.
        MissingError: its weights, or the package to read them, are not there and cannot be fetched.
    """
    found: Encoder = ENCODERS.find(name).load()()
    return found
