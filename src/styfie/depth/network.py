"""A small network that sees which of two places in a picture is the farther one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from styfie.encoders.plain import SLOPE, halve
from styfie.errors import InputError, MissingError
from styfie.weights import load_packaged

DEPTH_WIDTHS = (16, 24, 32, 48, 64, 64)  # channels at each halving
JOINED = 32  # channels in which what is seen at all sizes is joined


class DepthNet(nn.Module):
    """Order of depths in a picture: RGB (B, 3, H, W) in [0, 1] to (B, 1, H/2, W/2), larger where it is farther.

    Numbers of any size: only their order means something, as in Chen, Fu, Yang and Deng (2016), "Single-Image Depth
    Perception in the Wild", whose hourglass this is in small: down to a thirty-second and up again, what was seen at
    each size added on the way. Padding with zeros tells it where up and down are. 203,809 parameters.
    """

    def __init__(self, widths: tuple[int, ...] = DEPTH_WIDTHS) -> None:
        super().__init__()
        self.first = _convolved(3, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(_convolved(a, b), *([_convolved(b, b)] if 0 < i < len(widths) - 2 else []))
            for i, (a, b) in enumerate(pairwise(widths))
        )
        self.whole = nn.Conv2d(widths[-1], JOINED, 1)  # of the picture's mean
        self.joins = nn.ModuleList(nn.Conv2d(width, JOINED, 1) for width in widths[1:])
        self.up = nn.ModuleList(_convolved(JOINED, JOINED) for _ in widths[2:])
        self.last = nn.Conv2d(JOINED, 1, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Larger where it is farther, (B, 1, H/2, W/2), halves rounded up."""
        x, seen = self.first(picture - 0.5), []
        for layer in self.down:
            x = layer(halve(x))
            seen.append(x)
        joined = self.joins[-1](x) + self.whole(x.mean((2, 3), keepdim=True))
        for up, join, finer in zip(self.up, list(self.joins)[-2::-1], seen[-2::-1], strict=True):
            joined = F.interpolate(up(joined), finer.shape[-2:], mode="bilinear", align_corners=False) + join(finer)
        found: Tensor = self.last(F.leaky_relu(joined, SLOPE))
        return found


def _convolved(channels: int, more: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, more, 3, padding=1, bias=False), nn.BatchNorm2d(more), nn.LeakyReLU(SLOPE, inplace=True)
    )


def load_depth_net(file: Path | None = None) -> DepthNet:
    """The network that ships, or that of a file of `styfie train depth`, frozen.

    Raises:
        MissingError: it is missing.
        InputError: the file holds no such network.
    """
    with torch.random.fork_rng(devices=[]):  # its first weights are chance, which is others'
        network = DepthNet()
    if file is None:
        network.load_state_dict(load_packaged("depth"))
        return network.eval().requires_grad_(False)
    if not file.is_file():
        raise MissingError(f"There is no file {file}: give a depth.safetensors of `styfie train depth`.")
    try:
        network.load_state_dict(load_file(file))
    except (OSError, SafetensorError, RuntimeError):
        raise InputError(
            f"{file} holds no depth network: a depth.safetensors of `styfie train depth` is wanted."
        ) from None
    return network.eval().requires_grad_(False)


@torch.no_grad()
def predict_depth(picture: Tensor, network: nn.Module) -> Tensor:
    """What a network sees, (B, 1, H, W), in a picture (B, 3, H, W)."""
    found: Tensor = network(picture)
    return F.interpolate(found, picture.shape[-2:], mode="bilinear", align_corners=False)
