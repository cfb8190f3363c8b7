"""MediaPipe's network for selfies, layer by layer, so that its weights can be loaded."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

Activation = Callable[[Tensor], Tensor]


class Gate(nn.Module):
    """What each channel is multiplied by, in [0, 1], from the means of all (Hu et al. 2018)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, 1, 1)."""
        gate: Tensor = self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))).sigmoid()
        return gate


class Bottleneck(nn.Module):
    """An inverted residual of MobileNetV3 (Howard et al. 2019), with its batch norms folded in."""

    def __init__(
        self, width: int, inner: int, out: int, size: int, stride: int, gate: int = 0, act: Activation = F.hardswish
    ) -> None:
        super().__init__()
        self.expand = nn.Conv2d(width, inner, 1)
        self.depthwise = nn.Conv2d(inner, inner, size, stride, padding=0, groups=inner)
        self.gate = Gate(inner, gate) if gate else None
        self.project = nn.Conv2d(inner, out, 1)
        self.act, self.residual = act, stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, out, H / stride, W / stride); H and W are even."""
        y = self.act(self.expand(x))
        y = self.act(self.depthwise(_padded(y, self.depthwise.kernel_size[0], self.depthwise.stride[0])))
        if self.gate:
            y = y * self.gate(y)
        found: Tensor = self.project(y)
        return x + found if self.residual else found


class UpBlock(nn.Module):
    """One step of the decoder: what is coarser at twice its size, added to the gated maps of the encoder."""

    def __init__(self, coarse: int, width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(coarse, width, 1)
        self.gate = Gate(width, width)
        self.mix = nn.Conv2d(width, width, 1)
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """(B, coarse, H, W) and (B, width, 2H, 2W) to (B, width, 2H, 2W)."""
        up = self.narrow(F.interpolate(coarse, scale_factor=2.0, mode="bilinear"))
        x = F.relu(self.mix(skip * self.gate(skip + up) + up))
        return x + F.relu(self.depthwise(x))


class SelfieNet(nn.Module):
    """MediaPipe Selfie Segmentation, the general model (Google 2021, Apache-2.0): 106,401 parameters.

    A small MobileNetV3 and a decoder of gated sums, as the published TensorFlow Lite file has them. It was trained on
    squares of 256 pixels. Input RGB (B, 3, H, W) in [0, 1], H and W multiples of 32.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2)
        self.quarter = Bottleneck(16, 16, 16, 3, 2, gate=8, act=F.relu)
        self.eighth = nn.Sequential(Bottleneck(16, 72, 24, 3, 2, act=F.relu), Bottleneck(24, 88, 24, 3, 1, act=F.relu))
        self.sixteenth = nn.Sequential(
            Bottleneck(24, 96, 32, 5, 2, gate=24),
            Bottleneck(32, 128, 32, 5, 1, gate=32),
            Bottleneck(32, 128, 32, 5, 1, gate=32),
            Bottleneck(32, 96, 32, 5, 1, gate=24),
            Bottleneck(32, 96, 32, 5, 1, gate=24),
        )
        self.widen, self.whole = nn.Conv2d(32, 128, 1), nn.Conv2d(32, 128, 1)
        self.up = nn.ModuleList([UpBlock(128, 24), UpBlock(24, 16), UpBlock(16, 16)])
        self.head = nn.ConvTranspose2d(16, 1, 2, 2)

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W)."""
        half = F.hardswish(self.stem(_padded(picture, 3, 2)))
        quarter = self.quarter(half)
        eighth = self.eighth(quarter)
        deep = self.sixteenth(eighth)
        x = F.relu(self.widen(deep)) * self.whole(deep.mean((2, 3), keepdim=True)).sigmoid()
        for block, skip in zip(self.up, (eighth, quarter, half), strict=True):
            x = block(x, skip)
        logits: Tensor = self.head(x)
        return logits


def _padded(x: Tensor, size: int, stride: int) -> Tensor:
    """Zeros around maps of an even size as TensorFlow's "same" lays them: one less before than after, at stride 2."""
    before, after = (size - stride) // 2, (size - stride + 1) // 2
    return F.pad(x, (before, after, before, after))
