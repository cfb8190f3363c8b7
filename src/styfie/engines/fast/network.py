"""The network that paints in one pass: what the encoder sees, in the style's statistics, back to a picture.

A decoder mirrored to the built-in encoder. Each of its levels takes the photo's features at that scale, moved to the
style's mean and covariance (`transport`), and what the level below made of it; the result is added to the photo in the
style's colours, moved likewise. Each convolution is scaled and shifted by a network that reads the style's statistics
(Ghiasi et al. 2017, "Exploring the structure of a real-time, arbitrary neural artistic stylization network"). Noise
with a learned strength gives strokes to walls that are plain in the photo. Class 2.3 in the taxonomy of Jing et al.
(2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.encoders.plain import WIDTHS as ENCODER
from styfie.encoders.plain import Features
from styfie.engines.fast.transport import Gaussian

WIDTHS = (24, 64, 96, 160, 192)  # of the decoder, finest level first
CODE = 192  # of the network that reads a style's statistics
SLOPE = 0.2
FAINT = 0.02  # standard deviation under which a channel is as good as dead


class Level(NamedTuple):
    """The shape of one level: channels from the encoder, within, and handed to the next finer level."""

    seen: int
    width: int
    handed: int


LEVELS = tuple(
    Level(seen, width, handed) for seen, width, handed in zip(ENCODER, WIDTHS, (WIDTHS[0], *WIDTHS[:-1]), strict=True)
)


class FastNet(nn.Module):
    """Features in the style's statistics, and these statistics, to RGB.

    `lateral` bring the encoder's maps to a level's width, `first` and `second` are its 3x3 convolutions; upsampling is
    to the nearest, then a convolution, which leaves no checkerboard (Odena et al. 2016).
    """

    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(level.seen, level.width, 1) for level in LEVELS)
        self.first = nn.ModuleList(nn.Conv2d(level.width, level.width, 3, padding=1) for level in LEVELS)
        self.second = nn.ModuleList(nn.Conv2d(level.width, level.handed, 3, padding=1) for level in LEVELS)
        self.noise = nn.ParameterList(nn.Parameter(torch.zeros(level.width)) for level in LEVELS[1:])
        self.last = nn.Conv2d(LEVELS[0].handed, 3, 3, padding=1)
        self.read = nn.Linear(2 * (3 + sum(ENCODER)), CODE)
        self.say = nn.Linear(CODE, 2 * sum(level.width + level.handed for level in LEVELS))
        nn.init.normal_(self.say.weight, std=1e-3)
        for one in (self.say.bias, self.last.weight, self.last.bias):
            assert one is not None
            nn.init.normal_(one, std=1e-3)

    def filters(self, style: Sequence[Gaussian]) -> list[tuple[Tensor, Tensor]]:
        """The weights and biases of all convolutions, coarsest level first, for one style's statistics per tap.

        A scale and shift of what a convolution makes is one of its weights: said once, it costs nothing per pixel.
        """
        said = self.say(F.leaky_relu(self.read(_summary(style)), SLOPE))
        found, at = [], 0
        for first, second in zip(reversed(self.first), reversed(self.second), strict=True):
            for conv in (first, second):
                assert isinstance(conv, nn.Conv2d) and conv.bias is not None
                width = conv.out_channels
                scale, shift = 1 + said[at : at + width].tanh(), said[at + width : at + 2 * width]
                found.append((conv.weight * scale[:, None, None, None], conv.bias * scale + shift))
                at += 2 * width
        return found

    def forward(
        self, maps: Sequence[Tensor], filters: Sequence[tuple[Tensor, Tensor]], noise: Sequence[Tensor]
    ) -> Tensor:
        """To RGB (1, 3, H, W), around [0, 1].

        `maps` are the photo and its features as `see` gives them, in the style's statistics; `filters` are of the
        style; `noise` (1, 1, h, w) is for all features but the finest.
        """
        colours, *features = maps
        x: Tensor | None = None
        for n, i in enumerate(reversed(range(len(LEVELS)))):
            own = self.lateral[i](features[i])
            if i:
                own = torch.addcmul(own, self.noise[i - 1][:, None, None].to(own.dtype), noise[i - 1].to(own.dtype))
            if x is not None:
                own = own + F.interpolate(x, scale_factor=2.0)[..., : own.shape[-2], : own.shape[-1]]
            x = own
            for weight, bias in filters[2 * n : 2 * n + 2]:
                x = F.leaky_relu(F.conv2d(x, weight, bias, padding=1), SLOPE, inplace=True)
        picture: Tensor = self.last(x)
        return picture.float() + colours.clamp(0, 1)


def see(picture: Tensor, features: Features) -> Features:
    """A picture and its features: what is moved to a style's statistics, the picture (1, 3, H, W) as one of them."""
    return {"rgb": picture, **features}


def _summary(style: Sequence[Gaussian]) -> Tensor:
    """Means, and logarithms of standard deviations, in units of each tap's root mean square."""
    parts = []
    for mean, covariance in style:
        variances = covariance[0].diagonal().clamp_min(0)
        unit = (variances + mean[0].square()).mean().sqrt().clamp_min(1e-4)
        parts += [mean[0] / unit, (variances.sqrt() / unit).clamp_min(FAINT).log()]
    return torch.cat(parts)


def draw_noise(size: tuple[int, int], seed: int) -> list[Tensor]:
    """Standard normal noise (1, 1, h, w) for all maps but the finest of a picture of (height, width)."""
    generator, found = torch.Generator().manual_seed(seed), []
    for _ in LEVELS[1:]:
        size = (-(-size[0] // 2), -(-size[1] // 2))
        found.append(torch.randn((1, 1, *size), generator=generator))
    return found


def load_fast(state: Mapping[str, Tensor]) -> FastNet:
    """The network with these weights, frozen."""
    network = FastNet()
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval().requires_grad_(False)
