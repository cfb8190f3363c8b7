"""Image components, after Zhang, Cao, Chen, Liu and Tang (2013), "Style Transfer via Image Component Analysis".

A picture is draft, paint and edge (`layers`). The photo keeps its draft, in the style's colours; paint and edge are
carried over from the style by patches (`patches`), whose places are the labels of a Markov random field that is solved
by belief propagation from coarse to fine (`belief`); a reconstruction joins them (`poisson`). Class 0.3 in the taxonomy
of Jing et al. (2018): before networks, by examples; nothing here is learned.

A reconstruction: of the paper we know its abstract and introduction. Theirs are the three components, the transfer in
paint and edge as a random field, belief propagation from coarse to fine, and the reconstruction at the end. Ours is all
below that: how components are found, the size and features of patches, their candidates, one field for paint and edge
together, turned patches along edges, what repetition costs, the screened Poisson equation, the finer draft of faces.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.engines.components.belief import belief_propagation, energy
from styfie.engines.components.colours import recoloured
from styfie.engines.components.layers import decompose, guided_filter
from styfie.engines.components.patches import Nearest, data_costs, joined, overlap_costs, repeats, usage
from styfie.engines.components.poisson import screened_poisson
from styfie.engines.components.sheets import (
    MARGIN,
    PATCH_SIZE,
    STEP,
    Bank,
    bank_at,
    inherited,
    node_features,
    padded,
    turned,
)
from styfie.engines.layers import band_of, compose, if_styled, with_style
from styfie.engines.progress import EngineState, Progress
from styfie.images import fit_size, resize
from styfie.likeness import emphasis
from styfie.looks import Look
from styfie.regions import Regions
from styfie.segmentation.colours import region_colours
from styfie.settings import Settings


@dataclass(frozen=True)
class ComponentOptions:
    """What is not asked of a run."""

    levels: int = 3  # of sizes, each half the next one
    sweeps: int = 2  # of proposing and choosing at each level
    fresh: int = 5  # candidates of a node that are looked for anew by features
    pool: int = 6  # times as many are the nearest that they are drawn from
    shifted: int = 3  # candidates that are a pixel or two beside what the node holds
    overlap: float = 4.0  # weight of overlaps beside that of features, each by their median
    again: float = 2.0  # what it costs to stand beside a piece of oneself, in medians of features' costs
    worn: float = 0.5  # what each doubling of a place's use costs, likewise
    face: float = 3.0  # how much more features count on a face of full likeness
    fine: float = 3.2  # the square of likeness times this is how far the draft of a face is a finer one
    calm: float = 0.65  # how much of paint and edge goes where the draft is all fine
    photo_detail: float = 0.15  # of the photo's own paint and edge
    edge: float = 1.2  # contrast of the edge layer
    screen: float = 0.05  # weight of values beside gradients in the reconstruction
    detail: float = 0.5  # of the photo's finer detail, where the painting is enlarged


OPTIONS = ComponentOptions()
LARGEST = 1024  # pixels along the longest side that is painted; a larger painting is that one enlarged
COARSEST = 64  # pixels along the longest side of a level, at least
FINE, SHARP = 3 / 512, 0.002  # the finer draft of faces: radius and variance of its guided filter
ROUNDS = 4  # steps of `Settings` for a round of belief propagation

MakePicture = Callable[[], Tensor]


@if_styled
def components(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: EngineState | None = None,
    options: ComponentOptions = OPTIONS,
) -> Iterator[Progress]:
    """Paint every region that has a style.

    `photo` (1, 3, H, W) and `regions` are of the result's size. What is more than `LARGEST` is painted at that size and
    enlarged, with a share of the photo's detail: strokes are as broad, and memory beyond that of the layers does not
    grow. Of `settings`, `seed` and `steps` are read: a quarter of `steps` rounds of belief propagation in each sweep.
    `start` and `state` are not: nothing is refined, everything is chosen. Of several styles each gives candidates by
    its weight, at least one for a node, and costs choose between them. Depth plays no part.
    """
    del start, state  # nothing is refined, and it gives no state
    styled = with_style(regions, looks)
    colours = region_colours(photo, regions.alpha).clamp_(0, 1)
    scene = _Scene.of(photo, colours, regions, fit_size(regions.size, min(LARGEST, max(regions.size))))
    each = _levels(max(scene.photo.shape[-2:]), options.levels) * options.sweeps
    step, steps, started = 0, each * len(styled), time.monotonic()
    painted: dict[int, Tensor] = {}
    for i, look in styled.items():
        canvas = _Canvas(scene, i, look, settings, options)
        for losses, picture in canvas.paint():
            step += 1
            if step < steps:
                left = (time.monotonic() - started) / step * (steps - step)
                yield Progress(step, steps, losses, left, partial(scene.layers, dict(painted), i, picture))
        painted[i] = picture()
        del canvas, picture
    full = (
        (i, _enlarged(found, colours[i : i + 1], scene.colours[i : i + 1], options.detail).clamp_(0, 1))
        for i, found in painted.items()
    )
    yield Progress(step, steps, losses, 0.0, compose(photo, band_of(regions.alpha), full))


def _levels(longest: int, most: int) -> int:
    """How many levels a painting has."""
    return max(1, min(most, 1 + math.floor(math.log2(longest / COARSEST)))) if longest > COARSEST else 1


def _enlarged(painted: Tensor, photo: Tensor, small: Tensor, detail: float) -> Tensor:
    """What is painted at the photo's size, with a share of the photo's detail that the small one could not hold."""
    size = (photo.shape[-2], photo.shape[-1])
    if painted.shape[-2:] == size:
        return painted
    return resize(painted, size) + detail * (photo - resize(small, size))


@dataclass(frozen=True, eq=False)
class _Scene:
    """What all regions share, at the size that is painted."""

    photo: Tensor  # (1, 3, h, w)
    colours: Tensor  # (R, 3, h, w), each region's own
    alpha: Tensor  # (R, 1, h, w)
    bands: Tensor  # (R, 1, h, w)
    face: Tensor  # (1, 1, h, w)

    @classmethod
    def of(cls, photo: Tensor, colours: Tensor, regions: Regions, size: tuple[int, int]) -> _Scene:
        """Everything brought to a (height, width)."""
        small, alpha = resize(photo, size), resize(regions.alpha, size)
        face = torch.zeros_like(small[:, :1])
        if regions.face is not None:
            face = emphasis(small, resize(regions.face, size))
        return cls(small, resize(colours, size), alpha, band_of(alpha), face)

    def layers(self, painted: Mapping[int, Tensor], now: int, picture: MakePicture) -> Tensor:
        """All layers (R, 3, h, w) as far as they are painted."""
        found = {**painted, now: picture()}
        return compose(self.photo, self.bands, ((i, one.clamp(0, 1)) for i, one in found.items()))


class _Canvas:
    """One region being painted, within the box that holds its band."""

    def __init__(self, scene: _Scene, at: int, look: Look, settings: Settings, options: ComponentOptions) -> None:
        self.scene, self.at, self.options = scene, at, options
        band, alpha = scene.bands[at : at + 1], scene.alpha[at : at + 1]
        self.box = _box(band)
        longest = max(scene.photo.shape[-2:])
        whole = recoloured(torch.lerp(scene.photo, scene.colours[at : at + 1], band), alpha, look.styles)
        self.target = whole[self.box]
        self.likeness = look.likeness * (scene.face * alpha)[self.box]
        self.photo = decompose(self.target, longest)
        self.fine = guided_filter(self.target, self.target, max(1, round(FINE * longest)), SHARP)
        self.sheets = [turned(style, longest, look.stroke) for style in look.styles]
        weights = [style.weight for style in look.styles]
        self.counts = [max(1, round(options.fresh * weight / sum(weights))) for weight in weights]
        self.rounds = math.ceil(settings.steps_of() / ROUNDS)
        self.random = torch.Generator().manual_seed(settings.seed)
        self.factors = [2**n for n in reversed(range(_levels(longest, options.levels)))]

    def paint(self) -> Iterator[tuple[dict[str, float], MakePicture]]:
        """After each sweep its costs, and what makes the whole picture (1, 3, h, w)."""
        held: Tensor | None = None
        last: Bank | None = None
        for factor in self.factors:
            size = fit_size((self.target.shape[-2], self.target.shape[-1]), max(self.target.shape[-2:]) // factor)
            features = node_features(padded(resize(self.photo.stacked, size)))
            likeness = F.avg_pool2d(padded(resize(self.likeness, size)), PATCH_SIZE, STEP)[0, 0]
            bank = bank_at(self.sheets, factor)
            nearest = Nearest(bank, self.random)
            for _ in range(self.options.sweeps):
                candidates = nearest(features, self.counts, self.options.pool)
                if held is not None and last is not None:
                    current = inherited(
                        held, 1 if last is bank else 2, last, bank, (features.shape[0], features.shape[1])
                    )
                    candidates = self._with_current(bank, current, candidates)
                costs = data_costs(bank, features, candidates, 1 + self.options.face * likeness)
                if held is not None:
                    costs += self.options.worn * _median(costs) * usage(bank, candidates[..., 0], candidates)
                held, losses = self._chosen(bank, candidates, costs)
                last = bank
                yield losses, partial(self._picture, bank, held, size)

    def _with_current(self, bank: Bank, current: Tensor, fresh: Tensor) -> Tensor:
        """Candidates (h, w, K) from what is kept (h, w, 5), places around the first of it, and fresh ones."""
        current = torch.where(current >= 0, current, fresh[..., :1])
        ways = torch.randint(-2, 3, (2, *fresh.shape[:2], self.options.shifted), generator=self.random)
        return torch.cat([current, bank.moved(current[..., :1], ways[0], ways[1]), fresh], 2)

    def _chosen(self, bank: Bank, candidates: Tensor, unary: Tensor) -> tuple[Tensor, dict[str, float]]:
        """The places (h, w) of least cost, and the costs per node in medians of what features cost."""
        options = self.options
        unary = unary / _median(unary)
        across, down = overlap_costs(bank, candidates)
        scale = options.overlap / _median(torch.cat([across.flatten(), down.flatten()]))
        across = across.mul_(scale) + options.again * repeats(bank, candidates[:, :-1], candidates[:, 1:], 0, STEP)
        down = down.mul_(scale) + options.again * repeats(bank, candidates[:-1], candidates[1:], STEP, 0)
        labels = belief_propagation(unary, across, down, self.rounds)
        total = energy(unary, across, down, labels) / labels.numel()
        own = float(unary.gather(2, labels[..., None]).mean())
        losses = {"features": own, "overlaps": total - own, "total": total}
        return candidates.gather(2, labels[..., None])[..., 0], losses

    def _picture(self, bank: Bank, places: Tensor, size: tuple[int, int]) -> Tensor:
        """The reconstruction: the photo's draft with paint and edge as they are chosen at a size."""
        options, inner = self.options, (..., slice(MARGIN, MARGIN + size[0]), slice(MARGIN, MARGIN + size[1]))
        parts = [(part[:, :3] + options.edge * part[:, 3:])[inner] for part in joined(bank, places)]
        detail = screened_poisson(parts[0], parts[1], parts[2], options.screen)
        fine = (options.fine * self.likeness).clamp(max=1).square()
        draft = torch.lerp(self.photo.draft, self.fine, fine)
        detail = (1 - options.calm * fine) * resize(detail, (draft.shape[-2], draft.shape[-1]))
        picture = self.scene.photo.clone()
        picture[self.box] = draft + torch.lerp(detail, self.target - draft, options.photo_detail)
        return picture


def _box(band: Tensor) -> tuple[slice, ...]:
    """The slices of (1, C, H, W) that hold a band (1, 1, H, W) of a region, all of it if there is nothing in it."""
    spans = []
    for dim in (1, 0):
        inside = torch.nonzero(band[0, 0].amax(dim) > 0).flatten().tolist() or [0, band.shape[-1 - dim] - 1]
        spans.append(slice(inside[0], inside[-1] + 1))
    return slice(None), slice(None), *spans


def _median(costs: Tensor) -> float:
    """The median of costs, or of as many as are enough, that are not 0; 1 if there are none."""
    some = costs.flatten()[:: max(1, costs.numel() // 100_000)]
    some = some[some > 1e-9]
    return float(some.median()) if len(some) else 1.0
