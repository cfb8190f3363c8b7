"""A partition of the picture into soft regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.errors import InputError
from styfie.images import resize

SUBJECT, BACKGROUND = "subject", "background"


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
