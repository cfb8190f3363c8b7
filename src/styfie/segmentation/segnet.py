"""SegNet (Badrinarayanan, Kendall, Cipolla 2017): VGG-16's convolutions, and a mirrored way back up.

What comes across from the way down is where each 2x2 window had its maximum, two bits a window, and nothing else.
"""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (64, 128, 256, 512, 512)
SLIM = (32, 64, 128, 256, 256)
DEPTHS = (2, 2, 3, 3, 3)  # convolutions per block
CLASSES = 2  # background, person

Place = tuple[Tensor, tuple[int, int]]  # where the maxima of a pooling were, and the size before it


def _block(widths: tuple[int, ...]) -> nn.Sequential:
    """3x3 convolutions, each with batch norm and ReLU; biases as published, though the norm takes them out again."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]
    return nn.Sequential(*layers)


class SegNet(nn.Module):
    """The published network for two classes: 29,444,162 parameters, and 15,872 running means and variances.

    `widths` are the channels of the five blocks; `SLIM` has half of each, 7.4 M parameters, and some quarter of the
    cost. Input RGB (B, 3, H, W) in [0, 1], H and W at least 32; odd sizes come back as they were.

    Departures from the paper: He et al. (2015) start for all convolutions, not VGG-16's weights, which batch norm
    makes up for; mid-grey is taken off the picture in place of local contrast normalisation.
    """

    def __init__(self, widths: tuple[int, int, int, int, int] = WIDTHS) -> None:
        super().__init__()
        ins = (3, *widths[:-1])
        self.down = nn.ModuleList(_block((a, *[b] * depth)) for a, b, depth in zip(ins, widths, DEPTHS, strict=True))
        outs = (widths[0], *widths[:-1])  # each block on the way up ends as wide as the next one starts
        self.up = nn.ModuleList(
            _block((*[b] * depth, a)) for a, b, depth in zip(outs[1:], widths[1:], DEPTHS[1:], strict=True)
        )
        self.up.insert(0, _block((widths[0], widths[0])))
        self.classifier = nn.Conv2d(widths[0], CLASSES, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def encode(self, picture: Tensor) -> tuple[Tensor, list[Place]]:
        """The deepest features (B, widths[4], H/32, W/32), and the places of the maxima, finest first."""
        x, places = picture - 0.5, []
        for block in self.down:
            x = block(x)
            size = (x.shape[-2], x.shape[-1])
            x, indices = F.max_pool2d(x, 2, return_indices=True)
            places.append((indices, size))
        return x, places

    def decode(self, deep: Tensor, places: list[Place]) -> Tensor:
        """Class scores (B, 2, H, W): every maximum goes back to its place, and the convolutions fill in the rest."""
        x = deep
        for block, (indices, size) in zip(reversed(self.up), reversed(places), strict=True):
            x = block(F.max_unpool2d(x, indices, [2, 2], output_size=size))
        scores: Tensor = self.classifier(x)
        return scores

    def scores(self, picture: Tensor) -> Tensor:
        """Scores (B, 2, H, W) of background and person; their softmax is the probabilities."""
        return self.decode(*self.encode(picture))

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W): softmax over two classes is the sigmoid of the scores' difference."""
        scores = self.scores(picture)
        return scores[:, 1:] - scores[:, :1]
