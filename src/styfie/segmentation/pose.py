"""A network that finds people by what MediaPipe's network for poses has learned of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.segmentation.networks import PARTS, PyramidNet, Residual, conv_bn

# Of each stage: channels out, side of the depthwise kernels, stride, blocks, and times that the first one widens.
STAGES = ((24, 3, 2, 2, 4), (32, 5, 2, 2, 6), (64, 3, 2, 3, 6), (88, 5, 1, 3, 6), (144, 5, 2, 4, 6))
POSE_WIDTHS = (16, 24, 32, 88, 144)  # channels of the maps at 1/2 to 1/32 of the size
OWN = 2  # first stage that a head for parts has of its own


class Depthwise(nn.Conv2d):
    """A convolution of each channel alone, learned in single precision: in bfloat16 that takes a CPU twice as long."""

    def __init__(self, width: int, size: int, stride: int = 1) -> None:
        super().__init__(width, width, size, stride, padding=size // 2, groups=width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H / stride, W / stride)."""
        if not self.training:
            return super().forward(x)
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


def normed(layer: nn.Conv2d) -> nn.Sequential:
    """A convolution and its batch norm."""
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels))


class Inverted(nn.Module):
    """An inverted residual of MobileNetV2 (Sandler et al. 2018)."""

    def __init__(self, width: int, out: int, size: int, stride: int, times: int) -> None:
        super().__init__()
        inner = width * times
        self.expand = normed(nn.Conv2d(width, inner, 1, bias=False))
        self.depthwise = normed(Depthwise(inner, size, stride))
        self.project = normed(nn.Conv2d(inner, out, 1, bias=False))
        self.residual = stride == 1 and width == out

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, out, H / stride, W / stride)."""
        found: Tensor = self.project(F.relu6(self.depthwise(F.relu6(self.expand(x)))))
        return x + found if self.residual else found


def make_stage(n: int) -> nn.Sequential:
    """The blocks of `STAGES[n]`."""
    out, size, stride, blocks, times = STAGES[n]
    width = STAGES[n - 1][0] if n else POSE_WIDTHS[0]
    return nn.Sequential(
        Inverted(width, out, size, stride, times), *(Inverted(out, out, size, 1, 6) for _ in range(blocks - 1))
    )


class PoseEncoder(nn.Module):
    """The encoder of MediaPipe's BlazePose GHUM, the full model (Google 2021, Apache-2.0): 1.4 M parameters.

    As the published TensorFlow Lite file has it, which goes on to landmarks and to a mask of whoever stands in the
    middle, upright: to find anybody anywhere, it has to learn on. Input RGB (B, 3, H, W) in [0, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = normed(nn.Conv2d(3, 24, 3, 2, padding=1, bias=False))
        self.depthwise = normed(Depthwise(24, 3))
        self.project = normed(nn.Conv2d(24, POSE_WIDTHS[0], 1, bias=False))
        self.stages = nn.ModuleList(make_stage(n) for n in range(len(STAGES)))

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Maps of `POSE_WIDTHS` channels at 1/2, 1/4, 1/8, 1/16 and 1/32."""
        taps = [self.project(F.relu6(self.depthwise(F.relu6(self.stem(picture)))))]
        for stage in self.stages:
            taps.append(stage(taps[-1]))
        return [*taps[:3], *taps[4:]]  # the third stage, too, is at 1/16


class PoseNet(PyramidNet):
    """The encoder of MediaPipe's network for poses, and a pyramid. 2.8 M parameters."""

    encoder: PoseEncoder

    def __init__(self, trunk: int = 128, deep: int = 160, pyramid: tuple[int, ...] = (96, 64, 40)) -> None:
        super().__init__(
            PoseEncoder(),
            nn.Sequential(conv_bn(POSE_WIDTHS[3], trunk, 1), Residual(trunk)),
            nn.Sequential(conv_bn(POSE_WIDTHS[4], deep, 1), Residual(deep)),
            POSE_WIDTHS[:3],
            (deep, trunk, *pyramid),
        )

    def encode(self, picture: Tensor) -> list[Tensor]:
        """The encoder's maps at 1/2, 1/4, 1/8, 1/16 and 1/32."""
        taps: list[Tensor] = self.encoder(picture)
        return taps

    def trunks(self, taps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The trunk's at 1/16 and at 1/32, each of its own maps."""
        return self.trunk(taps[3]), self.deep(taps[4])

    def part_logits(self, taps: Sequence[Tensor], levels: Sequence[Tensor]) -> Tensor:
        """Logits of the parts (B, PARTS, H/2, W/2), by a head of a file of its own if there is one."""
        return self.parts(taps, levels) if isinstance(self.parts, PartsHead) else super().part_logits(taps, levels)


class PartsHead(nn.Module):
    """Tells the parts of people whom a `PoseNet` finds, whose `parts` it takes the place of. 1.6 M parameters.

    The network's pyramid knows where a person is, and its encoder's first maps have colours and cloth; what they mean
    deep stages of its own find out, which begin as the encoder's. A pyramid of sums leads from 1/32 of the size to 1/2.
    """

    def __init__(self, widths: Sequence[int] = (96, 96, 64, 48, 32), levels: Sequence[int] = (128, 96, 64, 40)) -> None:
        super().__init__()
        self.stages = nn.ModuleList(make_stage(n) for n in range(OWN, len(STAGES)))
        seen = [a + b for a, b in zip(reversed(POSE_WIDTHS), (0, *levels), strict=True)]
        self.narrow = nn.ModuleList(conv_bn(a, b, 1) for a, b in zip(seen, widths, strict=True))
        self.mix = nn.ModuleList(conv_bn(a, b) for a, b in itertools.pairwise(widths))
        self.answer = nn.Conv2d(widths[-1], PARTS, 1)

    def forward(self, taps: Sequence[Tensor], levels: Sequence[Tensor]) -> Tensor:
        """Logits of the parts (B, PARTS, H/2, W/2), of `PoseNet.encode` and `PyramidNet.levels`."""
        deep = [taps[OWN]]
        for stage in self.stages:
            deep.append(stage(deep[-1]))
        *_, sixteenth, x = deep
        beside = zip((sixteenth, *reversed(taps[: OWN + 1])), levels, strict=True)
        seen = [x, *(torch.cat(pair, 1) for pair in beside)]
        x, *finer = (narrow(one) for narrow, one in zip(self.narrow, seen, strict=True))
        for mix, one in zip(self.mix, finer, strict=True):
            x = F.interpolate(mix(x), scale_factor=2.0, mode="bilinear") + one
        logits: Tensor = self.answer(x)
        return logits
