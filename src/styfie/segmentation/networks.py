"""Networks that find the person. Tensors in, tensors out; sizes and files are the predictor's business."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

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


def fuse(network: nn.Module) -> None:
    """Fold the batch norms of a frozen network into the convolutions before them, in place: the same in less time."""
    for line in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for n, (conv, norm) in enumerate(itertools.pairwise(list(line))):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                line[n], line[n + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()


class PersonNet(nn.Module, ABC):
    """A network that finds people and tells their parts."""

    @abstractmethod
    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "person" (B, 1, H, W) and of `PARTS` parts (B, PARTS, H/2, W/2), from one pass."""

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W)."""
        return self.both(picture)[0]


class PyramidNet(PersonNet):
    """Finds people by an encoder, a trunk at 1/16 and 1/32 of the size, and a feature pyramid (Lin et al. 2017).

    The pyramid leads back to 1/2, where edges are read off. Lateral sums in place of SegNet's unpooling indices: the
    same thrift, but the features themselves come across, and fine hair with them. `taps` are the channels of the
    encoder's maps at 1/2, 1/4 and 1/8. Input RGB (B, 3, H, W) in [0, 1], H and W multiples of 32.
    """

    def __init__(
        self,
        encoder: nn.Module,
        trunk: nn.Sequential,
        deep: nn.Sequential,
        taps: Sequence[int],
        widths: Sequence[int] = (160, 128, 96, 64, 40),
    ) -> None:
        super().__init__()
        self.encoder, self.trunk, self.deep = encoder, trunk, deep
        deepest, *levels = widths
        self.context = nn.Sequential(nn.Linear(deepest, deepest), nn.ReLU(), nn.Linear(deepest, deepest))
        self.back = conv_bn(deepest, levels[0], 1)
        self.join = Residual(levels[0])
        pyramid = levels[1:]
        self.laterals = nn.ModuleList(
            nn.Sequential(nn.Conv2d(tap, width, 1, bias=False), nn.BatchNorm2d(width))
            for tap, width in zip(reversed(taps), pyramid, strict=True)
        )
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(levels, pyramid, strict=False))
        self.smooth = nn.ModuleList(conv_bn(width, width) for width in pyramid)
        self.head = nn.Sequential(conv_bn(pyramid[-1], 24), nn.Conv2d(24, 1, 1))
        self.parts: nn.Module = nn.Conv2d(pyramid[-1], PARTS, 1)

    @abstractmethod
    def encode(self, picture: Tensor) -> list[Tensor]:
        """The encoder's maps, from 1/2 of the size on."""

    @abstractmethod
    def trunks(self, taps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """What the trunk has at 1/16 and at 1/32, of the encoder's maps."""

    def levels(self, taps: Sequence[Tensor]) -> list[Tensor]:
        """The trunk's maps at 1/16 of the size, and the pyramid's at 1/8, 1/4 and 1/2, of the encoder's."""
        x, deep = self.trunks(taps)
        deep = deep + self.context(deep.mean((2, 3)))[:, :, None, None]
        levels = [self.join(x + F.interpolate(self.back(deep), scale_factor=2.0, mode="bilinear"))]
        steps = zip(reversed(taps[:3]), self.laterals, self.narrow, self.smooth, strict=True)
        for tap, lateral, narrow, smooth in steps:
            up = F.interpolate(narrow(levels[-1]), scale_factor=2.0, mode="bilinear")
            levels.append(smooth(F.relu(up + lateral(tap))))
        return levels

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "person" (B, 1, H, W) and of `PARTS` parts (B, PARTS, H/2, W/2), from one pass."""
        taps = self.encode(picture)
        levels = self.levels(taps)
        return self.person_logits(picture, levels), self.part_logits(taps, levels)

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W), in less time than with the parts."""
        return self.person_logits(picture, self.levels(self.encode(picture)))

    def person_logits(self, picture: Tensor, levels: Sequence[Tensor]) -> Tensor:
        """Logits of "person" (B, 1, H, W), of the pyramid's maps."""
        del picture  # a guide alone looks at it
        return F.interpolate(self.head(levels[-1]), scale_factor=2.0, mode="bilinear")

    def part_logits(self, taps: Sequence[Tensor], levels: Sequence[Tensor]) -> Tensor:
        """Logits of the parts (B, PARTS, H/2, W/2), of the encoder's maps and the pyramid's."""
        del taps  # a head of its own file alone looks at them
        logits: Tensor = self.parts(levels[-1])
        return logits


class PortraitNet(PyramidNet):
    """The built-in encoder, and a trunk deep enough for its five plain convolutions. 3.1 M parameters.

    The encoder goes down to 1/16; two residual trunks at 1/16 and 1/32 and a global mean see the whole person.
    """

    encoder: PlainEncoder

    def __init__(self, trunk: int = 128, deep: int = 160, pyramid: tuple[int, ...] = (96, 64, 40)) -> None:
        super().__init__(
            PlainEncoder(WIDTHS, padding="zeros"),
            nn.Sequential(conv_bn(WIDTHS[4], trunk, 1), *(Residual(trunk) for _ in range(3))),
            nn.Sequential(conv_bn(trunk, deep), Residual(deep), Residual(deep)),
            WIDTHS[1:4],
            (deep, trunk, *pyramid),
        )

    def encode(self, picture: Tensor) -> list[Tensor]:
        """The encoder's maps at 1/2, 1/4, 1/8 and 1/16."""
        taps: list[Tensor] = []
        x = picture - 0.5
        for i, conv in enumerate(self.encoder.convs):
            x = F.leaky_relu(conv(F.avg_pool2d(x, 2) if i else x), SLOPE)
            taps.append(x)
        return taps[1:]

    def trunks(self, taps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The trunk's at 1/16, and what a deeper one makes of that at 1/32."""
        x: Tensor = self.trunk(taps[3])
        return x, self.deep(F.avg_pool2d(x, 2))
