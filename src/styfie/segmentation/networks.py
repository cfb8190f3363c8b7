"""Networks that find the person. Tensors in, tensors out; sizes and files are the predictor's business."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.encoders.plain import SLOPE, WIDTHS, PlainEncoder

PARTS = 5  # background, skin, hair, clothes, accessories
FROZEN = 2  # first convolutions of a ready encoder that are not trained further


def conv_bn(a: int, b: int, size: int = 3) -> nn.Sequential:
    """Convolution, batch norm, ReLU; the spatial size stays."""
    return nn.Sequential(nn.Conv2d(a, b, size, padding=size // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU())


class Residual(nn.Module):
    """Two 3x3 convolutions around a skip (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv_bn(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return F.relu(x + self.second(self.first(x)))


class PartsHead(nn.Module):
    """Tells the parts of people by all that a `PortraitNet` sees, whose `parts` it can take the place of.

    That is the pyramid's levels, which know where a person is, beside the encoder's taps, which still have colours and
    cloth. Those from 1/16 to 1/4 of the size are added up at 1/4, the finest ones after that at 1/2. 168,000
    parameters.
    """

    def __init__(self, widths: Sequence[int] = (128, 96, 64, 40), inner: int = 64) -> None:
        super().__init__()
        both = zip(widths, reversed(WIDTHS[1:]), strict=True)
        self.narrow = nn.ModuleList(nn.Conv2d(level + tap, inner, 1) for level, tap in both)
        self.mix = nn.Sequential(conv_bn(inner, inner), conv_bn(inner, inner))
        self.refine = nn.Sequential(conv_bn(inner, inner), nn.Conv2d(inner, PARTS, 1))

    def forward(self, taps: Sequence[Tensor], levels: Sequence[Tensor]) -> Tensor:
        """Logits of the parts (B, PARTS, H/2, W/2), of `PortraitNet.encode` and `PortraitNet.levels`."""
        both = zip(self.narrow, levels, reversed(taps[1:]), strict=True)
        *coarse, finest = (narrow(torch.cat([level, tap], 1)) for narrow, level, tap in both)
        size = coarse[-1].shape[-2:]
        x = self.mix(sum((F.interpolate(one, size, mode="bilinear") for one in coarse[:-1]), coarse[-1]))
        logits: Tensor = self.refine(F.interpolate(x, scale_factor=2.0, mode="bilinear") + finest)
        return logits


class PortraitNet(nn.Module):
    """An encoder-decoder for people: the built-in encoder, a deeper trunk, lateral connections, two heads.

    The five convolutions of `PlainEncoder` go down to 1/16; two residual trunks at 1/16 and 1/32
    and a global mean see the whole person; a feature pyramid (Lin et al. 2017) leads back to 1/2,
    where edges are read off. Lateral sums in place of SegNet's unpooling indices: the same thrift,
    but the features themselves come across, and fine hair with them.

    3.1 M parameters. Input RGB (B, 3, H, W) in [0, 1], H and W multiples of 32.
    """

    def __init__(self, trunk: int = 128, deep: int = 160, pyramid: tuple[int, ...] = (96, 64, 40)) -> None:
        super().__init__()
        self.encoder = PlainEncoder(WIDTHS, padding="zeros")
        self.trunk = nn.Sequential(conv_bn(WIDTHS[4], trunk, 1), *(Residual(trunk) for _ in range(3)))
        self.deep = nn.Sequential(conv_bn(trunk, deep), Residual(deep), Residual(deep))
        self.context = nn.Sequential(nn.Linear(deep, deep), nn.ReLU(), nn.Linear(deep, deep))
        self.back = conv_bn(deep, trunk, 1)
        self.join = Residual(trunk)
        outs = (trunk, *pyramid)
        self.laterals = nn.ModuleList(
            nn.Sequential(nn.Conv2d(w, b, 1, bias=False), nn.BatchNorm2d(b))
            for w, b in zip(reversed(WIDTHS[1:4]), pyramid, strict=True)
        )
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(outs, pyramid, strict=False))
        self.smooth = nn.ModuleList(conv_bn(b, b) for b in pyramid)
        self.head = nn.Sequential(conv_bn(pyramid[-1], 24), nn.Conv2d(24, 1, 1))
        self.parts: nn.Conv2d | PartsHead = nn.Conv2d(pyramid[-1], PARTS, 1)

    def levels(self, taps: Sequence[Tensor]) -> list[Tensor]:
        """The trunk's maps at 1/16 of the size, and the pyramid's at 1/8, 1/4 and 1/2, of the encoder's taps."""
        x: Tensor = self.trunk(taps[4])  # 1/16
        deep = self.deep(F.avg_pool2d(x, 2))  # 1/32
        deep = deep + self.context(deep.mean((2, 3)))[:, :, None, None]
        x = self.join(x + F.interpolate(self.back(deep), scale_factor=2.0, mode="bilinear"))
        levels = [x]
        for tap, lateral, narrow, smooth in zip(
            reversed(taps[1:4]), self.laterals, self.narrow, self.smooth, strict=True
        ):
            up = F.interpolate(narrow(levels[-1]), scale_factor=2.0, mode="bilinear")
            levels.append(smooth(F.relu(up + lateral(tap))))
        return levels

    def encode(self, picture: Tensor) -> list[Tensor]:
        """The encoder's taps."""
        taps: list[Tensor] = []
        x = picture - 0.5
        for i, conv in enumerate(self.encoder.convs):
            x = F.leaky_relu(conv(F.avg_pool2d(x, 2) if i else x), SLOPE)
            taps.append(x)
        return taps

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "person" (B, 1, H, W) and of `PARTS` parts (B, PARTS, H/2, W/2), from one pass."""
        taps = self.encode(picture)
        levels = self.levels(taps)
        matte = F.interpolate(self.head(levels[-1]), scale_factor=2.0, mode="bilinear")
        return matte, self.parts(taps, levels) if isinstance(self.parts, PartsHead) else self.parts(levels[-1])

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W)."""
        return self.both(picture)[0]
