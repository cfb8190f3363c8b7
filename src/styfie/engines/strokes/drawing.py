"""Strokes as a value: drawn at any size, whole or as far as they are painted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.engines.strokes.brushes import BRUSHES, Brush
from styfie.engines.strokes.raster import (
    BAR,
    COLUMNS,
    REACH,
    SHARP,
    Batch,
    Local,
    Tiles,
    blend,
    coverage,
    locate,
    reached,
)
from styfie.errors import InputError
from styfie.images import fit_size

PARTS = ("shape", "start", "end", "opacity", "level")  # of `Strokes`, one row a stroke
TILE_SIZE = 16  # pixels of a tile
TEXTURE = 512  # grains along each side of the noise that bristles are read from
STREAKS = 12.0  # a bristle's length in its widths
LIGHT = (-0.6, -0.8)  # towards the light, right and down
FINE = 1 / 700  # of the longest side: the depth of relief's steps, so that it looks the same at any size
LIT = 0.16  # how much lighter or darker a full step of relief is
GRAINS = 420  # of paper along the longest side


@dataclass(frozen=True, eq=False)
class Strokes:
    """Strokes of one brush in the order they are painted, on a picture of (height, width) `extent`, the longer 1.

    `shape` (N, 6 or 8) is as `raster` has it, `start` and `end` (N, 3) are the colours at a stroke's two ends,
    `opacity` is (N). `level` (N) counts from coarse to fine, `ground` (3) is the colour beneath.

    Raises:
        InputError: an unknown brush or shapes that do not fit.
    """

    brush: str
    extent: tuple[float, float]
    ground: Tensor
    shape: Tensor
    start: Tensor
    end: Tensor
    opacity: Tensor
    level: Tensor

    def __post_init__(self) -> None:
        if self.brush not in BRUSHES:
            raise InputError(f"The strokes are of brush {self.brush!r}: one of {', '.join(BRUSHES)} is wanted.")
        count, columns = len(self.shape), COLUMNS[BRUSHES[self.brush].family]
        wanted = {"shape": (count, columns), "start": (count, 3), "end": (count, 3), "opacity": (count,)}
        wanted |= {"level": (count,), "ground": (3,)}
        for name, size in wanted.items():
            if (came := tuple(getattr(self, name).shape)) != size:
                raise InputError(f"{name} of the strokes has shape {came}: {size} is wanted.")

    def __len__(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> Brush:
        """The brush itself."""
        return BRUSHES[self.brush]

    def size(self, longest: int) -> tuple[int, int]:
        """(height, width) in pixels of the picture whose longer side is `longest`."""
        return fit_size((round(1e5 * self.extent[0]), round(1e5 * self.extent[1])), longest)

    def first(self, count: int) -> Strokes:
        """The first `count` strokes only."""
        return Strokes(self.brush, self.extent, self.ground, **{name: getattr(self, name)[:count] for name in PARTS})

    @torch.no_grad()
    def render(self, size: tuple[int, int]) -> Tensor:
        """The painting (1, 3, height, width) in [0, 1], with bristles, rims and relief where pixels can show them."""
        return lit(self.kind, lay(self, size))

    def frames(self, size: tuple[int, int], counts: Sequence[int]) -> Iterator[Tensor]:
        """The painting (1, 3, height, width) after each of these rising numbers of strokes."""
        canvas, done = None, 0
        for count in counts:
            canvas = lay(self, size, canvas, done, count)
            done = max(done, count)
            yield lit(self.kind, canvas)


@dataclass(frozen=True, eq=False)
class Drawing:
    """The strokes of each painted region, by its name, in the order in which the regions stand."""

    regions: Mapping[str, Strokes]

    def frames(self, size: tuple[int, int], count: int) -> Iterator[dict[str, Tensor]]:
        """`count` pictures (1, 3, height, width) of each region, all growing side by side, from coarse to fine.

        Coarse levels have few strokes and change much: of the frames each level has an equal share.
        """
        makers = {name: s.frames(size, _milestones(s.level, count)) for name, s in self.regions.items()}
        for _ in range(count):
            yield {name: next(maker) for name, maker in makers.items()}


def _milestones(level: Tensor, count: int) -> list[int]:
    """How many strokes are there at each of `count` frames; the last has all."""
    sizes = torch.bincount(level).tolist()
    found, before = [], 0
    starts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    for frame in range(1, count + 1):
        place = frame / count * len(sizes)
        whole = min(int(place), len(sizes) - 1) if sizes else 0
        now = round(starts[whole] + (place - whole) * sizes[whole]) if sizes else 0
        found.append(before := max(before, now))
    return found


@torch.no_grad()
def lay(
    strokes: Strokes, size: tuple[int, int], canvas: Tensor | None = None, first: int = 0, last: int | None = None
) -> Tensor:
    """Strokes `first` to `last` over a canvas (1, 4, H, W): colours, and how high the paint stands.

    The bare ground is the canvas where there is none.
    """
    last = len(strokes) if last is None else last
    if canvas is None:
        canvas = torch.cat([strokes.ground, strokes.ground.new_zeros(1)])[None, :, None, None].expand(1, 4, *size)
    if last <= first:
        return canvas
    side = TILE_SIZE if max(size) <= 1024 else 2 * TILE_SIZE
    tiles, kind = Tiles(size, side), strokes.kind
    parts = tiles.cut(canvas)
    shape = strokes.shape[first:last]
    ragged = kind.ragged * float(widths_of(kind, shape).max()) / 2 / tiles.pixel
    for batch in reached(kind.family, shape, tiles, REACH * SHARP + ragged):
        parts[batch.tiles] = _painted(strokes, tiles, batch, parts[batch.tiles], first)
    return tiles.join(parts)


def _painted(strokes: Strokes, tiles: Tiles, batch: Batch, canvas: Tensor, first: int) -> Tensor:
    """Tiles (T, 4, P) with the strokes of a batch, which counts them from stroke `first`, over them."""
    kind, at = strokes.kind, batch.strokes.clamp_min(0) + first
    shape, points = strokes.shape[at], tiles.points(batch.tiles).to(strokes.shape)
    local = locate(kind.family, shape, points)
    width = widths_of(kind, shape)[..., None]
    hairs = _hairs(kind, local, shape, width, at, tiles.pixel)
    opacity = torch.where(batch.strokes < 0, 0, strokes.opacity[at])[..., None]
    dry = kind.ragged * width / 2 * hairs * (0.3 + 1.2 * local.along.square())
    alpha = opacity * coverage(local.distance + dry, SHARP * tiles.pixel)
    if kind.rim:
        edge = (local.distance + dry) / (0.06 * width + tiles.pixel)
        alpha = alpha * (1 - 0.25 * kind.rim + kind.rim * torch.exp(-edge.square()))
    if kind.grain:
        alpha = alpha * (1 - kind.grain * _paper(points, tiles.pixel))
    painted, seen = blend(canvas, alpha.clamp(0, 0.995), _with(strokes.start[at]), _with(strokes.end[at]), local.along)
    ridge = (1 - local.across.square()).clamp_min(0) if kind.family == BAR else 1.0
    painted[:, 3] += (seen * (0.5 + hairs + 0.3 * (1 - ridge))).sum(1) - seen.sum(1)
    painted[:, :3] += kind.streak * (seen * hairs).sum(1, keepdim=True)
    return painted


def _with(colour: Tensor) -> Tensor:
    """Colours (..., 3) with the height of plain paint."""
    return torch.cat([colour, torch.ones_like(colour[..., :1])], -1)


def widths_of(kind: Brush, shape: Tensor) -> Tensor:
    """Each stroke's width in shares of the longest side."""
    return shape[..., 3] if kind.family == BAR else shape[..., 6] + shape[..., 7]


def _lengths(kind: Brush, shape: Tensor) -> Tensor:
    if kind.family == BAR:
        return shape[..., 2]
    ends = shape[..., :6].unflatten(-1, (3, 2))
    found: Tensor = (ends[..., 1:, :] - ends[..., :-1, :]).norm(dim=-1).sum(-1)
    return found


@lru_cache(maxsize=1)
def _noise() -> Tensor:
    """Two octaves of noise (1, 2, TEXTURE, TEXTURE) around 0, within -0.5 to 0.5; the first is four times as coarse."""
    random = torch.Generator().manual_seed(7)
    fine, coarse = (torch.rand(1, 1, side, side, generator=random) - 0.5 for side in (TEXTURE, TEXTURE // 4))
    return torch.cat([F.interpolate(coarse, (TEXTURE, TEXTURE), mode="bilinear"), fine], 1)


def _hairs(kind: Brush, local: Local, shape: Tensor, width: Tensor, at: Tensor, pixel: float) -> Tensor:
    """What the bristles leave (T, K, P), around 0: value noise drawn out along the stroke.

    Bristles thinner than a pixel are not there: they would only be grain.
    """
    if not (kind.streak or kind.ragged):
        return torch.zeros(())
    fine = (width / pixel / kind.bristles - 0.6).clamp(0, 1)
    coarse = (4 * width / pixel / kind.bristles - 0.6).clamp(0, 1)
    place = _scatter(at)
    length = (_lengths(kind, shape)[..., None] / width).clamp_min(0.5)
    x = (local.across.clamp(-1.5, 1.5) + 1) / 2 * kind.bristles + place[..., 0, None] * (TEXTURE - 4 * kind.bristles)
    y = local.along * length * kind.bristles / STREAKS + place[..., 1, None] * (TEXTURE - 2 * kind.bristles)
    grid = torch.stack([(x + kind.bristles) / TEXTURE, (y + 1) / TEXTURE], -1) * 2 - 1
    noise = _noise().to(shape)
    found: Tensor = F.grid_sample(noise, grid.flatten(0, 1)[None], align_corners=False)[0].unflatten(1, at.shape)
    both: Tensor = 0.6 * coarse * found[0] + 0.8 * fine * found[1]
    return both.clamp(-0.6, 0.6)


def _scatter(at: Tensor) -> Tensor:
    """A place (..., 2) in [0, 1] for each stroke's number, all far apart: the plastic number's sequence."""
    steps = torch.tensor([0.7548776662466927, 0.5698402909980532], dtype=torch.float64, device=at.device)
    return ((at[..., None].double() + 1) * steps).frac().float()


def _paper(points: Tensor, pixel: float) -> Tensor:
    """The grain of the paper (T, 1, P) at some points, around 0; nothing of it where a grain is less than a pixel."""
    shown = max(0.0, min(1.0, 1 / (GRAINS * pixel) - 0.4))
    if not shown:
        return torch.zeros(())
    grid = (points * (GRAINS / TEXTURE) * 2 - 1)[None]
    found: Tensor = F.grid_sample(_noise()[:, 1:].to(points), grid, align_corners=False)[0, 0, :, None]
    return shown * 2 * found


def lit(kind: Brush, canvas: Tensor) -> Tensor:
    """The colours of a canvas (1, 4, H, W), its relief lit from the upper left."""
    colours, height = canvas[:, :3], canvas[:, 3:]
    if kind.relief:
        step = max(1, round(FINE * max(canvas.shape[-2:])))
        pad = F.pad(height, (step, step, step, step), mode="replicate")
        across = pad[..., step:-step, 2 * step :] - pad[..., step:-step, : -2 * step]
        down = pad[..., 2 * step :, step:-step] - pad[..., : -2 * step, step:-step]
        slope = -(LIGHT[0] * across + LIGHT[1] * down) / 2
        colours = colours + kind.relief * LIT * slope.clamp(-1, 1) * (0.35 + 0.65 * colours)
    return colours.clamp(0, 1)
