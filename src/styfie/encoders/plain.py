"""The built-in perceptual network: five thin plain convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from styfie.weights import load_packaged

Features = dict[str, Tensor]
AddGradient = Callable[[str, Tensor], None]
WIDTHS = (24, 48, 96, 160, 256)
SLOPE = 0.1


class PlainEncoder(nn.Module):
    """3x3 convolution, LeakyReLU and 2x2 average pooling, once per width.

    Plain (no residual, no normalisation) because Gram matrices of residual networks make poor
    styles; average pooling because Gatys et al. (2015) found its gradients to paint cleaner
    strokes than maximum pooling's. Padding replicates the border, so that no dark frame enters
    the statistics.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, padding: Literal["replicate", "zeros"] = "replicate") -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, padding_mode=padding) for a, b in zip((3, *widths), widths, strict=False)
        )
        self.widths = widths
        self.style_taps = tuple(f"conv{i}" for i in range(1, len(widths) + 1))
        self.content_tap = f"conv{min(4, len(widths))}"
        self.content_taps: tuple[str, ...] = (self.content_tap,)
        self.stride = 2 ** (len(widths) - 1)
        self.reach = 2 * self.stride  # 1 + 2 + 4 + … a pixel less than that

    def forward(self, picture: Tensor) -> Features:
        """RGB (B, 3, H, W) in [0, 1] to `conv1`, `conv2`, …: (B, widths[i], H / 2**i, W / 2**i), rounded up."""
        taps: Features = {}
        x = (picture - 0.5).to(next(self.parameters()).dtype)
        for i, conv in enumerate(self.convs, 1):
            if taps:
                x = halve(x)
            x = F.leaky_relu(conv(x), SLOPE, inplace=True)
            taps[f"conv{i}"] = x
        return taps

    @torch.no_grad()
    def backward(self, taps: Features, add_gradient: AddGradient) -> Tensor:
        """The gradient (B, 3, H, W), in float32 or better, by the picture whose maps are `taps`, without autograd.

        `add_gradient(name, gradient)` adds to a gradient of that map's shape, in place, the loss's own by the
        map. The same as autograd's, in four fifths of its time at 256 pixels: maps are all that is kept, and gradients
        are summed where they are.
        """
        gradient = torch.zeros_like(taps[f"conv{len(self.convs)}"])
        for i in range(len(self.convs), 0, -1):
            conv: nn.Conv2d = self.convs[i - 1]  # type: ignore[assignment]
            maps, replicated = taps[f"conv{i}"], conv.padding_mode == "replicate"
            add_gradient(f"conv{i}", gradient)
            torch.ops.aten.leaky_relu_backward.grad_input(gradient, maps, SLOPE, True, grad_input=gradient)
            if i == 1:
                gradient = _picture_gradient(gradient, conv.weight)
                break
            below = taps[f"conv{i - 1}"]
            around = 2 * replicated  # what the padding was made of, too
            size = (*maps.shape[:1], below.shape[1], maps.shape[-2] + around, maps.shape[-1] + around)
            weight = conv.weight.contiguous(memory_format=torch.channels_last)
            gradient = conv2d_input(size, weight, gradient, padding=0 if replicated else 1)
            gradient = _doubled(_folded(gradient) if replicated else gradient, below)
        return _folded(gradient) if replicated else gradient[..., 1:-1, 1:-1]


def _picture_gradient(gradient: Tensor, weight: Tensor) -> Tensor:
    """The gradient (B, 3, H + 2, W + 2) by a padded picture, of a convolution's output (B, C, H, W).

    Four pixels at a time, as twelve channels of a convolution with a stride of 2: processors convolve to 16 channels in
    no more time than to 3.
    """
    count, colours = weight.shape[:2]
    flipped = weight.flip(2, 3).transpose(0, 1)
    wide = weight.new_zeros(2, 2, colours, count, 4, 4)
    for y in range(2):
        for x in range(2):
            wide[y, x, :, :, y : y + 3, x : x + 3] = flipped
    height, width = gradient.shape[-2:]
    odd = (0, width % 2, 0, height % 2)
    gradient = F.pad(gradient, odd) if any(odd) else gradient
    kernel = wide.flatten(0, 2).contiguous(memory_format=torch.channels_last)
    cells = F.conv2d(gradient, kernel, stride=2, padding=2).unflatten(1, (2, 2, colours))
    precise = torch.promote_types(cells.dtype, torch.float32)
    found = cells.new_empty((len(cells), colours, cells.shape[-2], 2, cells.shape[-1], 2), dtype=precise)
    found.copy_(cells.permute(0, 3, 4, 1, 5, 2))
    padded: Tensor = found.flatten(4, 5).flatten(2, 3)
    return padded[..., : height + 2, : width + 2]


def _folded(padded: Tensor) -> Tensor:
    """What a replicated border (B, C, H + 2, W + 2) gives back to the pixels (B, C, H, W); spends its argument."""
    for dim in (2, 3):
        for rim, pixel in ((0, 1), (-1, -2)):
            padded.select(dim, pixel).add_(padded.select(dim, rim))
    return padded[..., 1:-1, 1:-1]


def _doubled(gradient: Tensor, below: Tensor) -> Tensor:
    """The gradient of `halve` by maps like `below`, in their own format."""
    height, width = below.shape[-2:]
    share = 0.25 * gradient
    if height % 2:  # the last row alone is the mean of half as many, and the last column likewise
        share[..., -1, :] *= 2
    if width % 2:
        share[..., -1] *= 2
    spread = F.interpolate(share, scale_factor=2.0)[..., :height, :width]
    return spread.contiguous(memory_format=torch.channels_last)


def halve(x: Tensor) -> Tensor:
    """2x2 average pooling of (B, C, H, W), a last odd row or column alone."""
    pooled: Tensor = _Halve.apply(x)  # type: ignore[no-untyped-call]
    return pooled


class _Halve(torch.autograd.Function):
    """Its gradient is one copy; PyTorch's own took a third of a whole step on channels-last bfloat16 maps."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.size = x.shape[-2:]
        return F.avg_pool2d(x, 2, ceil_mode=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        height, width = ctx.size
        positions = 0.25 * gradients[0].permute(0, 2, 3, 1)
        if height % 2:  # the last row alone is the mean of half as many, and the last column likewise
            positions[:, -1] *= 2
        if width % 2:
            positions[:, :, -1] *= 2
        batch, rows, columns, channels = positions.shape
        wide = positions[:, :, None, :, None].expand(-1, -1, 2, -1, 2, -1)
        spread = wide.reshape(batch, 2 * rows, 2 * columns, channels)
        return spread[:, :height, :width].permute(0, 3, 1, 2)


def load_plain(state: dict[str, Tensor], content_taps: tuple[str, ...] = ()) -> PlainEncoder:
    """A frozen encoder whose widths are read from the weights' own shapes; on which taps content is compared."""
    widths = tuple(w.shape[0] for name, w in state.items() if name.endswith("weight"))
    encoder = PlainEncoder(tuple(sorted(widths)))
    encoder.content_taps = content_taps or encoder.content_taps
    encoder.load_state_dict({name: w.to(torch.float32) for name, w in state.items()})
    for conv in encoder.convs:  # in the format of the maps: else each would bring its weights into it at every call
        conv.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return encoder.eval().requires_grad_(False)


def load_styfie_1() -> PlainEncoder:
    """The built-in network, content on its fourth convolution.

    Raises:
        MissingError: it is missing from the package.
    """
    return load_plain(load_packaged("encoder"))


def load_styfie_2() -> PlainEncoder:
    """The built-in network, content on its last three convolutions.

    Raises:
        MissingError: it is missing from the package.
    """
    return load_plain(load_packaged("encoder"), ("conv3", "conv4", "conv5"))
