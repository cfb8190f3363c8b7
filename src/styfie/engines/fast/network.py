"""The network that paints in one pass: what the encoder sees, in the style's statistics, back to a picture.

A decoder mirrored to the built-in encoder. Each of its levels takes the photo's features at that scale, as they are and
moved to the style's mean and covariance (`transport`), and what the level below made of it; the result is added to the
photo in the style's colours, moved likewise. A network that reads the style's statistics says how much each convolution
makes of each channel (Ghiasi et al. 2017, "Exploring the structure of a real-time, arbitrary neural artistic
stylization network"), and its weights are brought back to one norm after that (Karras et al. 2020, "Analyzing and
improving the image quality of StyleGAN"): no style can switch a level off. Noise with a learned strength gives strokes
to walls that are plain in the photo. Class 2.3 in the taxonomy of Jing et al. (2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.encoders.plain import WIDTHS as ENCODER
from styfie.encoders.plain import Features
from styfie.engines.fast.transport import Affine, Gaussian

WIDTHS = (16, 48, 80, 128, 192)  # of the decoder, finest level first
CODE = 192  # of the network that reads a style's statistics
SLOPE = 0.2
GAIN = (2 / (1 + SLOPE**2)) ** 0.5  # with which a leaky rectifier keeps the mean square
FIRM = 0.2  # standard deviation, at first, of weights that are brought to one norm: it measures a step of learning
FAINT = 0.02  # standard deviation under which a channel is as good as dead

Filter = tuple[Tensor, Tensor]  # weight and bias of a convolution


class Level(NamedTuple):
    """The shape of one level: channels from the encoder, and within; `handed` to the next finer level, if there is."""

    seen: int
    width: int
    handed: int


LEVELS = tuple(
    Level(seen, width, handed) for seen, width, handed in zip(ENCODER, WIDTHS, (0, *WIDTHS[:-1]), strict=True)
)


class FastNet(nn.Module):
    """Features of a photo, the map to a style's statistics, and these statistics, to RGB.

    `moved` and `plain` bring the encoder's maps to a level's width, in the style's statistics and as they are. `first`
    and, but for the finest level, `second` are its 3x3 convolutions; upsampling is to the nearest, then a convolution,
    which leaves no checkerboard (Odena et al. 2016).
    """

    def __init__(self) -> None:
        super().__init__()
        coarser = LEVELS[1:]
        self.moved = nn.ModuleList(nn.Conv2d(level.seen, level.width, 1) for level in LEVELS)
        self.plain = nn.ParameterList(nn.Parameter(torch.zeros(level.width, level.seen)) for level in LEVELS)
        self.first = nn.ModuleList(_conv3(level.width, level.width) for level in LEVELS)
        self.second = nn.ModuleList(_conv3(level.width, level.handed) for level in coarser)
        self.noise = nn.ParameterList(nn.Parameter(torch.zeros(level.width)) for level in coarser)
        self.last = _conv3(LEVELS[0].width, 3)
        self.read = nn.Linear(2 * (3 + sum(ENCODER)), CODE)
        self.think = nn.Linear(CODE, CODE)
        self.say = nn.Linear(CODE, sum(conv.in_channels + conv.out_channels for conv in self.convolutions()))
        for conv in self.convolutions():
            nn.init.normal_(conv.weight, std=FIRM)
        for one in (self.say.weight, self.say.bias):
            nn.init.zeros_(one)
        assert self.last.bias is not None
        for one in (self.last.weight, self.last.bias):
            nn.init.normal_(one, std=1e-3)

    def convolutions(self) -> list[nn.Conv2d]:
        """All that a style speaks to, coarsest level first, a level's own one after the other."""
        found: list[nn.Module] = []
        for i in reversed(range(len(LEVELS))):
            found += [self.first[i], *([self.second[i - 1]] if i else [])]
        return [one for one in found if isinstance(one, nn.Conv2d)]

    def filters(self, style: Sequence[Gaussian]) -> list[Filter]:
        """The weights and biases of all convolutions, coarsest level first, for one style's statistics per tap.

        Said once, a style costs nothing per pixel.
        """
        code = F.layer_norm(F.leaky_relu(self.read(_summary(style)), SLOPE), (CODE,))
        code = F.layer_norm(F.leaky_relu(self.think(code), SLOPE), (CODE,))
        convolutions, found = self.convolutions(), []
        widths = [width for conv in convolutions for width in (conv.in_channels, conv.out_channels)]
        said = iter((self.say(code) / CODE**0.5).split(widths))
        for conv, scale, shift in zip(convolutions, said, said, strict=True):
            assert conv.bias is not None
            scaled = conv.weight * (1 + scale)[:, None, None]
            norm = scaled.square().sum((1, 2, 3), keepdim=True).clamp_min(1e-8).rsqrt()
            found.append((GAIN * norm * scaled, conv.bias + shift))
        return found

    def laterals(self, affines: Sequence[Affine]) -> list[Filter]:
        """What brings the encoder's maps to each level's width, finest first: as they are and moved by `affines`."""
        found = []
        for conv, plain, affine in zip(self.moved, self.plain, affines, strict=True):
            assert isinstance(conv, nn.Conv2d) and conv.bias is not None
            weight = conv.weight[..., 0, 0]
            both = weight @ affine.matrix[0] + plain
            found.append((both[..., None, None], weight @ affine.offset[0] + conv.bias))
        return found

    def forward(
        self,
        colours: Tensor,
        features: Sequence[Tensor],
        laterals: Sequence[Filter],
        filters: Sequence[Filter],
        noise: Sequence[Tensor],
    ) -> Tensor:
        """To RGB (1, 3, H, W), around [0, 1].

        `colours` are the photo's in the style's statistics, `features` the encoder's of it as they are; `laterals`
        are of photo and style, `filters` of the style; `noise` (1, 1, h, w) is for all features but the finest.
        """
        x: Tensor | None = None
        wanted = iter(filters)
        for i in reversed(range(len(LEVELS))):
            own = F.conv2d(features[i], *laterals[i])
            if i:
                own = torch.addcmul(own, self.noise[i - 1][:, None, None].to(own.dtype), noise[i - 1].to(own.dtype))
            if x is not None:
                own = own + F.interpolate(x, scale_factor=2.0)[..., : own.shape[-2], : own.shape[-1]]
            for _ in range(2 if i else 1):
                own = F.leaky_relu(_convolved(own, *next(wanted)), SLOPE, inplace=True)
            x = own
        picture = _convolved(own, self.last.weight, self.last.bias)
        return picture.float() + colours.clamp(0, 1)


def _conv3(seen: int, made: int) -> nn.Conv2d:
    """A 3x3 convolution, the border's own pixels repeated: zeros would frame the picture."""
    return nn.Conv2d(seen, made, 3, padding=1, padding_mode="replicate")


def _convolved(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """As by `_conv3`, with other weights."""
    return F.conv2d(F.pad(x, (1, 1, 1, 1), "replicate"), weight, bias)


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
