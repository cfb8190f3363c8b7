"""Painting by regions: flat pieces with smooth outlines, as glass, paper or a poster.

Class 0.2 in the taxonomy of Jing et al. (2018): before networks, by regions. The kind is asked for as a style of its
name (`glass`, `papercut`, `poster`), or is the one that suits a style picture; colours are those of the style pictures,
and the photo's own where there is none but the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from styfie.engines.layers import band_of, compose, if_styled, in_style_colours, with_style
from styfie.engines.progress import Progress
from styfie.engines.regions.kinds import KINDS, Cut, draw, toned
from styfie.engines.regions.outlines import lines_of, rings_of
from styfie.engines.regions.pieces import Pieces, cut, divided, smoothed
from styfie.engines.regions.svg import to_svg
from styfie.images import resize
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.segmentation.jseg.jvalues import Labels
from styfie.settings import Settings

PIECES = 40  # of a picture, at a look's usual content and stroke
SUITED = {"glass": "glass", "mosaic": "glass", "shards": "glass", "deco": "papercut", "linocut": "papercut"}
DEFAULT = "poster"


def kind_for(styles: Sequence[Style]) -> str:
    """What some styles ask for: the heaviest that is called so, else what suits the heaviest of all."""
    named = [style for style in styles if style.name in KINDS]
    style = max(named or styles, key=lambda one: one.weight)
    return style.name if named else SUITED.get(style.name, DEFAULT)


@if_styled
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
    detail = sum(2 ** (2 * look.content - 1) / look.stroke**2 for look in styled.values()) / len(styled)
    pieces = cut(photo, regions.alpha, regions.face, max(6, round(PIECES * detail)))
    scenes: dict[float, _Scene] = {}
    made = {}
    for i, look in styled.items():
        kind = KINDS[kind_for(look.styles)]
        if kind.panes not in scenes:
            scenes[kind.panes] = _Scene.of(divided(pieces, kind.panes) if kind.panes else pieces)
        scene = scenes[kind.panes]
        coloured = tuple(style for style in look.styles if style.name not in KINDS)
        picture = photo
        if coloured:
            picture = in_style_colours(photo, regions.alpha[i : i + 1], replace(look, styles=coloured)).clamp(0, 1)
        means, area = scene.colours(picture)
        colours = toned(means, kind, area, torch.from_numpy(scene.pieces.face))
        made[i] = scene.cut, colours, kind, scene.pieces_of(i)
    whole = len(styled) == len(regions.names)
    svg = to_svg({regions.names[i]: one for i, one in made.items()}, regions.size, None if whole else photo)
    drawn = ((i, draw(cut, colours, kind, regions.size)) for i, (cut, colours, kind, _) in made.items())
    yield Progress(1, 1, {}, 0.0, compose(photo, band_of(regions.alpha), drawn), svg=svg)


@dataclass(frozen=True, eq=False)
class _Scene:
    """Pieces and their outlines."""

    pieces: Pieces
    labels: Labels
    cut: Cut

    @classmethod
    def of(cls, pieces: Pieces) -> _Scene:
        """Their borders made smooth."""
        labels = smoothed(pieces)
        lines = lines_of(labels)
        face = frozenset(pieces.face.nonzero()[0].tolist())
        return cls(pieces, labels, Cut(lines, rings_of(lines), max(labels.shape), face))

    def pieces_of(self, region: int) -> frozenset[int]:
        """The numbers of those of one region."""
        return frozenset((self.pieces.owner == region).nonzero()[0].tolist())

    def colours(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The mean colour (N, 3) of each piece in a picture (1, 3, H, W), and its area (N)."""
        numbers, count = torch.from_numpy(self.labels).long(), len(self.pieces.owner)
        small = resize(picture, (numbers.shape[0], numbers.shape[1])).clamp(0, 1)[0].flatten(1).cpu()
        area = torch.bincount(numbers.flatten(), minlength=count).to(small)
        sums = torch.zeros(count, 3).index_add_(0, numbers.flatten(), small.T.contiguous())
        return sums / area.clamp_min(1)[:, None], area
