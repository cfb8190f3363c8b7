"""Optimisation by gradient: the pixels of each layer are moved until their features fit the style.

Gatys, Ecker and Bethge (2016), taxonomy class 1.1 of Jing et al. (2018), with these departures: Gram matrices
within a region (`losses.moments`), losses relative per layer, coarse to fine (Gatys et al. 2017), the photo in the
style's colours as start, bfloat16 convolutions where the processor has them, and drafts whose larger scales one pass of
the network of `fast` paints.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from styfie.colour import match_colours
from styfie.depth import DepthNet, DepthOrder, depth_borders, load_depth_net
from styfie.devices import pick_device, to_fast_dtype, trim_memory
from styfie.encoders import ENCODERS, Encoder, load_encoder
from styfie.encoders.loss_weights import Weights
from styfie.engines import Cost, SourceImage
from styfie.engines.canvas import Canvas, Source
from styfie.engines.fidelity import is_lost
from styfie.engines.layers import Box, band_of, enlarge, group, if_styled, in_style_colours, region_box
from styfie.engines.measure import Measure
from styfie.engines.objective import TERMS, Objective
from styfie.engines.onepass import DETAIL, with_features
from styfie.engines.plan import BASE_SIZE, CHECK_INTERVAL, GIGABYTE, Plan, Scale, make_plan
from styfie.engines.progress import EngineState, Progress
from styfie.engines.search import search, still
from styfie.engines.spread import Goal
from styfie.engines.turns import interleave, layers_at_once
from styfie.engines.whereabouts import Place, ProgressEstimate, Reached, block_count, blocks_of, read_state, state_of
from styfie.errors import InputError
from styfie.images import resize
from styfie.likeness import emphasis
from styfie.looks import Look, Style
from styfie.losses import STYLE_LOSSES, load_loss
from styfie.losses.borders import Borders, border_targets
from styfie.regions import Regions, widen
from styfie.settings import Settings

if TYPE_CHECKING:
    from styfie.engines.fast.paint import FastPainter

FACE_LUMA = 0.28  # of a face in the colours of a dark style, at least
STEPS = 60  # at the coarsest scale, in standard quality
CONTENT_RANGE = 4.0  # how much more the content weighs at its fullest than at its middle
MORE_CONTENT, REPEATS = 2.0, 3  # how much more it weighs each time that a subject is lost, and how often at most
PLAIN = Look()
PROBE = 192  # side of the picture whose steps are timed for the plan
ORDER_MEMORY = 52  # bytes for each pixel of the picture while its order of depths is looked at
PREVIEW_INTERVAL = 5  # steps between two pictures of the progress, up to scales where a step takes long


@if_styled
def optimise(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: EngineState | None = None,
    weights: Weights | None = None,
    encoder: Encoder | None = None,
    small: SourceImage | None = None,
) -> Iterator[Progress]:
    """Paint every region that has a style.

    `photo` (1, 3, H, W) and `regions` are of the result's size. A painting of more than `BASE_SIZE` pixels begins as
    that of `small`, the same photo read at `BASE_SIZE`: a search goes another way for a thousandth of a difference in
    what it is given, and the small painting is to foretell the large one. `start` (R, 3, H, W) are layers to begin from
    instead of `settings.start`, `encoder` a network to use in place of the one that `settings` names, `weights` other
    shares of the loss than the encoder's own. Stop iterating to cancel; the last `Progress` holds the best so far.

    Raises:
        InputError: a loss that there is not, or a picture too large for the memory allowed.
    """
    plan = plan_for(photo, regions, looks, settings, small)
    large = Source(photo, regions, group(regions, looks))
    begun = Source(small.photo, small.regions, group(small.regions, small.looks)) if small else large
    run = _Run(large, begun, settings, plan, weights or ENCODERS.find(settings.encoder).weights, encoder)
    yield from run.paint(start, state)


def plan_for(
    photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings, small: SourceImage | None = None
) -> Plan:
    """What `optimise` would do.

    Raises:
        InputError: a loss that there is not, or a picture too large for the memory allowed.
    """
    size = (photo.shape[-2], photo.shape[-1])
    memory = settings.max_memory * GIGABYTE
    whole = not STYLE_LOSSES.find(settings.loss).additive
    entry = ENCODERS.find(settings.encoder)
    begun = small.regions.size if small else None
    layers, steps = len(group(regions, looks)), settings.steps_of(STEPS)
    cached = entry.cached + (ORDER_MEMORY if settings.depth_weight else 0)
    draft = settings.quality == "draft" and not settings.steps
    step, at_once = (entry.memory, entry.reach, cached), layers_at_once(layers, pick_device(settings.device))
    own = entry.weights
    return make_plan(size, layers, steps, memory, whole, step, begun, draft, at_once, own.smallest, own.later)


def describe_plan(
    photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings, passed: float = 0.0
) -> str:
    """What `optimise` would do, in a line; `passed` are the seconds since the start.

    Raises:
        InputError: as `plan_for`.
    """
    return estimate_cost(plan_for(photo, regions, looks, settings), settings, passed)


def estimate_cost(plan: Plan, settings: Settings, passed: float = 0.0) -> str:
    """The plan in a line, with the time it takes here from start to files.

    That is told from a few steps on a small picture, and `passed`, the seconds since the start.
    """
    begun = time.perf_counter()
    step = _step_seconds(settings)
    return plan.describe(passed + time.perf_counter() - begun + plan.seconds(step))


def costs_of(
    sizes: Sequence[tuple[int, int]], regions: Regions, looks: Mapping[str, Look], settings: Settings
) -> list[Cost]:
    """What paintings of these (height, width) would cost, with regions and looks that may be of any other size."""
    step = _step_seconds(settings)
    found = []
    for size in sizes:
        try:
            plan = plan_for(torch.empty(1, 3, *size, device="meta"), regions, looks, settings)
            found.append(Cost(plan.seconds(step), plan.memory / GIGABYTE))
        except InputError as error:
            found.append(Cost(problem=str(error)))
    return found


def _step_seconds(settings: Settings) -> float:
    """Seconds that a step takes here for each pixel, from a few steps on a small picture."""
    device = pick_device(settings.device)
    encoder = to_fast_dtype(load_encoder(settings.encoder), device)
    measure = Measure(encoder, load_loss(settings.loss), ENCODERS.find(settings.encoder).weights)
    ramp = torch.linspace(0, 1, PROBE, device=device).expand(1, 3, PROBE, PROBE).contiguous()
    inside = torch.ones_like(ramp[:, :1])
    targets = measure.targets(Look((Style("ramp", ramp.mT),)), PROBE, device)
    objective = Objective(ramp, [Goal(inside, targets)], measure, 0 * inside, measure.contrast(ramp))
    times = [time.perf_counter() for _ in search(objective, ramp, 3, 2)]  # the first is not counted
    return min(b - a for a, b in itertools.pairwise(times)) / PROBE**2


class _Run:
    """One painting in the making: scales up to `BASE_SIZE` are of the `small` source."""

    def __init__(
        self,
        source: Source,
        small: Source,
        settings: Settings,
        plan: Plan,
        weights: Weights,
        encoder: Encoder | None,
    ) -> None:
        self.source, self.small, self.settings, self.plan = source, small, settings, plan
        self.layers = source.layers
        self.device = pick_device(settings.device)
        self.encoder = to_fast_dtype(encoder or load_encoder(settings.encoder), self.device)
        self.weights = weights
        self.estimate = ProgressEstimate(plan)
        self.terms = torch.zeros(len(TERMS))  # of the last step

    def paint(self, start: Tensor | None, state: EngineState | None) -> Iterator[Progress]:
        given = [None if start is None else start[layer.regions[0]][None] for layer in self.layers]
        self.given = tuple(given)  # where a layer begins anew
        place = Place(0, [0] * len(self.layers), given, [1.0] * len(self.layers))
        if state is not None:
            place = read_state(state, self.plan)
            terms = state.get("terms", self.terms)
            self.terms = torch.cat([terms, terms.new_zeros(len(TERMS) - len(terms))])  # of before there was depth
        if place.scale == len(self.plan.scales):  # a finished run: there is nothing left to do but to show it
            shown = partial(self._preview, self._canvas(self.plan.scales[-1]), tuple(place.settled))
            losses = _losses(self.terms) if state and "terms" in state else {}
            yield Progress(self.plan.steps, self.plan.steps, losses, 0.0, shown, state)
        for scale in self.plan.scales[: place.scale]:
            self.estimate.skip(scale.steps * len(self.layers), scale)
        for s in range(place.scale, len(self.plan.scales)):
            trim_memory(always=self.plan.scales[s].side > 0)
            yield from self._scale(s, place)
            place = Place(s + 1, [0] * len(self.layers), place.settled, place.content_factors)

    def _scale(self, s: int, place: Place) -> Iterator[Progress]:
        """All layers of one scale, side by side where the plan says so."""
        scale, painted, blocks = self.plan.scales[s], list(place.settled), block_count(self.plan.scales[s])
        canvas, left = self._canvas(scale), [n for n, done in enumerate(place.done) if done < blocks]
        self.estimate.skip(scale.steps * (len(self.layers) - len(left)), scale)
        if scale.at_once > 1:  # what is made once for all is made before two of them would make it
            _ = canvas.source.colours, scale.one_pass and self._painter, self.settings.depth_weight and self._depth_net
        runs = [self._layer(canvas, scale, n, place.done[n], painted[n], place.content_factors[n]) for n in left]
        for reached in interleave(runs, scale.at_once):
            n, painted[reached.layer] = reached.layer, reached.picture
            self.estimate.pass_on(reached.steps, reached.spared, scale)
            if n == len(self.layers) - 1:
                self.terms = reached.terms  # what a finished painting says of itself
            state, terms = None, reached.terms
            if reached.done is not None:
                place.done[n], place.settled[n] = reached.done, reached.picture
                place.content_factors[n] = reached.content_factor
                over = min(place.done) == blocks
                terms = self.terms if over and s + 1 == len(self.plan.scales) else terms
                state = state_of(s, place, blocks, self.terms)
            shown = partial(self._preview, canvas, tuple(painted))
            yield Progress(self.estimate.step, self.plan.steps, _losses(terms), self.estimate.left(), shown, state)

    def _canvas(self, scale: Scale) -> Canvas:
        source = self.source if max(scale.size) > BASE_SIZE else self.small
        small = resize(source.photo, scale.size)
        alphas = [resize(source.alpha(n), scale.size) for n in range(len(self.layers))]
        bands = torch.cat([band_of(alpha) for alpha in alphas])
        nothing = torch.zeros_like(small[:, :1])
        regions = source.regions
        face = nothing if regions.face is None else emphasis(small, resize(regions.face, scale.size))
        depth = None if regions.depth is None else resize(regions.depth, scale.size)
        own = None if self.weights.in_style or scale.one_pass else self._measure(scale).contrast(small.to(self.device))
        relit = self.weights.in_style and regions.face is not None
        faces = resize(regions.face, scale.size) if relit and regions.face is not None else None
        return Canvas(source, small, bands, face, faces, depth, own)

    def _measure(self, scale: Scale, look: Look = PLAIN, factor: float = 1.0) -> Measure:
        content = self.weights.content * CONTENT_RANGE ** (2 * look.content - 1) * factor
        weights = replace(self.weights, content=content)
        return Measure(self.encoder, load_loss(self.settings.loss), weights, scale.side)

    def _borders(self, canvas: Canvas, n: int, box: Box) -> Borders | None:
        """What a layer's picture is to show where depth jumps: inside the layer, not along its own contour."""
        if canvas.depth is None:
            return None
        size = (canvas.photo.shape[-2], canvas.photo.shape[-1])
        inside = 1 - widen(1 - resize(canvas.source.alpha(n), size), 2)
        weight = (depth_borders(canvas.depth) * inside)[box].to(self.device)
        return border_targets(canvas.region_colours(n)[box].to(self.device), canvas.depth[box].to(self.device), weight)

    def _layer(
        self, canvas: Canvas, scale: Scale, n: int, first: int, coarse: Tensor | None, factor: float
    ) -> Iterator[Reached]:
        """All blocks, from `first` on, of one layer at one scale; content counts `factor` times as much.

        Where a style wiped its subject out while the painting was small, that is painted anew with more content, which
        then counts to the end.
        """
        for reached in self._blocks(canvas, scale, n, first, coarse, factor):
            if self.weights.fidelity and [scale] == self.plan.small_scales[-1:] and reached.done == block_count(scale):
                reached = yield from self._repainted(canvas, scale, n, reached)
            yield reached

    def _repainted(self, canvas: Canvas, scale: Scale, n: int, found: Reached) -> Generator[Reached, None, Reached]:
        """What was found, or what is found from the coarsest scale on with the content that its subject needs."""
        where = resize(canvas.source.subject(n), scale.size)
        least = self.weights.fidelity * min(1.0, 2 * self.layers[n].look.content)  # who wants less is given less
        for _ in range(REPEATS):
            if not is_lost(found.picture, self._drawn(canvas, n), where, canvas.faces, least):
                break
            picture, factor = self.given[n], found.content_factor * MORE_CONTENT
            for one in self.plan.small_scales:
                for again in self._blocks(canvas if one is scale else self._canvas(one), one, n, 0, picture, factor):
                    yield replace(again, steps=0, spared=0, done=None)
                    found, picture = replace(found, picture=again.picture, terms=again.terms), again.picture
            found = replace(found, content_factor=factor)
        return found

    def _blocks(
        self, canvas: Canvas, scale: Scale, n: int, first: int, coarse: Tensor | None, factor: float
    ) -> Iterator[Reached]:
        """All blocks, from `first` on, of one layer at one scale, as the loss has them."""
        if scale.one_pass and coarse is not None:
            yield Reached(n, self._finish(canvas, n, coarse), self.terms, 1, 0, 1, factor)
            return
        whole = coarse if first else self._start(canvas, n, coarse)
        assert whole is not None
        box = region_box(canvas.bands[n : n + 1])
        objective = self._objective(canvas, scale, n, box, factor)
        blocks = blocks_of(scale.steps)
        spared = sum(blocks[:first])
        every = PREVIEW_INTERVAL if max(scale.size) <= 1024 else 1
        if sparing := scale.side > 0:
            if scale is self.plan.scales[-1] and n == len(self.layers) - 1:
                canvas.forget_faces_and_colours()
            trim_memory()  # what lay between all that is kept of the tiles
        for b, steps in enumerate(blocks[first:], first):
            if sparing and b:
                whole = whole.clone()  # what a state holds is not painted over
            begun, settled, step, told = whole[box].to(self.device), False, 0, 0
            seen = (begun.clone() if sparing else begun) if steps > CHECK_INTERVAL else None
            for image, tried, terms in search(objective, begun, steps, scale.history, sparing):
                step += 1
                if seen is not None and step % CHECK_INTERVAL == 0:
                    settled, seen = still(seen, tried), tried
                last = settled or step == steps
                if last or step % every == 0:
                    whole = whole if sparing else whole.clone()
                    whole[box] = image.cpu()
                if last:
                    break
                if step % every == 0:
                    yield Reached(n, whole, terms, step - told, spared)
                    told, spared = step, 0
            del image, tried, seen, begun  # with the search's history, before anybody writes a state
            if settled:
                spared += steps - step + sum(blocks[b + 1 :])
            yield Reached(n, whole, terms, step - told, spared, len(blocks) if settled else b + 1, factor)
            spared = 0
            if settled:
                return

    def _drawn(self, canvas: Canvas, n: int) -> Tensor:
        """The picture (1, 3, h, w) whose drawing a layer is to keep: its foreground colours, or its styles'."""
        own, look = canvas.region_colours(n), canvas.source.layers[n].look
        if not self.weights.in_style:
            return own
        own = canvas.drawing(own, self.weights.contours)  # the photo's is let go of: at print size each picture counts
        drawn = in_style_colours(own, canvas.bands[n : n + 1], look)
        del own
        return canvas.lit(drawn, n, FACE_LUMA)

    def _objective(self, canvas: Canvas, scale: Scale, n: int, box: Box, factor: float) -> Objective:
        """The loss of one layer within its box."""
        look = canvas.source.layers[n].look
        measure, size = self._measure(scale, look, factor), (canvas.photo.shape[-2], canvas.photo.shape[-1])
        likeness = look.likeness * (canvas.face * resize(canvas.source.alpha(n), size))[box]  # its own faces
        targets = measure.targets(look, max(scale.size), self.device)
        contrast = canvas.contrast or measure.contrast_of_styles(look, max(scale.size), self.device)
        drawn = self._drawn(canvas, n)[box].to(self.device)
        pictures = (canvas.region_colours(n)[box], canvas.bands[n : n + 1][box], likeness)
        own, band, face = (picture.to(self.device) for picture in pictures)
        borders, depth = self._borders(canvas, n, box), self._depth(canvas, n, box)
        windows = self.weights.windows if scale is self.plan.scales[0] else 0.0  # what lies where is settled there
        return Objective(own, [Goal(band, targets)], measure, face, contrast, borders, drawn, depth, windows)

    def _depth(self, canvas: Canvas, n: int, box: Box) -> DepthOrder | None:
        """What a layer's picture is to show of the photo's order of depths, where that is asked for."""
        if not self.settings.depth_weight:
            return None
        photo, band = (one.to(self.device) for one in (canvas.photo, canvas.bands[n : n + 1]))
        return DepthOrder(photo, band, box[-2:], self._depth_net, self.settings.depth_weight)

    @cached_property
    def _depth_net(self) -> DepthNet:
        return load_depth_net().to(self.device)

    def _start(self, canvas: Canvas, n: int, painted: Tensor | None) -> Tensor:
        """What a layer begins from at a scale."""
        if painted is not None:
            return enlarge(painted, self._drawn(canvas, n), self.weights.detail)
        own, band, look = canvas.region_colours(n), canvas.bands[n : n + 1], canvas.source.layers[n].look
        if self.settings.start == "noise":
            return torch.rand(own.shape, generator=torch.Generator().manual_seed(self.settings.seed))
        if self.settings.start == "fast":
            return self._painter.paint(own.to(self.device), band.to(self.device), look).to(own)
        if self.weights.in_style:
            return self._drawn(canvas, n)
        return match_colours(own, look.styles[0].picture, band, look.styles[0].alpha)

    @cached_property
    def _painter(self) -> FastPainter:
        from styfie.engines.fast.paint import FastPainter  # which paints bands as this engine does

        return FastPainter({}, self.settings)

    def _finish(self, canvas: Canvas, n: int, painted: Tensor) -> Tensor:
        """A layer at a larger scale, by one pass of a network that was taught this engine's loss."""
        own, band, look = canvas.region_colours(n), canvas.bands[n : n + 1], canvas.source.layers[n].look
        begun = enlarge(painted, own, DETAIL).clamp(0, 1)
        found = self._painter.paint(begun.to(self.device), band.to(self.device), look).to(own).clamp(0, 1)
        face = canvas.source.regions.face
        if face is None or not look.likeness:
            return found
        return with_features(found, own, look.likeness * resize(face, (own.shape[-2], own.shape[-1])))

    def _preview(self, canvas: Canvas, painted: Sequence[Tensor | None]) -> Tensor:
        """Every region's layer (R, 3, h, w) as far as it is painted: within its band, photo elsewhere."""
        shown = canvas.photo.repeat(len(canvas.source.regions.names), 1, 1, 1)
        size = (canvas.photo.shape[-2], canvas.photo.shape[-1])
        for layer, picture, band in zip(self.layers, painted, canvas.bands.split(1), strict=True):
            if picture is not None:
                for i in layer.regions:
                    shown[i : i + 1] = torch.lerp(canvas.photo, resize(picture, size).clamp(0, 1), band)
        return shown


def _losses(terms: Tensor) -> dict[str, float]:
    return dict(zip(TERMS, terms.tolist(), strict=True)) | {"total": float(terms.sum())}
