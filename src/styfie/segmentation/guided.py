"""The built-in network beside MediaPipe's, which has seen many more people."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.segmentation.networks import PortraitNet
from styfie.segmentation.selfie import WIDTHS, SelfieNet

SURE = 4.0  # logits of the guide beyond which it is not believed more: it is sure of what it has wrong, too


class GuidedNet(PortraitNet):
    """A `PortraitNet` that looks at what `SelfieNet` sees, and begins with its answer.

    The guide's maps at each size go through a 1x1 convolution and are added to the pyramid's, and its logits to the
    answer, weighted. The guide itself learns nothing: it was trained on more people than are at hand here. 3.3 M
    parameters, 106,401 of them the guide's.
    """

    OWN = ("bridges.", "trust")  # what neither a portrait network nor the guide has

    def __init__(self, trunk: int = 128, deep: int = 160, pyramid: tuple[int, ...] = (96, 64, 40)) -> None:
        super().__init__(trunk, deep, pyramid)
        self.guide = SelfieNet().requires_grad_(False)
        self.bridges = nn.ModuleList(_bridge(a, b) for a, b in zip(reversed(WIDTHS), (trunk, *pyramid), strict=True))
        self.trust = nn.Parameter(torch.ones(()))

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "person" (B, 1, H, W) and of the parts (B, 5, H/2, W/2), from one pass."""
        seen = self.guide(picture)
        maps = [bridge(one) for bridge, one in zip(self.bridges, reversed(seen.maps), strict=True)]
        features = self.features(picture, maps)
        own = F.interpolate(self.head(features), scale_factor=2.0, mode="bilinear")
        return own + self.trust * seen.logits.clamp(-SURE, SURE), self.parts(features)


def _bridge(width: int, out: int) -> nn.Sequential:
    """What brings the guide's maps to the pyramid's width, at first as nothing: a network started from answers on."""
    norm = nn.BatchNorm2d(out)
    nn.init.zeros_(norm.weight)
    return nn.Sequential(nn.Conv2d(width, out, 1, bias=False), norm)
