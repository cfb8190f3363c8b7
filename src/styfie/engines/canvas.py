"""What is painted, as read at one size, and what all its layers share at one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from styfie.engines.drawing import drawing_of
from styfie.engines.layers import Layer
from styfie.engines.measure import Contrast
from styfie.images import resize
from styfie.likeness import fill_light
from styfie.regions import SUBJECT, Regions
from styfie.segmentation.colours import region_colours

NOTHING = 1e-4  # of a pixel that no layer paints: rounding


@dataclass(frozen=True, eq=False)
class Source:
    """What is painted, as read at one size."""

    photo: Tensor
    regions: Regions
    layers: Sequence[Layer]

    def alpha(self, n: int) -> Tensor:
        """Where a layer is (1, 1, H, W)."""
        return self.regions.alpha[list(self.layers[n].regions)].sum(0, keepdim=True)

    def subject(self, n: int) -> Tensor:
        """Where of a layer (1, 1, H, W) the subject is."""
        sides = self.regions.sides
        own = [i for i in self.layers[n].regions if sides[i] == SUBJECT]
        return self.regions.alpha[own].sum(0, keepdim=True)

    @cached_property
    def colours(self) -> Tensor:
        """Every layer's foreground colours (L, 3, H, W), in half the memory, and still finer than 255ths."""
        alphas = torch.cat([self.alpha(n) for n in range(len(self.layers))])
        rest = (1 - alphas.sum(0, keepdim=True)).clamp_min(0)
        if rest.amax() > NOTHING:  # two layers that are all of the photo are solved for at once
            alphas = torch.cat([alphas, rest])
        return region_colours(self.photo, alphas)[: len(self.layers)].clamp_(0, 1).half()

    def forget_colours(self) -> None:
        """Let go of them, which at print size are a picture's memory; asked for again they are found again."""
        self.__dict__.pop("colours", None)


@dataclass(eq=False)
class Canvas:
    """What all layers of one scale share: the photo, each layer's band, where it must stay itself."""

    source: Source
    photo: Tensor
    bands: Tensor  # (L, 1, h, w)
    face: Tensor  # (1, 1, h, w): where a likeness is decided
    faces: Tensor | None  # (1, 1, h, w): faces as they were found; None where none is lit
    depth: Tensor | None  # (1, 1, h, w)
    contrast: Contrast | None  # of the photo's content features, where content is not measured in the style's

    def forget_faces_and_colours(self) -> None:
        """Let go of what no layer asks for once the last one's loss is made, which at print size counts."""
        self.source.forget_colours()
        self.face, self.faces = self.face[..., :0, :0], None

    def region_colours(self, n: int) -> Tensor:
        """A layer's foreground colours (1, 3, h, w), its dark faces lit."""
        size = (self.photo.shape[-2], self.photo.shape[-1])
        return self.lit(resize(self.source.colours[n : n + 1].float(), size), n)

    def lit(self, picture: Tensor, n: int, least: float = 0.0) -> Tensor:
        """A layer's picture (1, 3, h, w) with its faces lit, itself, fully from the middle of likeness on."""
        strength = min(1.0, 2 * self.source.layers[n].look.likeness)
        return picture if self.faces is None else fill_light(picture, self.faces, strength, least, in_place=True)

    def drawing(self, picture: Tensor, contours: float) -> Tensor:
        """What is drawn in a layer's picture (1, 3, h, w), faces as they are; without `contours` the picture itself."""
        if not contours:
            return picture
        found = drawing_of(picture, contours)
        return found if self.faces is None else found.lerp_(picture, self.faces)
