"""Posterising: the photo's lightness in a few levels, each in the style's mean colour at that rank of lightness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from styfie.plugins import Look, Progress, Regions, Settings, in_one_pass

LEVELS = 6  # colours at content 0; with more of the photo's drawing kept there are up to twice as many
LUMA = (0.299, 0.587, 0.114)


class PosterPainter:
    """Paints photo after photo: what `styfie.plugins.OnePassPainter` asks for is `looks`, `device` and `paint`."""

    def __init__(self, looks: Mapping[str, Look], settings: Settings) -> None:
        del settings  # there is nothing in them that a poster depends on
        self.looks, self.device = looks, torch.device("cpu")

    def paint(self, content: Tensor, band: Tensor, look: Look) -> Tensor:
        """`content` (1, 3, h, w) as a poster; where `band` (1, 1, h, w) is 0 nobody looks."""
        del band
        colours = palette(look, round(LEVELS * (1 + look.content)))
        light = luma(content)
        order = light.flatten().sort().values
        edges = order[(torch.arange(1, len(colours)) * len(order)) // len(colours)]
        return colours[torch.bucketize(light[:, 0], edges, right=True)].permute(0, 3, 1, 2).contiguous()


def poster(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
) -> Iterator[Progress]:
    """Paint every region that has a style as a poster; `photo` (1, 3, H, W). It begins from nothing, keeps no state."""
    del start, state
    return in_one_pass(lambda: PosterPainter(looks, settings), photo, regions)


def palette(look: Look, levels: int) -> Tensor:
    """So many colours (levels, 3) of the look's styles, from dark to light: the means of equal shares of pixels."""
    total = sum(style.weight for style in look.styles)
    each = [style.weight / total * _of_picture(style.picture, style.alpha, levels) for style in look.styles]
    return torch.stack(each).sum(0).clamp(0, 1)


def _of_picture(picture: Tensor, alpha: Tensor | None, levels: int) -> Tensor:
    pixels, light = picture[0].flatten(1).T, luma(picture).flatten()
    if alpha is not None:
        inside = alpha.flatten() > 0.5
        pixels, light = pixels[inside], light[inside]
    order = light.argsort(stable=True)
    shares = torch.tensor_split(pixels[order], levels)
    return torch.stack([share.mean(0) if len(share) else pixels.mean(0) for share in shares])


def luma(picture: Tensor) -> Tensor:
    """Lightness (1, 1, H, W) of a picture (1, 3, H, W)."""
    return (picture * picture.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
