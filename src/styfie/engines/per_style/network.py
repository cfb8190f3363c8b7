"""Johnson, Alahi and Fei-Fei (2016): a network that paints one style; with a scale and shift per style, several.

The published layers, with instance normalisation (Ulyanov et al. 2016) and, for the transposed convolutions, nearest
upsampling and a convolution (Odena et al. 2016). Several styles share all but the scale and shift after each
normalisation (Dumoulin et al. 2017, "A learned representation for artistic style"). A departure: what the network makes
is added to the photo in the style's colours, which it need not learn then, and there is no tanh at the end: what leaves
[0, 1] is charged in training, as in the optimising engine. Classes 2.1 and 2.2 in the taxonomy of Jing et al. (2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.engines.fast.transport import PLAIN, Gaussian, gaussian, transport

WIDTH = 32  # channels of the first convolution as published
BLOCKS = 5


class TransformNet(nn.Module):
    """RGB (1, 3, H, W) in [0, 1] to RGB around [0, 1], in one style or a blend of several.

    `width` is a share of the published widths: 1 has 1,679,235 parameters for one style, 0.5 a quarter of that.
    """

    colour: Tensor
    spread: Tensor

    def __init__(self, width: float = 0.5, styles: int = 1) -> None:
        super().__init__()
        a, b, c = (max(4, round(width * WIDTH * factor)) for factor in (1, 2, 4))
        self.down = nn.ModuleList([_conv(3, a, 9), _conv(a, b, 3, 2), _conv(b, c, 3, 2)])
        self.blocks = nn.ModuleList(_conv(c, c, 3) for _ in range(2 * BLOCKS))
        self.up = nn.ModuleList([_conv(c, b, 3), _conv(b, a, 3)])
        self.last = _conv(a, 3, 9)
        widths = (a, b, c, *[c] * (2 * BLOCKS), b, a)
        self.scale = nn.ParameterList(nn.Parameter(torch.ones(styles, width)) for width in widths)
        self.shift = nn.ParameterList(nn.Parameter(torch.zeros(styles, width)) for width in widths)
        nn.init.normal_(self.last.weight, std=1e-3)
        self.register_buffer("colour", torch.full((styles, 3), 0.5))  # the styles' mean colours
        self.register_buffer("spread", 0.05 * torch.eye(3).repeat(styles, 1, 1))  # and their covariances

    @property
    def styles(self) -> int:
        """How many styles it knows."""
        return len(self.scale[0])

    def forward(self, picture: Tensor, weights: Tensor) -> Tensor:
        """Paint in the styles blended by `weights` (styles,), which sum to 1; the result has the picture's size."""
        height, width = picture.shape[-2:]
        # Reflection wants more pixels than it repeats, and two halvings whole cells.
        padded = F.pad(picture - 0.5, (0, -width % 4, 0, -height % 4), mode="replicate")
        affine = iter([(weights @ scale, weights @ shift) for scale, shift in zip(self.scale, self.shift, strict=True)])
        x = padded
        for conv in self.down:
            x = F.relu(_normal(conv(x), *next(affine)))
        for first, second in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            inner = F.relu(_normal(first(x), *next(affine)))
            x = x + _normal(second(inner), *next(affine))
        for conv in self.up:
            x = F.relu(_normal(conv(F.interpolate(x, scale_factor=2.0)), *next(affine)))
        found: Tensor = self.last(x)[..., :height, :width].float() + self._coloured(picture.float(), weights)
        return found

    def _coloured(self, picture: Tensor, weights: Tensor) -> Tensor:
        """The picture in the styles' colours."""
        with torch.autocast(picture.device.type, enabled=False):  # a difference of large numbers
            blend = (torch.tensordot(weights.float(), one.float(), 1)[None] for one in (self.colour, self.spread))
            return transport(gaussian(picture), Gaussian(*blend), PLAIN)(picture).clamp(0, 1)

    @torch.no_grad()
    def know(self, styles: Sequence[Tensor]) -> None:
        """Take the colours of its styles, each RGB (1, 3, H, W) in [0, 1]."""
        for n, style in enumerate(styles):
            mean, covariance = gaussian(style)
            self.colour[n], self.spread[n] = mean[0], covariance[0]


def load_transform(state: Mapping[str, Tensor]) -> TransformNet:
    """The network with these weights, its width and styles read from their shapes; frozen."""
    width = state["down.0.weight"].shape[0] / WIDTH
    network = TransformNet(width, state["scale.0"].shape[0])
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval().requires_grad_(False)


def _conv(seen: int, made: int, side: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(seen, made, side, stride, padding=side // 2, padding_mode="reflect")


def _normal(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Instance normalisation of one picture, which is what batch normalisation of a batch of one does."""
    return F.batch_norm(x, None, None, scale, shift, training=True)
