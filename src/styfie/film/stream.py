"""Class-based styling of a stream of frames: each region in its own style, strokes that stick to what they are on.

Kurzman, Vazquez and Laradji (2019) segment and style each frame side by side, as `side_by_side` does. Ours feathers the
borders, where they choose one class per pixel, and remembers the frame before: its result, moved along with the
picture, is what a frame begins from wherever a pixel was seen before (Ruder et al. 2016), so that strokes do not
flicker. Mattes are steadied likewise, without lag: what they are steadied with has been moved.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from typing import Protocol, Self, cast

import torch
from torch import Tensor

from styfie.blur import gaussian
from styfie.colour import luma_of
from styfie.devices import few_threads
from styfie.engines import ENGINES, load_engine, painter_of
from styfie.engines.onepass import paint_layers
from styfie.errors import AbsentRegionError, NoPersonError
from styfie.film.flow import Motion, carry, check_flow, motion_between
from styfie.film.still import still_share
from styfie.film.whole import WholeFrames
from styfie.looks import Look
from styfie.painting import Painting
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.segmentation import find_segmenter, load_segmenter
from styfie.segmentation.protocols import FrameSegmenter, Memory
from styfie.settings import Settings

STEADY = 0.6  # how much of a trusted pixel's matte is the one before
STUCK = 0.85  # how much of a trusted pixel's painting is the one before
FINE = 2.0  # pixels per 512 of the longest side: standard deviation under which contrast is kept up
MAX_CONTRAST_GAIN = 1.8  # times the contrast of what was carried, at most
STALE = 0.04  # of luma: what a frame begins from is half as welcome where it was painted of a photo that far off
CUT = 0.15  # mean trust in the motion under which a frame has nothing to do with the one before
LATER = 4  # an optimisation has this many times fewer steps when it begins from the frame before


class Frames(Protocol):
    """What paints a frame's layers (R, 3, H, W), given those of the frame before, moved to where they are now."""

    def __call__(self, photo: Tensor, regions: Regions, start: Tensor | None, /) -> Tensor:
        """Paint them."""
        ...


@dataclass(frozen=True, eq=False)
class PreviousFrame:
    """A frame as it is remembered: `photo` and `picture` (1, 3, H, W), `alpha` (R, 1, H, W), `layers` (R, 3, H, W).

    `source` (1, 3, H, W) is what the picture is of: earlier photos, moved along, in the shares in which it is earlier
    pictures. By `memory` its regions are known in the next frame.
    """

    photo: Tensor
    source: Tensor
    picture: Tensor
    alpha: Tensor
    layers: Tensor
    memory: Memory = field(default_factory=dict)

    def to_tensors(self) -> dict[str, Tensor]:
        """All of it by name, as a file of tensors holds it."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "memory"}
        all_of_it = own | {f"memory.{name}": tensor for name, tensor in self.memory.items()}
        return {name: tensor.contiguous() for name, tensor in all_of_it.items()}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """What `to_tensors` gave."""
        memory = {n.removeprefix("memory."): one for n, one in tensors.items() if n.startswith("memory.")}
        photo, source, picture, alpha, layers = (tensors[one.name] for one in fields(cls) if one.name != "memory")
        return cls(photo, source, picture, alpha, layers, memory)


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame before it is painted: its regions, the motion since the one before, and what the next will know it by."""

    photo: Tensor
    regions: Regions
    motion: Motion | None
    memory: Memory


class Stream:
    """Paints frames of one size one after the other; `last` is what the next one builds on, None at the beginning.

    `seen` are the regions that were in any frame so far. `side_by_side`, of an engine of one pass: each frame is
    painted whole in every look while it is segmented, which takes the longer of the two times (see `whole`). Without it
    the next frame is segmented while one is painted, region by region: better paintings as often, but each comes later.

    Raises:
        InputError, MissingError: as the engine and the segmenter; a region that there never is; or OpenCV is not there.
    """

    def __init__(
        self,
        looks: Mapping[str, Look],
        settings: Settings,
        last: PreviousFrame | None = None,
        side_by_side: bool = False,
    ) -> None:
        check_flow()
        self.looks, self.settings, self.last = dict(looks), settings, last
        self.seen: set[str] = set()
        self.segmenter = load_segmenter(settings.segmenter)
        follows = find_segmenter(settings.segmenter).follows
        self._follower = cast(FrameSegmenter, self.segmenter) if follows else None
        self.finer = [name for name in self.looks if name not in (SUBJECT, BACKGROUND)]
        if self._follower:
            self._follower.check(self.finer)
        self._anchored = ENGINES.find(settings.engine).anchored
        make = painter_of(settings.engine) if side_by_side and not self._anchored else None
        self._whole = WholeFrames(make(self.looks, settings)) if make else None
        self.paint: Frames = self._whole or _frames(self.looks, settings)

    def __call__(self, frames: Iterable[Tensor]) -> Generator[Tensor]:
        """The frames (1, 3, H, W) in [0, 1], painted; the next one is segmented while one is painted.

        Where a region is not to be painted a frame's pixels come back to the bit.
        """
        if self._whole:
            yield from self._side_by_side(frames, self._whole)
            return
        before: PreviousFrame | Future[_Frame] | None = self.last
        with few_threads(), ThreadPoolExecutor(1) as other:
            coming: Future[_Frame] | None = None
            for frame in frames:
                following = other.submit(self._find, frame, before)
                if coming:
                    yield self._show(coming.result())
                coming = before = following
            if coming:
                yield self._show(coming.result())

    def _side_by_side(self, frames: Iterable[Tensor], whole: WholeFrames) -> Generator[Tensor]:
        """Frames painted while they are segmented themselves."""
        with few_threads(), ThreadPoolExecutor(1) as other:
            for frame in frames:
                found = other.submit(self._find, frame, self.last)
                whole.begin(frame)
                yield self._show(found.result())

    def regions(self, frame: Tensor) -> Regions:
        """The regions of one frame by itself; all of it is background where nobody is found."""
        return self._divide(frame)[0]

    def _find(self, frame: Tensor, before: PreviousFrame | Future[_Frame] | None) -> _Frame:
        """What is to be known of a frame before it is painted; the one before, whose turn was earlier, is done."""
        earlier = before.result() if isinstance(before, Future) else before
        if earlier is None:
            return _Frame(frame, *self._divide(frame))
        if earlier.photo.shape != frame.shape:
            return _Frame(frame, *self._divide(frame, None, {}))
        motion = motion_between(frame, earlier.photo)
        cut = float(motion.trust.mean()) < CUT
        memory = {} if cut else {name: carry(masks, motion) for name, masks in earlier.memory.items()}
        return _Frame(frame, *self._divide(frame, motion, memory))

    def _divide(
        self, frame: Tensor, motion: Motion | None = None, memory: Memory | None = None
    ) -> tuple[Regions, Motion | None, Memory]:
        """A frame's regions, always in one order, the absent ones empty; with its motion, what to know them by."""
        try:
            if self._follower:
                found, memory = self._follower.of_frame(frame, self.finer, memory)
            else:
                found = self._segmented(frame)
        except NoPersonError:
            found = Regions.of_subject(torch.zeros_like(frame[:, :1]))
        return _ordered(found, (SUBJECT, BACKGROUND, *self.finer)), motion, memory or {}

    def _segmented(self, frame: Tensor) -> Regions:
        """By a segmenter that knows nothing of films: those of the finer regions that are in a frame."""
        finer = list(self.finer)
        while True:
            try:
                return self.segmenter(frame, finer)
            except AbsentRegionError:
                if not finer:
                    raise
                finer = [name for name in finer if self._has(frame, name)]

    def _has(self, frame: Tensor, name: str) -> bool:
        try:
            self.segmenter(frame, [name])
        except AbsentRegionError:
            return False
        return True

    def _show(self, frame: _Frame) -> Tensor:
        photo, regions, motion = frame.photo, frame.regions, frame.motion
        self.seen |= {
            name for name, alpha in zip(regions.names, regions.alpha, strict=True) if float(alpha.max()) > 0.5
        }
        last = self.last if motion and self.last and self.last.alpha.shape == regions.alpha.shape else None
        if last and motion:
            regions = steadied(regions, last.alpha, motion)
        layers, picture, source = (self._anchor if self._anchored else self._stick)(photo, regions, motion, last)
        picture = torch.where(self._unpainted(regions), photo, picture)
        self.last = PreviousFrame(photo, source, picture, regions.alpha, layers, frame.memory)
        return picture

    def _stick(
        self, photo: Tensor, regions: Regions, motion: Motion | None, last: PreviousFrame | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Layers, picture and what it is of, drawn to the painting before, moved along: strokes stick to things."""
        layers = self.paint(photo, regions, carry(last.layers, motion) if last and motion else None)
        picture, source = Painting(photo, regions, layers, self.looks).render(), photo
        if motion and self.last:
            source = carry(self.last.source, motion)
            share = STUCK * motion.trust * _current(source, photo)
            picture = _stuck(picture, carry(self.last.picture, motion), share)
            source = torch.lerp(photo, source, share)
        return layers, picture, source

    def _anchor(
        self, photo: Tensor, regions: Regions, motion: Motion | None, last: PreviousFrame | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same where drawing is by thresholds: of a photo freed of noise, and as before where the scene is still.

        Dots and the grain of paper stay where they are; those moved along would lie between the new ones.
        """
        source = photo
        if motion and last:
            moved = carry(last.source, motion)
            source = torch.lerp(photo, moved, STUCK * motion.trust * _current(moved, photo))
        layers = self.paint(source, regions, None)
        picture = Painting(photo, regions, layers, self.looks).render()
        if motion and last:
            held = still_share(photo, last.source, regions.alpha, last.alpha)
            picture, source = torch.lerp(picture, last.picture, held), torch.lerp(source, last.source, held)
        return layers, picture, source

    def _unpainted(self, regions: Regions) -> Tensor:
        """Where nothing but regions that stay photo is (1, 1, H, W)."""
        painted = [n in self.looks and self.looks[n].painted for n in regions.names]
        return regions.alpha[painted].sum(0, keepdim=True) <= 0


def _ordered(regions: Regions, names: Sequence[str]) -> Regions:
    """Regions in the order of these names; those of them that are absent are empty."""
    names = (*names, *(name for name in regions.names if name not in names))
    at = {name: n for n, name in enumerate(regions.names)}
    empty = torch.zeros_like(regions.alpha[:1])
    return replace(
        regions,
        names=names,
        alpha=torch.cat([regions.alpha[at[n] : at[n] + 1] if n in at else empty for n in names]),
        score=tuple(regions.score[at[n]] if n in at else 0.0 for n in names),
        sides=tuple(regions.sides[at[n]] if n in at else SUBJECT for n in names),
    )


def _frames(looks: Mapping[str, Look], settings: Settings) -> Frames:
    """What paints frames by the engine that the settings name."""
    if (make := painter_of(settings.engine)) is not None:
        painter = make(looks, settings)
        return lambda photo, regions, _start: paint_layers(painter, photo, regions)
    engine = load_engine(settings.engine)
    fewer = replace(settings, steps=max(1, settings.steps_of() // LATER))

    def paint(photo: Tensor, regions: Regions, start: Tensor | None) -> Tensor:
        *_, last = engine(photo, regions, looks, settings if start is None else fewer, start)
        return last.layers

    return paint


def steadied(regions: Regions, before: Tensor, motion: Motion) -> Regions:
    """Regions with their mattes drawn to those before, moved along, where motion is to be trusted.

    One that is absent from the frame has no matte left from before.
    """
    alpha = torch.lerp(regions.alpha, carry(before, motion), STEADY * motion.trust).clamp_min(0)
    alpha = alpha * (regions.alpha.amax((1, 2, 3), keepdim=True) > 0)
    sure = (regions.alpha >= 1) | (regions.alpha <= 0)  # what is clear in this frame is not blurred by another
    alpha = torch.where(sure & ((alpha - regions.alpha).abs() < 0.02), regions.alpha, alpha)
    return replace(regions, alpha=alpha / alpha.sum(0, keepdim=True).clamp_min(1e-6))


def _current(source: Tensor, photo: Tensor) -> Tensor:
    """How far (1, 1, H, W) in [0, 1] what was painted of `source` still shows what is there.

    A change from one frame to the next is small, and motion to be trusted: a mouth that opens would do so late.
    """
    sigma = max(1.0, FINE * max(photo.shape[-2:]) / 512)
    change = gaussian(luma_of(source) - luma_of(photo), sigma)
    return 1 / (1 + (change / STALE).square())


def _stuck(fresh: Tensor, warped: Tensor, share: Tensor) -> Tensor:
    """A painted frame drawn to the one before, moved along, its fine contrast kept up.

    Averaging strokes that are not quite in one place washes them out: what is fine is brought to the local contrast of
    the fresh picture.
    """
    mixed = torch.lerp(fresh, warped, share)
    sigma = max(1.0, FINE * max(fresh.shape[-2:]) / 512)
    smooth = gaussian(mixed, sigma)
    fine, wanted = mixed - smooth, fresh - gaussian(fresh, sigma)
    power = [gaussian(one.square().mean(1, keepdim=True), 4 * sigma).clamp_min(1e-8) for one in (wanted, fine)]
    gain = (power[0] / power[1]).sqrt().clamp(1.0, MAX_CONTRAST_GAIN)
    return (smooth + fine * gain).clamp(0, 1)
