"""Johnson, Alahi and Fei-Fei (2016) as published: padding at the start alone, transposed convolutions, tanh at the end.

The network beside it, `network`, is what later work made of it. Class 2.1 in the taxonomy of Jing et al. (2018).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie.encoders.vgg import NORMALISATIONS
from styfie.engines.per_style.network import BLOCKS, WIDTH

PADDING = 40  # pixels of reflection at the start: what ten convolutions without padding take away at a quarter the size
REACH = 150.0  # of the tanh, in 255ths around the mean colour


class PublishedNet(nn.Module):
    """RGB (1, 3, H, W) in [0, 1] to RGB around [0, 1] in one style; 1,679,235 parameters at `width` 1.

    A departure: instance normalisation, as in its authors' later code, in place of batch normalisation.
    """

    styles = 1
    mean: Tensor

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        a, b, c = (max(4, round(width * WIDTH * factor)) for factor in (1, 2, 4))
        self.down = nn.ModuleList(
            [nn.Conv2d(3, a, 9, padding=4), nn.Conv2d(a, b, 3, 2, padding=1), nn.Conv2d(b, c, 3, 2, padding=1)]
        )
        self.blocks = nn.ModuleList(nn.Conv2d(c, c, 3) for _ in range(2 * BLOCKS))
        self.back = nn.ModuleList(
            nn.ConvTranspose2d(seen, made, 3, 2, padding=1, output_padding=1) for seen, made in ((c, b), (b, a))
        )
        self.last = nn.Conv2d(a, 3, 9, padding=4)
        widths = (a, b, c, *[c] * (2 * BLOCKS), b, a)
        self.norms = nn.ModuleList(nn.InstanceNorm2d(width, affine=True) for width in widths)
        blue_first = torch.tensor(NORMALISATIONS["caffe"].mean)
        self.register_buffer("mean", blue_first.flip(0)[:, None, None] / 255, persistent=False)

    def forward(self, picture: Tensor, weights: Tensor | None = None) -> Tensor:
        """Paint; the result has the picture's size. `weights` (1,) of its one style say nothing."""
        del weights
        height, width = picture.shape[-2:]
        more = (PADDING, PADDING + -width % 4, PADDING, PADDING + -height % 4)
        mode = "reflect" if min(height, width) > PADDING + 3 else "replicate"  # which repeats less than there is
        x = 255 * (F.pad(picture, more, mode=mode) - self.mean.to(picture))
        norms = iter(self.norms)
        for conv in self.down:
            x = F.relu(next(norms)(conv(x)))
        for first, second in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            inner = F.relu(next(norms)(first(x)))
            x = x[..., 2:-2, 2:-2] + next(norms)(second(inner))
        for conv in self.back:
            x = F.relu(next(norms)(conv(x)))
        found: Tensor = self.last(x)[..., :height, :width].float()
        return self.mean.float() + REACH / 255 * found.tanh()


def load_published(state: Mapping[str, Tensor]) -> PublishedNet:
    """The network with these weights, its width read from their shapes; frozen."""
    network = PublishedNet(state["down.0.weight"].shape[0] / WIDTH)
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.eval().requires_grad_(False)
