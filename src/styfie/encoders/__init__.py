"""Perceptual networks: a picture to named feature maps."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

from styfie.encoders.plain import PlainEncoder, load_plain


class Encoder(Protocol):
    """RGB (B, 3, H, W) in [0, 1] to named feature maps."""

    style_taps: tuple[str, ...]
    content_tap: str

    def __call__(self, picture: Tensor) -> dict[str, Tensor]: ...
    def to(self, *args: Any, **kwargs: Any) -> Any: ...


def load_encoder(name: str) -> Encoder:
    import torch
    if name.endswith('.safetensors'):
        from pathlib import Path
        from styfie.training.encoder import load_reference
        return load_reference(Path(name))
    return load_plain(torch.load(name))

__all__ = ["Encoder", "PlainEncoder", "load_encoder"]
