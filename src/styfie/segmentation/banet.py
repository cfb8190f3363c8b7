"""BANet (Chen, Qi, Shen 2019): boundary attention for portraits, in 142,746 parameters.

The inside of a person needs a wide view, the outline a close one: a deep thin branch says where the outline is, a
shallow one at full resolution mines the picture there, and both are fused.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.segmentation.networks import conv_bn

WIDTH = 64  # channels of the semantic branch
FINE = 16  # channels at full resolution


def _separable(a: int, b: int, stride: int = 1) -> nn.Sequential:
    """Depthwise 3x3, then 1x1, each with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(a, a, 3, stride, 1, groups=a, bias=False), nn.BatchNorm2d(a), nn.ReLU(), *conv_bn(a, b, 1)
    )


def _halve(a: int, b: int) -> nn.Sequential:
    """A full 3x3 convolution of stride 2 with batch norm and ReLU."""
    return nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())


class SeparableResidual(nn.Module):
    """Two depthwise separable convolutions around a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(_separable(width, width), _separable(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        inner: Tensor = self.inner(x)
        return x + inner


class Fusion(nn.Module):
    """BiSeNet's feature fusion (Yu et al. 2018): a convolution, channels weighed by their mean, and a skip."""

    def __init__(self, width: int, narrow: int) -> None:
        super().__init__()
        self.mix = conv_bn(width, width)
        self.weigh = nn.Sequential(nn.Conv2d(width, narrow, 1), nn.ReLU(), nn.Conv2d(narrow, width, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        mixed: Tensor = self.mix(x)
        weights: Tensor = self.weigh(mixed.mean((2, 3), keepdim=True))
        return mixed + mixed * weights


class BANet(nn.Module):
    """A semantic branch down to 1/32 and back to 1/4, boundary attention from it, mining and fusion at full size.

    Input RGB (B, 3, H, W) in [0, 1], any H and W. The paper's widths are not public layer by layer: these are ours,
    of its published size (0.62 MB of parameters, here 0.57). Mid-grey is taken off the picture.
    """

    def __init__(self, width: int = WIDTH, fine: int = FINE) -> None:
        super().__init__()
        half = width // 2
        self.stem = _halve(3, fine)  # 1/2
        self.down = nn.ModuleList(
            [
                nn.Sequential(_halve(fine, half), SeparableResidual(half)),  # 1/4
                self._stage(half, width, 2),  # 1/8
                self._stage(width, width, 3),  # 1/16
                self._stage(width, width, 3),  # 1/32
            ]
        )
        self.context = nn.Conv2d(width, width, 1)
        self.laterals = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, width, 1, bias=False), nn.BatchNorm2d(width)) for a in (width, width, half)
        )
        self.smooth = nn.ModuleList(_separable(width, width) for _ in range(3))
        self.attention = nn.Conv2d(width, 1, 1)
        self.mine = nn.Sequential(conv_bn(4, fine), conv_bn(fine, fine))
        self.narrow = conv_bn(width, fine, 1)
        self.fuse = Fusion(2 * fine, max(1, fine // 2))
        self.head = nn.Conv2d(2 * fine, 1, 1)

    @staticmethod
    def _stage(a: int, b: int, residuals: int) -> nn.Sequential:
        return nn.Sequential(_separable(a, b, 2), *(SeparableResidual(b) for _ in range(residuals)))

    def semantics(self, picture: Tensor) -> Tensor:
        """Features (B, width, H/4, W/4) that have seen the whole picture."""
        taps: list[Tensor] = []
        x: Tensor = self.stem(picture)
        for stage in self.down:
            x = stage(x)
            taps.append(x)
        x = x + self.context(x.mean((2, 3), keepdim=True))
        for tap, lateral, smooth in zip(reversed(taps[:-1]), self.laterals, self.smooth, strict=True):
            x = smooth(lateral(tap) + F.interpolate(x, tap.shape[-2:], mode="bilinear"))
        return x

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "person" and of "outline", both (B, 1, H, W), from one pass."""
        size, picture = picture.shape[-2:], picture - 0.5
        features = self.semantics(picture)
        outline = F.interpolate(self.attention(features), size, mode="bilinear")
        mined = self.mine(torch.cat([picture, outline.sigmoid()], 1))
        coarse = F.interpolate(self.narrow(features), size, mode="bilinear")
        person: Tensor = self.head(self.fuse(torch.cat([coarse, mined], 1)))
        return person, outline

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W)."""
        return self.both(picture)[0]
