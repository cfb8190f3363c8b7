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

from styfie.evaluation.patches import Part, at_longest
from styfie.evaluation.patches import patch_distance as patch_distance

SEEN = 384  # longest side that networks see: that at which the judge reads pictures
BLOCKS = (("conv11", "conv12"), ("conv21", "conv22"), ("conv31", "conv32", "conv33", "conv34"))
DEEP = (("conv41", "conv42", "conv43", "conv44"), ("conv51",))


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


def _relative(found: Tensor, wanted: Tensor, weight: Tensor) -> float:
    """How far the Gram matrix of features is from another, as a share of that one."""
    here = F.interpolate(weight, found.shape[-2:], mode="area")
    style = _gram(wanted, torch.ones_like(wanted[:, :1]))
    return float((_gram(found, here) - style).square().sum() / style.square().sum())


def _gram(features: Tensor, weight: Tensor) -> Tensor:
    rows, each = features.flatten(2)[0], weight.flatten()
    return (rows * each) @ rows.T / each.sum()
