"""A partition of the picture into soft regions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from styfie.errors import InputError
from styfie.geodesic import Mask, geodesic_distance, stable_patch
from styfie.images import fit_size, resize
from styfie.looks import BACKGROUND as BACKGROUND
from styfie.looks import SUBJECT as SUBJECT

Point = tuple[float, float]  # x and y in pixels from the upper left corner
NAME = re.compile(r"\w[\w-]*")  # of a region: its mask is a file of that name
DOUBTFUL = 0.85  # score of a region that its user should look at
PATCH_SEARCH_SIZE = 256  # longest side at which patches around points are looked for


@dataclass(frozen=True, eq=False)
class Regions:
    """Named soft regions: `alpha` (R, 1, H, W) is >= 0 and sums to 1 everywhere; `score` is confidence in [0, 1].

    `sides` says of each region whether it is part of the subject or of the background. `face` (1, 1, H, W) in [0, 1] is
    1 on faces, `depth` (1, 1, H, W) in [0, 1] how far away each pixel is, 0 = nearest; None where it is not known.

    Raises:
        InputError: shapes that do not fit, names that are not unique or could not be a file's, or alphas that are no
            partition.
    """

    names: tuple[str, ...]
    alpha: Tensor
    score: tuple[float, ...]
    sides: tuple[str, ...] = ()
    face: Tensor | None = None
    depth: Tensor | None = None

    def __post_init__(self) -> None:
        if not self.sides:  # a dataclass that is frozen is set so
            object.__setattr__(self, "sides", tuple(BACKGROUND if n == BACKGROUND else SUBJECT for n in self.names))
        count = len(self.names)
        if self.alpha.ndim != 4 or self.alpha.shape[:2] != (count, 1) or len(self.score) != count:
            shape = tuple(self.alpha.shape)
            raise InputError(f"{count} regions want alpha of shape ({count}, 1, H, W) and as many scores; got {shape}.")
        if len(self.sides) != count or not set(self.sides) <= {SUBJECT, BACKGROUND}:
            raise InputError(f"{count} regions want as many sides, subject or background; got {self.sides}.")
        if len(set(self.names)) != count:
            raise InputError(f"Region names must differ; got {', '.join(self.names)}.")
        if odd := [name for name in self.names if not NAME.fullmatch(name)]:
            raise InputError(f"A region is called {odd[0]!r}: letters, digits, - and _ are wanted.")
        if not (float(self.alpha.min()) >= 0 and float((self.alpha.sum(0) - 1).abs().max()) <= 1e-4):  # nor NaN
            raise InputError("The regions' alphas must be at least 0 and sum to 1 at every pixel.")
        for name, one in (("face", self.face), ("depth", self.depth)):
            if one is not None and one.shape != (1, 1, *self.size):
                raise InputError(
                    f"{name} has shape {tuple(one.shape)}: (1, 1, {self.size[0]}, {self.size[1]}) is wanted."
                )

    @classmethod
    def of_subject(cls, matte: Tensor, score: float = 1.0) -> Regions:
        """Subject and background from one matte (1, 1, H, W), 1 = subject."""
        matte = matte.clamp(0, 1)
        return cls((SUBJECT, BACKGROUND), torch.cat([matte, 1 - matte]), (score, score))

    def __getitem__(self, name: str) -> Tensor:
        """The alpha (1, 1, H, W) of one region."""
        return self.alpha[self.index(name)][None]

    def index(self, name: str) -> int:
        """Where a region stands.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self.names:
            raise InputError(f"There is no region {name!r}: known are {', '.join(self.names)}.")
        return self.names.index(name)

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The regions whose masks their user should look at; of a pair, the subject only."""
        return tuple(
            name for name, score in zip(self.names, self.score, strict=True) if score < DOUBTFUL and name != BACKGROUND
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.alpha.shape[-2], self.alpha.shape[-1]

    def resize(self, size: tuple[int, int]) -> Regions:
        """The same regions at another (height, width), still a partition."""
        alpha = resize(self.alpha, size)
        face, depth = (None if one is None else resize(one, size) for one in (self.face, self.depth))
        return replace(self, alpha=alpha / alpha.sum(0, keepdim=True), face=face, depth=depth)

    def split(self, name: str, finer: str, alpha: Tensor, score: float = 1.0) -> Regions:
        """Split `finer` off region `name`: it takes the share `alpha` (1, 1, H, W) of it, the parent keeps the rest."""
        at = self.index(name)
        share = self.alpha[at : at + 1] * alpha.clamp(0, 1)
        rest = torch.cat([self.alpha[:at], self.alpha[at : at + 1] - share, self.alpha[at + 1 :]])
        return self._with(finer, torch.cat([rest, share]), score, self.sides[at])

    def merge(self, into: str, other: str) -> Regions:
        """Give region `other` back to `into`."""
        keep, gone = self.index(into), self.index(other)
        if keep == gone:
            raise InputError(f"Region {into!r} cannot be merged into itself.")
        alpha = self.alpha.clone()
        alpha[keep] += alpha[gone]
        left: Sequence[int] = [i for i in range(len(self.names)) if i != gone]
        names, sides = (tuple(field[i] for i in left) for field in (self.names, self.sides))
        score = tuple(self.score[i] for i in left)
        return replace(self, names=names, alpha=alpha[left], score=score, sides=sides)

    def put(self, name: str, alpha: Tensor, score: float = 1.0) -> Regions:
        """Give a region `alpha` (1, 1, H, W): a new one is laid over the others, on the side of which it covers more.

        Where it grows, the others keep their proportions; what it gives up goes to `rest_of`.
        """
        alpha = alpha.clamp(0, 1)
        if name not in self.names:
            behind = float((alpha * self.side(BACKGROUND)).sum()) > 0.5 * float(alpha.sum())
            everything = torch.cat([self.alpha * (1 - alpha), alpha])
            return self._with(name, everything, score, BACKGROUND if behind else SUBJECT)
        at, rest = self.index(name), self.index(self.rest_of(name))
        held = self.alpha[at : at + 1]
        found = self.alpha * ((1 - alpha) / (1 - held).clamp_min(1e-6)).clamp(0, 1)
        found[rest] += (held - alpha).clamp_min(0)[0]
        found[at] = alpha[0]
        found = found / found.sum(0, keepdim=True)
        return replace(self, alpha=found, score=tuple(score if i == at else s for i, s in enumerate(self.score)))

    def rest_of(self, name: str) -> str:
        """Where goes what is taken from a region: to its side; from the subject to the background, and back.

        What is of another region by its name, as `person-1-hair` is of `person-1`, goes there.

        Raises:
            InputError: there is no other region.
        """
        side = self.sides[self.index(name)]
        if (whole := name.rpartition("-")[0]) in self.of_side(side):
            return whole
        wanted = side if name != side else (SUBJECT if side == BACKGROUND else BACKGROUND)
        other = [n for n in (wanted, *self.names) if n in self.names and n != name]
        if not other:
            raise InputError(f"There is no region but {name!r} to take from or give to.")
        return other[0]

    def side(self, side: str) -> Tensor:
        """The matte (1, 1, H, W) of all regions on one side, `subject` or `background`."""
        return self.alpha[[s == side for s in self.sides]].sum(0, keepdim=True)

    def of_side(self, side: str) -> list[str]:
        """The names of the regions on one side."""
        return [name for name, s in zip(self.names, self.sides, strict=True) if s == side]

    def _with(self, name: str, alpha: Tensor, score: float, side: str) -> Regions:
        names, scores, sides = (*self.names, name), (*self.score, score), (*self.sides, side)
        return replace(self, names=names, alpha=alpha, score=scores, sides=sides)


def correct(
    regions: Regions, photo: Tensor, name: str, add: Sequence[Point] = (), remove: Sequence[Point] = ()
) -> Regions:
    """Correct region `name` by points, at once: what lies around each point and looks like it comes in or goes out.

    The patch around a point is found by geodesic distance on the photo (1, 3, H, W), which has the regions' size.
    Where patches of `add` and `remove` meet, the nearer point decides. What is added is taken from the others; what is
    removed goes to the subject from one of its parts, else to the background, or from the background to the subject.

    Raises:
        InputError: no such region, a photo of another size, or a point outside it.
    """
    regions.index(name)
    if (size := tuple(photo.shape[-2:])) != regions.size:
        raise InputError(f"The photo is {size[1]}x{size[0]} and the regions {regions.size[1]}x{regions.size[0]}.")
    small = resize(photo, fit_size(regions.size, min(PATCH_SEARCH_SIZE, max(regions.size))))
    groups = [[_seed(point, regions.size, small) for point in points] for points in (add, remove)]
    distances = [[geodesic_distance(small, seed) for seed in seeds] for seeds in groups]
    nearest = [np.min(found, 0) if found else np.full(small.shape[-2:], np.inf) for found in distances]
    patches = []
    for found, mine, other in zip(distances, nearest, reversed(nearest), strict=True):
        patch = torch.zeros_like(small[:, :1])
        for distance in found:
            patch = torch.maximum(patch, stable_patch(distance))
        patches.append(resize(patch * torch.from_numpy(mine <= other), regions.size).clamp(0, 1))
    added, removed = patches
    held = regions[name]
    return regions.put(name, (held + (1 - held) * added) * (1 - removed), 1.0)


def _seed(point: Point, size: tuple[int, int], small: Tensor) -> Mask:
    """The point's pixel of the small picture."""
    height, width = size
    x, y = point
    if not (0 <= x < width and 0 <= y < height):
        raise InputError(f"The point {x:g},{y:g} lies outside the photo of {width} x {height} pixels.")
    seed = np.zeros(small.shape[-2:], np.bool_)
    seed[int(y * small.shape[-2] / height), int(x * small.shape[-1] / width)] = True
    return seed


def widen(alpha: Tensor, radius: int) -> Tensor:
    """Where a region with this matte (N, 1, H, W) must be painted for its blend to be whole.

    1 wherever the matte is a tenth or more and through a band of `radius` pixels around, then falling smoothly to 0
    over two more. Two layers that share a doubtful pixel are both fully painted there, whatever their shares.
    """
    alpha = (10 * alpha).clamp(0, 1)
    if radius < 1:
        return alpha
    grown = alpha.numpy(force=True)
    for axis in (-1, -2):  # a square's maximum and then its mean, one axis at a time, in a time that is not the radius'
        grown = ndimage.maximum_filter1d(grown, 4 * radius + 1, axis, mode="constant")
    for axis in (-1, -2):
        grown = ndimage.uniform_filter1d(grown, 2 * radius + 1, axis, mode="nearest")
    return torch.maximum(torch.from_numpy(grown).clamp(0, 1).to(alpha), alpha)
