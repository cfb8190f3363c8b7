"""Scenes whose order of depths is known because they were put together: things pasted before one another.

Behind everything is a picture, or a ground that comes nearer and a wall behind it. Before it stand cut-out people and
things, or shapes that are drawn, the near ones larger and before the far ones. Some scenes have haze, some are out of
focus before or behind one distance, and over some goes the texture of a drawn style, as over a painting.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor

from styfie.errors import InputError
from styfie.evaluation.parts import MEANT
from styfie.gallery import GALLERY, draw
from styfie.images import fit_size
from styfie.training.pictures import PictureSet, Pixels, random_crop
from styfie.training.portraits import PEOPLE, draw_light
from styfie.training.things import Scene, read_scenes

CUTOUT_SIZE = 192  # pixels of a cut-out's longer side, at most, and of a drawn texture's
AS_IT_IS, DRAWN, GROUND = 0.15, 0.35, 0.5  # shares of portraits not pasted, of things that are drawn, of grounds
HAZY, UNFOCUSED, PAINTED = 0.35, 0.45, 0.4
FOCUS = (0.1, 0.1, 0.5, 1.0)  # depths that are sharp where not all are
MOST_THINGS = 4  # things pasted on one picture
NEAREST, FARTHEST = 0.05, 0.85  # depths of things; of what is behind it is 1
BEHIND, UNKNOWN = 0, -1  # numbers of layers: things have 1, 2, …
SURE = 0.9  # alpha from which a pixel belongs to a thing, and to what is behind below the rest

Field = NDArray[np.floating[Any]]  # float32
Numbers = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Cutout:
    """A picture (H, W, 3) and what of it a thing covers (H, W); `person`: whether the rest of it is behind that."""

    image: Pixels
    cover: Pixels
    person: bool

    def cropped(self) -> tuple[Pixels, Pixels]:
        """The thing alone: image and cover of its box."""
        rows, columns = (np.flatnonzero((self.cover > 127).any(axis)) for axis in (1, 0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        return self.image[box], self.cover[box]


@dataclass(frozen=True, eq=False)
class LayeredBatch:
    """Pictures (B, 3, S, S), their depth (B, S, S) in [0, 1], 1 = far, and the numbers of their layers (B, S, S)."""

    pictures: Tensor
    depth: Tensor
    layers: Tensor

    def to(self, device: torch.device, /) -> LayeredBatch:
        """The same on another device."""
        return LayeredBatch(self.pictures.to(device), self.depth.to(device), self.layers.to(device))


class LayeredScenes:
    """Batches of scenes of S x S pixels; `at(step, rows)` depends on these, the sources and the seed alone.

    `data` are sources of portraits and of numbered things as `things.read_scenes` takes them, in their folder `part`;
    of each at most `people` portraits. `scenes` are pictures to put behind; of them a fixed share is kept for the part
    "val". Pictures with a word of `leave_out` in their path, or in the licence stated, are not taken.

    Raises:
        MissingError, InputError: as `read_scenes` and `PictureSet`; or there is nothing to paste.
    """

    def __init__(
        self,
        data: Sequence[Path],
        scenes: Sequence[Path],
        *,
        part: str = "train",
        leave_out: Sequence[str] = (),
        people: int = 0,
        side: int = 128,
        batch: int = 16,
        seed: int = 0,
    ) -> None:
        self.side, self.batch, self.seed = side, batch, seed
        found = (one for source in data for one in read_scenes(source, part, leave_out, people))
        self.cutouts = [cutout for one in found for cutout in cut_out(one)]
        if not self.cutouts:
            raise InputError("There is nothing to paste: every picture is left out, or no thing is large enough.")
        self.people = [one for one in self.cutouts if one.person]
        self.behind: list[PictureSet] = []
        for source in scenes:
            with suppress(InputError) if part == "val" else nullcontext():  # of few pictures none may be kept for it
                self.behind.append(PictureSet(source, leave_out=(*PEOPLE, *leave_out), held_out=part == "val"))
        self.textures = [
            (draw(name, CUTOUT_SIZE)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8) for name in GALLERY
        ]

    def at(self, step: int, rows: range) -> LayeredBatch:
        """The rows `rows` of the batch of one step."""
        drawn = [self.scene(np.random.default_rng((self.seed, step, row))) for row in rows]
        pictures, depth, layers = (torch.from_numpy(np.stack(column)) for column in zip(*drawn, strict=True))
        rng = np.random.default_rng((self.seed, step))
        lights = [draw_light(rng) for _ in range(self.batch)][rows.start : rows.stop]
        lit = [light.on(one.permute(2, 0, 1)) for light, one in zip(lights, pictures, strict=True)]
        return LayeredBatch(torch.stack(lit), depth, layers)

    def scene(self, rng: np.random.Generator) -> tuple[Field, Field, Numbers]:
        """One scene: RGB (S, S, 3), depth (S, S) and the numbers of its layers (S, S)."""
        if self.people and rng.random() < AS_IT_IS:
            picture, depth, layers = self.as_it_is(rng)
        else:
            picture, depth, layers = self.pasted(rng)
        if rng.random() < PAINTED:
            strokes = self._part_of(self.textures, rng).mean(2, keepdims=True)
            picture = picture + rng.uniform(0.2, 0.8) * (strokes - strokes.mean())
        return picture.clip(0, 1), depth, layers

    def as_it_is(self, rng: np.random.Generator) -> tuple[Field, Field, Numbers]:
        """A portrait as it was taken: a person, and what is behind."""
        one = self.people[int(rng.integers(len(self.people)))]
        size = (self.side, self.side)
        both = [Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR) for pixels in (one.image, one.cover)]
        picture, cover = (np.asarray(image, np.float32) / 255 for image in both)
        layers = np.where(cover > SURE, 1, np.where(cover < 1 - SURE, BEHIND, UNKNOWN))
        flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
        depth = np.where(cover > 0.5, NEAREST, 1).astype(np.float32)
        return picture[:, flip].copy(), depth[:, flip].copy(), layers[:, flip].copy()

    def pasted(self, rng: np.random.Generator) -> tuple[Field, Field, Numbers]:
        """Things before one another, from the farthest to the nearest."""
        side = self.side
        horizon = rng.uniform(0.2, 0.6) if rng.random() < GROUND else None
        picture, depth = self._backdrop(horizon, rng)
        layers = np.full((side, side), BEHIND)
        thickness = rng.uniform(0.3, 2.0) if rng.random() < HAZY else 0.0
        haze = (rng.uniform(0.55, 0.95) * rng.uniform(0.9, 1.0, 3)).astype(np.float32)
        blur, focus = rng.uniform(1, 5) * side / 128 * (rng.random() < UNFOCUSED), FOCUS[rng.integers(len(FOCUS))]
        clear = np.exp(-thickness * depth)[..., None]
        picture = _blurred(picture * clear + haze * (1 - clear), blur * abs(1 - focus))
        depths = sorted((rng.uniform(NEAREST, FARTHEST) for _ in range(rng.integers(1, MOST_THINGS + 1))), reverse=True)
        for number, far in enumerate(depths, 1):
            image, cover = self._thing(rng)
            tall = side * (0.2 + 0.7 * (1 - far)) * rng.uniform(0.75, 1.3)
            size = fit_size(cover.shape, max(6, round(tall)))
            foot = side * (1.0 if horizon is None else horizon + (1 - horizon) * (1 - far))
            if horizon is None and rng.random() < 0.5:
                foot = rng.uniform(0.4, 1.2) * side
            at = (round(rng.uniform(-0.3, 1.0) * (side - 0.4 * size[1])), round(foot + rng.normal(0, 2)) - size[0])
            colours, alpha = _placed(image, cover, size, at, side, rng.random() < 0.5)
            seen = math.exp(-thickness * far)
            colours = (colours * rng.uniform(0.75, 1.25) * seen + haze * (1 - seen)).clip(0, 1)
            colours, alpha = _blurred(colours * alpha, spread := blur * abs(far - focus)), _blurred(alpha, spread)
            picture = picture * (1 - alpha) + colours
            there = alpha[..., 0]
            layers = np.where(there > SURE, number, np.where(there < 1 - SURE, layers, UNKNOWN))
            depth = np.where(there > 0.5, np.float32(far), depth)
        return picture.astype(np.float32), depth, layers

    def _backdrop(self, horizon: float | None, rng: np.random.Generator) -> tuple[Field, Field]:
        """What is behind everything: a picture, and the ground from a horizon down, if there is one; with its depth."""
        picture, depth = self._any_picture(rng), np.ones((self.side, self.side), np.float32)
        if horizon is not None:
            down = (np.arange(self.side, dtype=np.float32) / self.side - np.float32(horizon)) / np.float32(1 - horizon)
            ground = down >= 0
            picture[ground] = self._any_picture(rng)[ground] * rng.uniform(0.7, 1.1)
            depth[ground] = (1 - down[ground])[:, None]
        return picture, depth

    def _any_picture(self, rng: np.random.Generator) -> Field:
        """A part of a picture without people, or of a drawn style, or two colours that go over into one another."""
        kind = rng.random()
        if self.behind and kind < 0.6:
            pictures = self.behind[int(rng.integers(len(self.behind)))]
            pixels = random_crop(pictures[int(rng.integers(len(pictures)))], self.side, rng)
            return np.asarray(Image.fromarray(pixels).resize((self.side, self.side)), np.float32) / 255
        if kind < 0.85:
            return self._part_of(self.textures, rng)
        colours = rng.uniform(0.05, 1, (2, 3)).astype(np.float32)
        share = np.linspace(0, 1, self.side, dtype=np.float32)[:, None, None]
        return np.broadcast_to(colours[0] * (1 - share) + colours[1] * share, (self.side, self.side, 3)).copy()

    def _part_of(self, pictures: Sequence[Pixels], rng: np.random.Generator) -> Field:
        """A random square of one of some pictures, RGB (S, S, 3) in [0, 1]."""
        one = pictures[int(rng.integers(len(pictures)))]
        pixels = random_crop(one, self.side, rng)
        return np.asarray(Image.fromarray(pixels).resize((self.side, self.side)), np.float32) / 255

    def _thing(self, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        """Image and cover of a cut-out, or of a shape that is drawn."""
        if rng.random() >= DRAWN:
            return self.cutouts[int(rng.integers(len(self.cutouts)))].cropped()
        y, x = np.mgrid[-1 : 1 : CUTOUT_SIZE // 2 * 1j, -1 : 1 : CUTOUT_SIZE // 2 * 1j]
        x = x / rng.uniform(0.3, 1)
        angle, kind = np.arctan2(y, x), rng.integers(3)
        waves = sum(rng.uniform(0.02, 0.1) * np.sin(k * angle + rng.uniform(0, 6)) for k in (2, 3, 5))
        inside = 1 - (np.maximum(np.abs(x), np.abs(y)) if kind == 0 else np.hypot(x, y) + (kind == 2) * waves)
        cover = (255 * np.clip(0.5 + 20 * (inside - 0.03), 0, 1)).astype(np.uint8)
        colours = self._any_picture(rng) * rng.uniform(0.6, 1.2)
        image = Image.fromarray((255 * colours.clip(0, 1)).astype(np.uint8)).resize(cover.shape[::-1])
        return np.asarray(image), cover


def cut_out(scene: Scene) -> Iterator[Cutout]:
    """The things of a picture but for parts of people; of a person who is alone in it the picture is kept whole."""
    things = [thing for thing in scene.things if thing.category not in MEANT]
    alone = [thing.category for thing in things] == ["person"]
    for thing in things:
        yield _small(scene.image, thing.mask.astype(np.uint8) * np.uint8(255), alone)


def _small(image: Pixels, cover: Pixels, person: bool) -> Cutout:
    """A thing's picture reduced to `CUTOUT_SIZE` pixels; of a person all of it, of a thing its box alone."""
    whole = Cutout(image, cover, person)
    image, cover = (image, cover) if person else whole.cropped()
    size = fit_size(cover.shape, min(CUTOUT_SIZE, max(cover.shape)))[::-1]
    small = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BOX)) for one in (image, cover)]
    return Cutout(small[0], small[1], person)


def _placed(
    image: Pixels, cover: Pixels, size: tuple[int, int], at: tuple[int, int], side: int, mirrored: bool
) -> tuple[Field, Field]:
    """Colours (S, S, 3) and alpha (S, S, 1) of a thing brought to a (height, width) and put at a (column, row)."""
    flip = slice(None, None, -1 if mirrored else 1)
    canvases = []
    for pixels, empty in ((image, Image.new("RGB", (side, side))), (cover, Image.new("L", (side, side)))):
        empty.paste(Image.fromarray(pixels[:, flip].copy()).resize(size[::-1], Image.Resampling.BILINEAR), at)
        canvases.append(np.asarray(empty, np.float32) / 255)
    return canvases[0], canvases[1][..., None]


def _blurred(values: Field, sigma: float) -> Field:
    """Out of focus, (H, W, C)."""
    if sigma < 0.3:
        return values
    found: Field = ndimage.gaussian_filter(values, (sigma, sigma, 0), mode="nearest")
    return found
