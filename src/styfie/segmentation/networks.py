"""Networks that find the person. Tensors in, tensors out; sizes and files are the predictor's business."""

from __future__ import annotations

from collections.abc import Sequence

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
        self.parts = nn.Conv2d(pyramid[-1], PARTS, 1)

    def features(self, picture: Tensor, added: Sequence[Tensor] = ()) -> Tensor:
        """The pyramid's last level, (B, pyramid[-1], H/2, W/2).

        `added` are maps to add, if there are any: to the trunk's at 1/16, and to the pyramid's at 1/8, 1/4 and 1/2.
        """
        taps = self.encode(picture)
        x: Tensor = self.trunk(taps[4])  # 1/16
        if added:
            x = x + added[0]
        deep = self.deep(F.avg_pool2d(x, 2))  # 1/32
        deep = deep + self.context(deep.mean((2, 3)))[:, :, None, None]
        x = self.join(x + F.interpolate(self.back(deep), scale_factor=2.0, mode="bilinear"))
        for n, (lateral, narrow, smooth) in enumerate(zip(self.laterals, self.narrow, self.smooth, strict=True), 1):
            x = F.interpolate(narrow(x), scale_factor=2.0, mode="bilinear") + lateral(taps[4 - n])
            x = smooth(F.relu(x + added[n] if added else x))
        return x

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
        features = self.features(picture)
        return F.interpolate(self.head(features), scale_factor=2.0, mode="bilinear"), self.parts(features)

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W)."""
        return self.both(picture)[0]
