"""The built-in perceptual network: five thin plain convolutions."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Features = dict[str, Tensor]
WIDTHS = (24, 48, 96, 160, 256)
SLOPE = 0.1


class PlainEncoder(nn.Module):
    """3x3 convolution, LeakyReLU and 2x2 average pooling, once per width.

    Plain (no residual, no normalisation) because Gram matrices of residual networks make poor
    styles; average pooling because Gatys et al. (2015) found its gradients to paint cleaner
    strokes than maximum pooling's. Padding replicates the border, so that no dark frame enters
    the statistics.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, padding: Literal["replicate", "zeros"] = "replicate") -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, padding_mode=padding) for a, b in zip((3, *widths), widths, strict=False)
        )
        self.widths = widths
        self.style_taps = tuple(f"conv{i}" for i in range(1, len(widths) + 1))
        self.content_tap = f"conv{min(4, len(widths))}"
        self.stride = 2 ** (len(widths) - 1)
        self.reach = 2 * self.stride  # 1 + 2 + 4 + … a pixel less than that

    def forward(self, picture: Tensor) -> Features:
        """RGB (B, 3, H, W) in [0, 1] to `conv1`, `conv2`, …: (B, widths[i], H / 2**i, W / 2**i), rounded up."""
        taps: Features = {}
        x = (picture - 0.5).to(next(self.parameters()).dtype)
        for i, conv in enumerate(self.convs, 1):
            if taps:
                x = halve(x)
            x = F.leaky_relu(conv(x), SLOPE, inplace=True)
            taps[f"conv{i}"] = x
        return taps


def halve(x: Tensor) -> Tensor:
    """2x2 average pooling of (B, C, H, W), a last odd row or column alone."""
    pooled: Tensor = _Halve.apply(x)  # type: ignore[no-untyped-call]
    return pooled


class _Halve(torch.autograd.Function):
    """Its gradient is one copy; PyTorch's own took a third of a whole step on channels-last bfloat16 maps."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.size = x.shape[-2:]
        return F.avg_pool2d(x, 2, ceil_mode=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        height, width = ctx.size
        positions = 0.25 * gradients[0].permute(0, 2, 3, 1)
        if height % 2:  # the last row alone is the mean of half as many, and the last column likewise
            positions[:, -1] *= 2
        if width % 2:
            positions[:, :, -1] *= 2
        batch, rows, columns, channels = positions.shape
        wide = positions[:, :, None, :, None].expand(-1, -1, 2, -1, 2, -1)
        spread = wide.reshape(batch, 2 * rows, 2 * columns, channels)
        return spread[:, :height, :width].permute(0, 3, 1, 2)


def load_plain(state: dict[str, Tensor]) -> PlainEncoder:
    """A frozen encoder whose widths are read from the weights' own shapes."""
    widths = tuple(w.shape[0] for name, w in state.items() if name.endswith("weight"))
    encoder = PlainEncoder(tuple(sorted(widths)))
    encoder.load_state_dict({name: w.to(torch.float32) for name, w in state.items()})
    return encoder.eval().requires_grad_(False)
