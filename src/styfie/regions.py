"""A partition of the picture into soft regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.errors import InputError
from styfie.geodesic import Mask, geodesic_distance, stable_patch
from styfie.images import fit_size, resize

SUBJECT, BACKGROUND = "subject", "background"
Point = tuple[float, float]  # x and y in pixels from the upper left corner
DOUBTFUL = 0.85  # score of a region that its user should look at
WORK = 256  # longest side at which patches around points are looked for


@dataclass(frozen=True, eq=False)
class Regions:
    """Named soft regions: `alpha` (R, 1, H, W) is >= 0 and sums to 1 everywhere; `score` is confidence in [0, 1].

    Raises:
        InputError: shapes that do not fit, names that are not unique, or alphas that are no partition.
    """

    names: tuple[str, ...]
    alpha: Tensor
    score: tuple[float, ...]

    def __post_init__(self) -> None:
        count = len(self.names)
        if self.alpha.ndim != 4 or self.alpha.shape[:2] != (count, 1) or len(self.score) != count:
            shape = tuple(self.alpha.shape)
            raise InputError(f"{count} regions want alpha of shape ({count}, 1, H, W) and as many scores; got {shape}.")
        if len(set(self.names)) != count:
            raise InputError(f"Region names must differ; got {', '.join(self.names)}.")
        if bool((self.alpha < 0).any()) or float((self.alpha.sum(0) - 1).abs().max()) > 1e-4:
            raise InputError("The regions' alphas must be at least 0 and sum to 1 at every pixel.")

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
        return Regions(self.names, alpha / alpha.sum(0, keepdim=True), self.score)

    def split(self, name: str, finer: str, alpha: Tensor, score: float = 1.0) -> Regions:
        """Split `finer` off region `name`: it takes the share `alpha` (1, 1, H, W) of it, the parent keeps the rest."""
        at = self.index(name)
        share = self.alpha[at : at + 1] * alpha.clamp(0, 1)
        rest = torch.cat([self.alpha[:at], self.alpha[at : at + 1] - share, self.alpha[at + 1 :]])
        return Regions((*self.names, finer), torch.cat([rest, share]), (*self.score, score))

    def merge(self, into: str, other: str) -> Regions:
        """Give region `other` back to `into`."""
        keep, gone = self.index(into), self.index(other)
        if keep == gone:
            raise InputError(f"Region {into!r} cannot be merged into itself.")
        alpha = self.alpha.clone()
        alpha[keep] += alpha[gone]
        left: Sequence[int] = [i for i in range(len(self.names)) if i != gone]
        return Regions(tuple(self.names[i] for i in left), alpha[left], tuple(self.score[i] for i in left))

    def put(self, name: str, alpha: Tensor, score: float = 1.0) -> Regions:
        """Lay a region `alpha` (1, 1, H, W) over all others, each of which keeps what it does not cover.

        One of that name is replaced: what it held goes back to the background, or the background's to the subject.
        """
        alpha = alpha.clamp(0, 1)
        if name not in self.names:
            return Regions((*self.names, name), torch.cat([self.alpha * (1 - alpha), alpha]), (*self.score, score))
        at = self.index(name)
        rest = self.alpha.clone()
        rest[self.index(self.opposite(name))] += rest[at]
        rest[at] = 0
        rest *= 1 - alpha
        rest[at] = alpha[0]
        return Regions(self.names, rest, tuple(score if i == at else s for i, s in enumerate(self.score)))

    def opposite(self, name: str) -> str:
        """Where goes what is taken from a region: to the background; from the background to the subject."""
        other = SUBJECT if name == BACKGROUND else BACKGROUND
        return other if other in self.names else next(n for n in self.names if n != name)


def correct(
    regions: Regions, photo: Tensor, name: str, add: Sequence[Point] = (), remove: Sequence[Point] = ()
) -> Regions:
    """Correct region `name` by points, at once: what lies around each point and looks like it comes in or goes out.

    The patch around a point is found by geodesic distance on the photo (1, 3, H, W), which has the regions' size.
    Where patches of `add` and `remove` meet, the nearer point decides. What is added is taken from the others, what
    is removed goes to the background, or from the background to the subject.

    Raises:
        InputError: no such region, or a point outside the photo.
    """
    regions.index(name)
    small = resize(photo, fit_size(regions.size, min(WORK, max(regions.size))))
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
    across = F.max_pool2d(alpha, (1, 4 * radius + 1), 1, (0, 2 * radius))  # a square's maximum, one axis at a time
    grown = F.max_pool2d(across, (4 * radius + 1, 1), 1, (2 * radius, 0))
    soft = F.pad(grown, (radius,) * 4, mode="replicate")
    return torch.maximum(F.avg_pool2d(soft, 2 * radius + 1, 1), alpha)
