"""How far a picture is from its style and from its photo: by networks, and by patches of plain pixels.

A style distance is the sum over taps of |G - A|^2 / |A|^2, G and A the Gram matrices of result and style divided by
their number of positions; a content distance is the mean squared difference at one tap over the photo's variance there.
So the judge defines them; here they can also be taken of a part of the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from styfie.images import read_picture, resize, to_image

Part = tuple[Tensor, Tensor]  # a style (1, 3, H, W), and how much it counts at each pixel of the result (1, 1, h, w)
SEEN = 384  # longest side that networks see: that at which the judge reads pictures
BLOCKS = (("conv11", "conv12"), ("conv21", "conv22"), ("conv31", "conv32", "conv33", "conv34"))
DEEP = (("conv41", "conv42", "conv43", "conv44"), ("conv51",))
SIDES = (3, 5, 9)  # of patches, in pixels
DIRECTIONS = 64  # that patches of each size are projected on
PLACES = 30_000  # at about so many places of a picture, evenly spread
QUANTILES = 1024  # of the projections, that are compared
PATCH_SIDE = 512  # longest side at which patches are cut out


@dataclass(frozen=True)
class Network:
    """A network to measure by: `features` of (1, 3, H, W) in [0, 1] by tap."""

    name: str
    features: Callable[[Tensor], Mapping[Any, Tensor]]
    content_tap: object

    def see(self, picture: Tensor) -> Mapping[Any, Tensor]:
        """The features of a picture of any size, brought to one."""
        return self.features(at_longest(picture, SEEN))

    def style_distance(self, result: Tensor, parts: Iterable[Part]) -> float:
        """From each part's style inside it; the mean by how much of the picture the parts are."""
        parts, seen, total = list(parts), self.see(result), 0.0
        for style, weight in parts:
            wanted = self.see(style)
            part = (_relative(seen[tap], wanted[tap], weight) for tap in wanted)
            total += float(weight.mean()) * sum(part)
        return total / sum(float(weight.mean()) for _, weight in parts)

    def content_distance(self, result: Tensor, photo: Tensor) -> float:
        """From the photo, of about the same proportions."""
        small = at_longest(result, SEEN)
        found = self.features(small)[self.content_tap]
        as_large = F.interpolate(at_longest(photo, SEEN), small.shape[-2:], mode="area")
        wanted = self.features(as_large)[self.content_tap]
        return float(F.mse_loss(found, wanted) / wanted.var())


def judge_network(judge: ModuleType) -> Network:
    """The judge's own features."""
    return Network("judge", judge.features, judge.CONTENT_TAP)


def teacher_network(file: Path) -> Network:
    """VGG-19 with a quarter of its channels, through its maps into VGG-19's own space.

    Nearness in it shows faithfulness to the teacher, where a network was taught by it, not beauty.
    """
    weights = load_file(file)

    def convolve(x: Tensor, name: str) -> Tensor:
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), weights[f"{name}.weight"], weights[f"{name}.bias"])

    @torch.no_grad()
    def features(picture: Tensor) -> dict[str, Tensor]:
        x, found = F.conv2d(picture, weights["conv0.weight"], weights["conv0.bias"]), {}
        for n, block in enumerate((*BLOCKS, *DEEP), 1):
            x = x if n == 1 else F.max_pool2d(x, 2)
            for name in block:
                x = F.relu(convolve(x, name))
                if name.endswith("1"):
                    aux = f"aux{n}1"
                    found[f"relu{n}_1"] = F.conv2d(x, weights[f"{aux}.weight"], weights[f"{aux}.bias"])
        return found

    return Network("teacher", features, "relu4_1")


def patch_distance(result: Tensor, parts: Iterable[Part]) -> float:
    """Sliced Wasserstein distance of plain pixel patches of 3, 5 and 9 pixels: the mean, by how large the parts are.

    Patches are projected on the same random directions of length 1; the mean squared difference of the projections'
    quantiles is taken. Where a Gram matrix is content with relief of the right energy, patches want strokes.
    """
    parts, seen, total = list(parts), at_longest(result, PATCH_SIDE), 0.0
    for style, weight in parts:
        here = resize(weight, (seen.shape[-2], seen.shape[-1]))
        wanted = at_longest(style, PATCH_SIDE)
        all_of_it = torch.ones_like(wanted[:, :1])
        sides = (_quantiles(seen, here, side) - _quantiles(wanted, all_of_it, side) for side in SIDES)
        total += float(weight.mean()) * sum(float(change.square().mean()) for change in sides) / len(SIDES)
    return total / sum(float(weight.mean()) for _, weight in parts)


def at_longest(picture: Tensor, longest: int) -> Tensor:
    """A picture (1, 3, H, W) at a longest side of so many pixels, as if it were read from a file."""
    return read_picture(to_image(picture), longest)


def _relative(found: Tensor, wanted: Tensor, weight: Tensor) -> float:
    """How far the Gram matrix of features is from another, as a share of that one."""
    here = F.interpolate(weight, found.shape[-2:], mode="area")
    style = _gram(wanted, torch.ones_like(wanted[:, :1]))
    return float((_gram(found, here) - style).square().sum() / style.square().sum())


def _gram(features: Tensor, weight: Tensor) -> Tensor:
    rows, each = features.flatten(2)[0], weight.flatten()
    return (rows * each) @ rows.T / each.sum()


def _quantiles(picture: Tensor, weight: Tensor, side: int) -> Tensor:
    """Quantiles (DIRECTIONS, QUANTILES) of the projected patches whose middle is inside."""
    generator = torch.Generator().manual_seed(side)
    directions = torch.randn(DIRECTIONS, 3 * side * side, generator=generator)
    kernels = F.normalize(directions, dim=1).view(DIRECTIONS, 3, side, side)
    inside = (weight[..., side // 2 : -(side // 2), side // 2 : -(side // 2)].flatten() > 0.5).nonzero().flatten()
    some = inside[:: max(1, len(inside) // PLACES)]
    projected = F.conv2d(picture, kernels).flatten(2)[0][:, some].sort(1).values
    count = len(some)
    at = ((torch.arange(QUANTILES) + 0.5) / QUANTILES * count).long().clamp(max=count - 1)
    return projected[:, at]
