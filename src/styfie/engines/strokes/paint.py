"""Painting by strokes, after Zou et al. (2020), "Stylized Neural Painting", without their neural renderer.

Strokes are laid in levels from coarse to fine. Those of a level are placed where the painting is most wrong, along the
form, and their shapes and colours are then optimised all together through an analytic rasteriser (`raster`). Class
0.1 in the taxonomy of Jing et al. (2018): before networks, by strokes; nothing here is learned.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from styfie.blur import gaussian
from styfie.colour import luma_of
from styfie.encoders import load_encoder
from styfie.engines.layers import band_of, compose, if_styled, unpainted, with_style
from styfie.engines.progress import Progress
from styfie.engines.strokes.brushes import AUTO, BRUSHES, Brush, brush_for
from styfie.engines.strokes.drawing import PARTS, Drawing, Strokes, lay, lit, widths_of
from styfie.engines.strokes.fields import directions, filled
from styfie.engines.strokes.optimise import Free, StrokeOptions, Work
from styfie.engines.strokes.palette import eroded, recoloured
from styfie.engines.strokes.placing import PITCH, Level, demand, initial_shapes, lattice, plan_levels, scatter
from styfie.engines.strokes.whole import Whole, style_of, transport_to
from styfie.images import fit_size, resize
from styfie.likeness import emphasis
from styfie.looks import Look
from styfie.regions import Regions
from styfie.segmentation.colours import region_colours
from styfie.settings import Settings

OPTIONS = StrokeOptions()
FIRST = 48  # pixels along the longest side, at least, that a level is optimised at
LARGEST = 640  # and at most
RENEWED = 10  # updates after which the tiles that strokes reach are looked for anew
FEWEST = 20  # strokes of a region
MAX_DENSITY = 4.0  # times the usual number of strokes, where they are to be finer
MIDDLE, SHADE, BRIGHTEST = 0.6, 0.2, 1.6  # luma that counts as it is, what is added to it, and most that shade counts
PREVIEW_SIZE = 512  # longest side of the layers on the way


@if_styled
def strokes(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
    options: StrokeOptions = OPTIONS,
) -> Iterator[Progress]:
    """Paint every region that has a style, with its brush, in the style's colours.

    `photo` (1, 3, H, W) and `regions` are of the result's size. Of `settings`, `seed` and `steps` are read: steps per
    level. `start` is not: there is no picture to begin from but the bare ground. All is done on the processor. The last
    `Progress` has the strokes.

    Departures from the paper: strokes are analytic and their softness is annealed in place of a neural renderer and
    the transport loss; they begin along the form; they are not held in square blocks, so that there are no seams; a
    level's strokes begin all at once; style is the palette's, and the brush.
    """
    del start, state  # it keeps none
    bands = band_of(regions.alpha)
    styled = {i: look for i, look in with_style(regions, looks).items() if float(regions.alpha[i].max()) > 0.5}
    if not styled:
        yield unpainted(photo, regions)
        return
    own = region_colours(photo, regions.alpha).clamp(0, 1)
    face = torch.zeros_like(photo[:, :1]) if regions.face is None else _noticed(photo, regions.face)
    wanted = demand(photo, face)
    shares = {i: float((wanted * bands[i : i + 1]).mean()) for i in styled}
    easels = []
    for i, look in styled.items():
        alpha = regions.alpha[i : i + 1]
        target = recoloured(filled(own[i : i + 1], eroded(alpha).square()), alpha, look.styles)
        density = min(MAX_DENSITY, 1 / look.stroke**2)
        count = max(FEWEST, round(options.strokes * density * shares[i] / sum(shares.values())))
        easels.append(Easel(target, bands[i : i + 1], regions, face, look, count, settings, options))
    steps = sum(easel.steps for easel in easels)
    step, started = 0, time.monotonic()
    done: dict[int, Easel] = {}
    for i, easel in zip(styled, easels, strict=True):
        done[i] = easel
        for losses in easel.paint():
            step += 1
            left = (time.monotonic() - started) / step * (steps - step)
            if step < steps:
                made = _preview(photo, bands, {j: e.sketch for j, e in done.items()})
                yield Progress(step, steps, losses, left, made)
    drawing = Drawing({regions.names[i]: easel.strokes for i, easel in done.items()})
    size = (photo.shape[-2], photo.shape[-1])
    layers = compose(photo, bands, ((i, easel.strokes.render(size)) for i, easel in done.items()))
    yield Progress(step, steps, losses, 0.0, layers, strokes=drawing)


def _noticed(photo: Tensor, face: Tensor) -> Tensor:
    """`emphasis`, more of it where a face is in the shade: there as little contrast is seen as well (Weber's law)."""
    luma = luma_of(photo)
    return emphasis(photo, face) * (MIDDLE / (SHADE + luma)).clamp(max=BRIGHTEST)


def _preview(photo: Tensor, bands: Tensor, sketches: Mapping[int, Callable[[], Tensor]]) -> Callable[[], Tensor]:
    """What makes the layers of a step, should anybody look."""

    def make() -> Tensor:
        size = fit_size((photo.shape[-2], photo.shape[-1]), min(PREVIEW_SIZE, max(photo.shape[-2:])))
        small, band = resize(photo, size), resize(bands, size)
        return compose(small, band, ((i, resize(sketch(), size).clamp(0, 1)) for i, sketch in sketches.items()))

    return make


class Easel:
    """One region being painted."""

    def __init__(
        self,
        target: Tensor,
        band: Tensor,
        regions: Regions,
        face: Tensor,
        look: Look,
        count: int,
        settings: Settings,
        options: StrokeOptions,
    ) -> None:
        self.target, self.band, self.options = target, band, options
        self.styles, self.encoder = look.styles, load_encoder(settings.encoder) if options.style else None
        self.name = brush_for(look.styles) if look.brush == AUTO else look.brush
        self.brush: Brush = BRUSHES[self.name]
        self.size = (target.shape[-2], target.shape[-1])
        longest = max(self.size)
        self.face = face * band * look.likeness
        face_area = float((regions.face * band).sum()) / longest**2 if regions.face is not None else 0.0
        self.levels = plan_levels(count, float(band.sum()) / longest**2, face_area, look.likeness, look.stroke)
        self.each = settings.steps_of()
        self.random = torch.Generator().manual_seed(settings.seed)
        self.last_steps = max(1, round(options.finish * self.each)) if options.finish else 0
        self.strokes = self.fresh = self._bare()
        self.below = lay(self.strokes, self._work_size(1.0))

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.levels) * self.each + self.last_steps

    def _bare(self) -> Strokes:
        extent = (self.size[0] / max(self.size), self.size[1] / max(self.size))
        columns = len(initial_shapes(self.brush, torch.zeros(1, 2), torch.zeros(1), 0.1)[0])
        if self.brush.paper:
            ground = torch.tensor(self.brush.paper)
        else:
            ground = (self.target * self.band).sum((0, 2, 3)) / self.band.sum().clamp_min(1e-6)
        none, colours = torch.zeros(0), torch.zeros(0, 3)
        return Strokes(
            self.name, extent, ground, torch.zeros(0, columns), colours, colours, none, torch.zeros(0, dtype=torch.long)
        )

    @property
    def sketch(self) -> Callable[[], Tensor]:
        """What makes the painting as it is now, at the size that it is worked on."""
        strokes, below = self.fresh, self.below
        return lambda: lit(strokes.kind, lay(strokes, (below.shape[-2], below.shape[-1]), below))

    def paint(self) -> Iterator[dict[str, float]]:
        """The losses after each step."""
        for number, level in enumerate(self.levels):
            size = self._work_size(level.width)
            self.below = lay(self.strokes, size)
            placed = self._placed(level, number, self.below, size)
            for losses, fresh in self._optimised(placed, self.below, level.width, size, self.each):
                self.fresh = fresh
                yield losses
            self.strokes = _joined(self.strokes, self.fresh)
        if self.last_steps:
            finest = min(level.width for level in self.levels)
            size = self._work_size(1.6 * finest)
            self.below = lay(self._bare(), size)
            for losses, fresh in self._optimised(self.strokes, self.below, None, size, self.last_steps):
                self.fresh = fresh
                yield losses
            self.strokes = self.fresh

    def _work_size(self, width: float) -> tuple[int, int]:
        longest = min(max(FIRST, math.ceil(self.options.pixels / width)), LARGEST, max(self.size))
        height, across = fit_size(self.size, longest)
        return max(height, 1), max(across, 1)

    def _placed(self, level: Level, number: int, canvas: Tensor, size: tuple[int, int]) -> Strokes:
        """A level's strokes as they begin."""
        target, band, face = (resize(one, size) for one in (self.target, self.band, self.face))
        pixels = level.width * max(size)
        if number == 0:
            places = lattice((band[0, 0] > 0.02).float(), level.count, self.random)
        else:
            wrong = gaussian((target - canvas[:, :3]).abs().mean(1, keepdim=True), max(0.5, 0.4 * pixels))
            weight = wrong * band * (face if level.face else 1 + self.options.face * face)
            places = scatter(weight[0, 0], level.count, PITCH * pixels, self.random, 2.0)
        column, row = (places[:, i].long().clamp(0, size[1 - i] - 1) for i in (0, 1))
        angle = directions(target, max(1.0, 0.6 * pixels))
        colour = gaussian(target, max(0.5, 0.35 * pixels))[0, :, row, column].T
        opacity = torch.full((len(places),), sum(self.brush.opacity) / 2)
        shape = initial_shapes(self.brush, places / max(size), angle[row, column], level.width)
        numbers = torch.full((len(places),), number)
        order = torch.randperm(len(places), generator=self.random)
        return Strokes(
            self.name,
            self.strokes.extent,
            self.strokes.ground,
            shape[order],
            colour[order],
            colour[order].clone(),
            opacity,
            numbers,
        )

    def _optimised(
        self, first: Strokes, canvas: Tensor, width: float | None, size: tuple[int, int], steps: int
    ) -> Iterator[tuple[dict[str, float], Strokes]]:
        """Strokes after each step, optimised on a canvas (1, 4, H, W); of one level, or of all if no width is given."""
        options = self.options
        target, band, face = (resize(one, size) for one in (self.target, self.band, self.face))
        widths = widths_of(self.brush, first.shape) if width is None else torch.full((len(first),), width)
        free = Free(first, widths, options, 1.0 if width is not None else 0.3)
        lowest = int(first.level.min()) == 0
        bare = 3 * options.bare if lowest and not self.brush.paper else 0.0
        work = Work(target, band * (1 + options.face * face), canvas[:, :3], bare, self._wholes(target, band))
        updates = steps * options.updates
        for update in range(updates):
            progress = update / max(1, updates - 1)
            hard, soft = options.softness[1], options.softness[0] if width is not None else 1.0
            softness = soft * (hard / soft) ** progress
            if update % RENEWED == 0:
                work.look_for(free, softness)
            loss = work.descend(free, softness)
            free.update(0.1 + 0.9 * math.cos(progress * math.pi / 2))
            if (update + 1) % options.updates == 0:
                yield {"total": loss}, free.strokes()

    def _wholes(self, target: Tensor, band: Tensor) -> list[Whole]:
        """The losses of the whole picture that are asked for."""
        found = []
        if self.options.transport:
            found.append(transport_to(target, band, self.options.transport))
        if self.encoder is not None:
            found.append(style_of(self.styles, self.encoder, band, self.options.style))
        return found


def _joined(below: Strokes, above: Strokes) -> Strokes:
    both = {name: torch.cat([getattr(below, name), getattr(above, name)]) for name in PARTS}
    return Strokes(below.brush, below.extent, below.ground, **both)
