"""The built-in perceptual network: VGG's depth with a quarter of its channels."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCKS = (2, 2, 4, 4, 1)  # convolutions between poolings, as in VGG-19 up to conv5_1
WIDTHS = (16, 32, 64, 128, 128)
CONTENT_TAP = "relu4_2"


class DeepEncoder(nn.Module):
    """Thirteen 3x3 convolutions with ReLU, 2x2 maximum pooling between blocks, and a linear map of each style tap.

    Style is compared on the first convolution of each block, seen through a 1x1 map into a space whose distances are
    those of VGG-19's own channels (`training.deep`); content on `relu4_2` (Gatys et al. 2016), which is deep enough to
    keep what is drawn and let go of every surface. Padding replicates the border, so that no dark frame enters the
    statistics; a last odd row or column is pooled alone.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS) -> None:
        super().__init__()
        self.widths, self.blocks = widths, blocks
        self.names = tuple(f"{b}_{i}" for b, count in enumerate(blocks, 1) for i in range(1, count + 1))
        outputs = [widths[int(name[0]) - 1] for name in self.names]
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, padding_mode="replicate")
            for a, b in zip((3, *outputs), outputs, strict=False)
        )
        self.maps = nn.ModuleList(nn.Conv2d(width, width, 1) for width in widths)
        self.style_taps = tuple(f"relu{b}_1" for b in range(1, len(blocks) + 1))
        self.content_tap = CONTENT_TAP
        self.stride = 2 ** (len(blocks) - 1)
        seen = sum(2**b * (1 if b + 1 == len(blocks) else count) for b, count in enumerate(blocks))
        self.reach = -(-seen // self.stride) * self.stride

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """RGB (B, 3, H, W) in [0, 1] to `relu1_1`, … and `relu4_2`: (B, C, H / 2**i, W / 2**i), rounded up."""
        taps: dict[str, Tensor] = {}
        x = (picture - 0.5).to(next(self.parameters()).dtype)
        for name, conv in zip(self.names, self.convs, strict=True):
            block, place = int(name[0]), name[1:]
            if place == "_1" and block > 1:
                x = F.max_pool2d(x, 2, ceil_mode=True)
            x = F.relu(conv(x))
            if place == "_1":
                taps[f"relu{name}"] = self.maps[block - 1](x)
            elif f"relu{name}" == self.content_tap:
                taps[self.content_tap] = x
        return taps


def load_deep(state: dict[str, Tensor]) -> DeepEncoder:
    """A frozen encoder whose widths are read from the weights' own shapes."""
    widths = tuple(state[f"maps.{i}.weight"].shape[0] for i in range(len(BLOCKS)))
    encoder = DeepEncoder(widths)
    encoder.load_state_dict({name: value.to(torch.float32) for name, value in state.items()})
    layers: Any = [*encoder.convs, *encoder.maps]
    for layer in layers:  # in the format of the maps: else each would bring its weights into it at every call
        layer.to(memory_format=torch.channels_last)
    return encoder.eval().requires_grad_(False)
