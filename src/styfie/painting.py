"""A painted photo: its layers, and the only compositor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styfie.colour import recolour
from styfie.looks import Look
from styfie.regions import SUBJECT, Regions
from styfie.segmentation.colours import SoftColours, region_colours

ROWS = 128  # that are blended at a time


def crisp(alpha: Tensor) -> Tensor:
    """Alphas (R, 1, H, W), their sum kept, with each pixel more its larger part's: by their squares.

    A photo's border is soft by lens and hair. A painted contour is not: blended by the matte itself, half of each
    style's light and dark would be lost along it.
    """
    if len(alpha) == 1:
        return alpha
    square = alpha.square()
    return square * (alpha.sum(0, keepdim=True) / square.sum(0, keepdim=True).clamp_min(1e-12))


@dataclass(frozen=True, eq=False)
class Painting:
    """Photo (1, 3, H, W), regions, and one layer (R, 3, H, W) per region, all of one size.

    Layer r is region r painted: true inside the region and through a band around it, the photo elsewhere.
    `recipe` says how it was made, in plain JSON values.
    """

    photo: Tensor
    regions: Regions
    layers: Tensor
    looks: Mapping[str, Look]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    _soft: SoftColours = field(default_factory=SoftColours, repr=False)  # found once, also for a painting made of this

    def render(self, looks: Mapping[str, Look] | None = None, only: Collection[str] | None = None) -> Tensor:
        """Blend photo and layers: the sum over regions of share * mix(colours, recolour(layer), strength).

        The region's own colours stand where the photo would: where two regions share a pixel, replacing the one
        takes its colour away, and no rim of it is left on the other. A share is the alpha, made crisp among the painted
        regions (see `crisp`) as far as the least painted of them is. Where depth is known a look may be graded: its
        strength is that at the farthest and less by the share `graded` at the nearest.

        Args:
            looks: strengths and colours to use in place of the painting's own.
            only: the regions to show painted; the others stay photo, to the bit.

        Returns:
            The picture (1, 3, H, W) in [0, 1].

        Raises:
            InputError: a name in `looks` or `only` is no region's.
        """
        looks = self.looks if looks is None else looks
        shown = set(self.regions.names) if only is None else {self.regions.names[self.regions.index(n)] for n in only}
        painted = [(self.regions.index(n), look) for n, look in looks.items() if look.styles and n in shown]
        layers = [self._recoloured(at, look) for at, look in painted]
        strengths = [self._strength(look) for _, look in painted]
        alpha, picture = self.regions.alpha, self.photo.clone()
        for top in range(0, picture.shape[-2] if painted else 0, ROWS):  # nothing else is of full size
            strip = slice(top, min(top + ROWS, picture.shape[-2]))
            rows = (..., strip, slice(None))
            mattes = torch.cat([alpha[at : at + 1][rows] for at, _ in painted])
            more = crisp(mattes) - mattes
            here = [s[rows] if isinstance(s, Tensor) else torch.tensor(s) for s in strengths]
            least = reduce(torch.minimum, here)  # beside what is hardly painted the matte stays as soft as it is
            for n, ((at, _), layer, strength) in enumerate(zip(painted, layers, here, strict=True)):
                own = self._own(at, strip)
                gain = strength * (layer[rows] - own)
                picture[rows] += mattes[n] * gain + least * more[n] * (own + gain)
        return picture.clamp_(0, 1)

    @property
    def shares(self) -> Tensor:
        """What each layer weighs in `render` (R, 1, H, W): its alpha, but crisp where both of a border are painted."""
        painted = [i for i, n in enumerate(self.regions.names) if (look := self.looks.get(n)) and look.styles]
        found = self.regions.alpha.clone()
        found[painted] = crisp(found[painted])
        return found

    def _recoloured(self, at: int, look: Look) -> Tensor:
        layer = self.layers[at : at + 1]
        if look.color == "style":
            return layer
        own = self._own(at, slice(0, layer.shape[-2]))
        return recolour(layer, own, self.regions.alpha[at : at + 1], look.color)

    def _own(self, at: int, rows: slice) -> Tensor:
        """Some rows of one region's own colours (1, 3, h, W), as `colours`, but the photo where the region is not."""
        places, colours = self._soft(self.photo, self.regions.alpha)
        width = self.photo.shape[-1]
        first, last = torch.searchsorted(places, torch.tensor([rows.start * width, rows.stop * width])).tolist()
        own = self.photo[..., rows, :].clone()
        own.flatten(2)[..., places[first:last] - rows.start * width] = colours[at, :, first:last]
        return own

    def _strength(self, look: Look) -> float | Tensor:
        """A look's strength, or at each pixel (1, 1, H, W) if it is graded by depth."""
        if self.regions.depth is None or look.graded == 0:
            return look.strength
        return look.strength * (1 - look.graded * (1 - self.regions.depth))

    @cached_property
    def colours(self) -> Tensor:
        """Each region's own colours (R, 3, H, W): the photo, without the other regions' share in soft pixels."""
        return region_colours(self.photo, self.regions.alpha)

    @property
    def matte(self) -> Tensor:
        """The matte (1, 1, H, W) of the person: the subject and what was split off it or laid over it."""
        return self.regions.side(SUBJECT)

    def save(self, folder: str | Path) -> list[Path]:
        """Write all pictures and `painting.ora` into `folder`; see `styfie.folder`."""
        from styfie.folder import write_folder

        return write_folder(self, Path(folder))

    @classmethod
    def load(cls, file: str | Path) -> Painting:
        """Read a painting back from its `painting.ora`; see `styfie.openraster`."""
        from styfie.openraster import read_painting

        return read_painting(Path(file))
