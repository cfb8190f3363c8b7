"""Painting by filters: no network, no search, one formula for each kind of drawing.

Class 0.4 in the taxonomy of Jing et al. (2018): before networks, by filters. The kind is asked for as a style of its
name (`ink`, `comic`, …), or is the one that suits a style picture; colours are those of the style pictures, and the
photo's own where there is none but the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from styfie.colour import luma_of
from styfie.devices import pick_device
from styfie.engines.filters.recipes import RECIPES, Subject
from styfie.engines.layers import in_style_colours
from styfie.engines.onepass import in_one_pass
from styfie.engines.progress import Progress
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings

SUITED = {
    "night": "oil",
    "autumn": "oil",
    "waves": "comic",
    "glass": "comic",
    "dots": "halftone",
    "mosaic": "oil",
    "shards": "comic",
    "pop": "halftone",
    "marble": "watercolour",
    "deco": "comic",
    "embroidery": "oil",
    "linocut": "ink",
    "great-wave": "comic",
    "grande-jatte": "halftone",
    "tableau-2": "comic",
}
"""The kind of filter for pictures of the gallery; others are told by their colours."""

DRAWN, WASHED = 0.06, (0.72, 0.3)  # mean saturation of what is drawn; luma above and saturation below of a watercolour
TONES = 0.06  # share of a style's pixels that its ink is the mean of, and its paper


def kind_for(styles: Sequence[Style]) -> str:
    """The filter that some styles ask for: the heaviest that is called so, else what suits the heaviest of all."""
    named = [style for style in styles if style.name in RECIPES]
    style = max(named or styles, key=lambda one: one.weight)
    return style.name if named else SUITED.get(style.name) or _kind_for_picture(style.picture)


def _kind_for_picture(picture: Tensor) -> str:
    luma, saturation = float(luma_of(picture).mean()), float((picture.amax(1) - picture.amin(1)).mean())
    if saturation < DRAWN:
        return "ink"
    return "watercolour" if luma > WASHED[0] and saturation < WASHED[1] else "oil"


class FilterPainter:
    """Paints photo after photo in the same looks, each in one go at whatever size."""

    def __init__(self, looks: Mapping[str, Look], settings: Settings) -> None:
        self.looks, self.device = looks, pick_device(settings.device)
        self._kinds = {id(look): kind_for(look.styles) for look in looks.values() if look.styles}

    def paint(self, content: Tensor, band: Tensor, look: Look) -> Tensor:
        """`content` (1, 3, h, w) in one look, without faces."""
        return self.paint_whole(content, band, look, torch.zeros_like(band))

    def paint_whole(self, content: Tensor, band: Tensor, look: Look, face: Tensor) -> Tensor:
        """`content` (1, 3, h, w) in one look; its colours are those where `band` (1, 1, h, w) is above 0.

        `face` (1, 1, h, w) is how much faces are to stay themselves.
        """
        coloured = tuple(style for style in look.styles if style.name not in RECIPES)
        picture, tones = content, None
        if coloured:
            own = replace(look, styles=tuple(style.to(content.device) for style in coloured))
            picture = in_style_colours(content, band, own).clamp(0, 1)
            tones = _tones(own)
        detail = 2 ** (0.5 - look.content)
        unit = look.stroke * detail * max(content.shape[-2:]) / 512
        subject = Subject(picture, face, unit, *(tones or (None, None)))
        return RECIPES[self._kinds[id(look)]](subject)


def _tones(look: Look) -> tuple[Tensor, Tensor]:
    """The mean colours (3) of the styles' darkest and lightest pixels."""
    found = []
    for share, style in zip(look.weights, look.styles, strict=True):
        pixels, luma = style.picture[0].flatten(1), luma_of(style.picture).flatten()
        if style.alpha is not None:
            inside = style.alpha.flatten() > 0.5
            pixels, luma = pixels[:, inside], luma[inside]
        count, order = max(1, round(TONES * len(luma))), luma.argsort()
        tones = torch.stack([pixels[:, one].mean(1) for one in (order[:count], order[-count:])])
        found.append(share * tones)
    dark, light = torch.stack(found).sum(0)
    return dark, light


def filters(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
) -> Iterator[Progress]:
    """Paint every region that has a style, in one pass.

    `photo` (1, 3, H, W) and `regions` are of the result's size. Of `settings` only the device is read: nothing is drawn
    by chance but grains that are always the same. It neither begins from a painting nor keeps a state.
    """
    del start, state
    return in_one_pass(lambda: FilterPainter(looks, settings), photo, regions)
