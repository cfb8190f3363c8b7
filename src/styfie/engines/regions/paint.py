"""Painting by regions: flat pieces with smooth outlines, as glass, paper or a poster.

Class 0.2 in the taxonomy of Jing et al. (2018): before networks, by regions. The kind is asked for as a style of its
name (`glass`, `papercut`, `poster`), or is the one that suits a style picture; colours are those of the style pictures,
and the photo's own where there is none but the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from styfie.engines.layers import band_of, in_style_colours, unpainted, with_style
from styfie.engines.progress import Progress
from styfie.engines.regions.kinds import KINDS, Cut, draw, toned
from styfie.engines.regions.outlines import lines_of, rings_of
from styfie.engines.regions.pieces import Pieces, cut, smoothed
from styfie.engines.regions.svg import to_svg
from styfie.images import resize
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings

PIECES = 40  # of a picture, at a look's usual content and stroke
SUITED = {"glass": "glass", "mosaic": "glass", "shards": "glass", "deco": "papercut", "linocut": "papercut"}
DEFAULT = "poster"


def kind_for(styles: Sequence[Style]) -> str:
    """What some styles ask for: the heaviest that is called so, else what suits the heaviest of all."""
    named = [style for style in styles if style.name in KINDS]
    style = max(named or styles, key=lambda one: one.weight)
    return style.name if named else SUITED.get(style.name, DEFAULT)


def regions(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
) -> Iterator[Progress]:
    """Paint every region that has a style.

    `photo` (1, 3, H, W) and `regions` are of the result's size. `settings` are not read: nothing is drawn by chance.
    All is done on the processor. It neither begins from a painting nor keeps a state; the result has an `svg`.
    """
    del settings, start, state
    styled = with_style(regions, looks)
    if not styled:
        yield unpainted(photo, regions)
        return
    detail = sum(2 ** (2 * look.content - 1) / look.stroke**2 for look in styled.values()) / len(styled)
    pieces = cut(photo, regions.alpha, regions.face, max(6, round(PIECES * detail)))
    labels = smoothed(pieces)
    lines = lines_of(labels)
    outlines = Cut(lines, rings_of(lines), max(labels.shape), frozenset(pieces.face.nonzero()[0].tolist()))
    bands, layers = band_of(regions.alpha), photo.repeat(len(regions.names), 1, 1, 1)
    painted = {}
    for i, look in styled.items():
        kind = KINDS[kind_for(look.styles)]
        coloured = tuple(style for style in look.styles if style.name not in KINDS)
        picture = photo
        if coloured:
            picture = in_style_colours(photo, regions.alpha[i : i + 1], replace(look, styles=coloured)).clamp(0, 1)
        colours, area = _means(picture, labels, len(pieces.owner))
        colours = toned(colours, kind, area)
        layers[i : i + 1] = torch.lerp(photo, draw(outlines, colours, kind, regions.size), bands[i : i + 1])
        painted[regions.names[i]] = colours, kind, _pieces_of(pieces, i)
    whole = len(styled) == len(regions.names)
    svg = to_svg(outlines, painted, regions.size, None if whole else photo)
    yield Progress(1, 1, {}, 0.0, layers, svg=svg)


def _pieces_of(pieces: Pieces, region: int) -> frozenset[int]:
    return frozenset((pieces.owner == region).nonzero()[0].tolist())


def _means(picture: Tensor, labels: object, count: int) -> tuple[Tensor, Tensor]:
    """The mean colour (N, 3) of each piece, and its area (N)."""
    numbers = torch.as_tensor(labels).long()
    small = resize(picture, (numbers.shape[0], numbers.shape[1])).clamp(0, 1)[0].flatten(1).cpu()
    area = torch.bincount(numbers.flatten(), minlength=count).to(small)
    sums = torch.zeros(count, 3).index_add_(0, numbers.flatten(), small.T.contiguous())
    return sums / area.clamp_min(1)[:, None], area
