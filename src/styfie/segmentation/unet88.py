"""A U-Net of 88 million parameters, which is what a portrait "SegNet" reported with that many must have been."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (64, 128, 256, 512, 1024)
DEPTHS = (2, 2, 3, 3, 3)  # convolutions per block, down and up
UP_KERNELS = (1, 2, 2, 2, 2)  # finest first
KERNELS = (3, 2, 3, 3, 3)  # of the blocks on the way up
DROP_DOWN, DROP_UP = 0.1, 0.2


def _conv(a: int, b: int, size: int) -> nn.Sequential:
    """Convolution and ReLU; an even kernel's odd pixel of padding stands right and below, as Keras has it."""
    before, after = (size - 1) // 2, size // 2
    conv = nn.Conv2d(a, b, size)
    nn.init.xavier_uniform_(conv.weight)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return nn.Sequential(nn.ZeroPad2d((before, after, before, after)), conv, nn.ReLU())


def _block(a: int, b: int, depth: int, size: int) -> nn.Sequential:
    """`depth` times convolution, ReLU and, after it, batch norm with Keras' constants."""
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [*_conv(b if i else a, b, size), nn.BatchNorm2d(b, eps=1e-3, momentum=0.01)]
    return nn.Sequential(*layers)


class UNet88(nn.Module):
    """A VGG-like way down, nearest-neighbour doubling and concatenation (Ronneberger et al. 2015) on the way up.

    88,069,569 trainable parameters and 23,040 running means and variances: the two figures reported for a portrait
    network described as SegNet, which has a third of that; that it was this one is inferred. The 36 layers reported
    with them fit either network: 26 convolutions in blocks, 5 poolings and 5 doublings, without the 5 convolutions
    after these and the head. No pooling indices.
    Input RGB (B, 3, H, W) in [0, 1], H and W at least 32. Dropout stands after each block (0.1 down, 0.2 up), which
    the figures do not tell; weights start as Keras' do (Glorot and Bengio 2010).
    """

    def __init__(self, widths: tuple[int, int, int, int, int] = WIDTHS) -> None:
        super().__init__()
        ins = (3, *widths[:-1])
        self.down = nn.ModuleList(_block(a, b, depth, 3) for a, b, depth in zip(ins, widths, DEPTHS, strict=True))
        deeper = (*widths[1:], widths[-1])
        self.doubling = nn.ModuleList(_conv(a, b, size) for a, b, size in zip(deeper, widths, UP_KERNELS, strict=True))
        self.up = nn.ModuleList(
            _block(2 * b, b, depth, size) for b, depth, size in zip(widths, DEPTHS, KERNELS, strict=True)
        )
        self.head = nn.Conv2d(widths[0], 1, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W)."""
        x, taps = picture, []
        for block in self.down:
            x = block(x)
            taps.append(x)
            x = F.dropout(F.max_pool2d(x, 2), DROP_DOWN, self.training)
        for tap, double, block in zip(reversed(taps), reversed(self.doubling), reversed(self.up), strict=True):
            x = double(F.interpolate(x, tap.shape[-2:]))
            x = F.dropout(block(torch.cat([tap, x], 1)), DROP_UP, self.training)
        logits: Tensor = self.head(x)
        return logits
