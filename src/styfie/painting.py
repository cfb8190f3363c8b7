"""A painted photo: its layers, and the only compositor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styfie.blur import plain_blur, portrait_blur
from styfie.bokeh import GAUSSIAN, out_of_focus
from styfie.colour import recolour
from styfie.likeness import face_score
from styfie.looks import PLAIN, Look
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.registry import load
from styfie.segmentation.colours import BoundaryColours, region_colours

ROWS = 128  # that are blended at a time


# How a painting becomes files and is had back; named, as registries name what they offer: nothing here points up.
WRITE, READ = "styfie.storage.results:write_folder", "styfie.storage.openraster:read_painting"


def sharpen_alpha(alpha: Tensor) -> Tensor:
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
    `recipe` says how it was made, in plain JSON values. `sources` are the files that it was made from, which `save`
    does not replace; they are written nowhere. `alone` (R, 3, H, W) are the layers of regions that were painted without
    the others besides, as the founding paper does: they are shown where not all that is painted is.
    """

    photo: Tensor
    regions: Regions
    layers: Tensor
    looks: Mapping[str, Look]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    _boundary: BoundaryColours = field(
        default_factory=BoundaryColours, repr=False
    )  # found once, also for a painting made of this
    sources: tuple[Path, ...] = field(default=(), repr=False)
    alone: Tensor | None = None

    def render(self, looks: Mapping[str, Look] | None = None, only: Collection[str] | None = None) -> Tensor:
        """Blend photo and layers: the sum over regions of weight * mix(colours, layer, strength), `layer` as below.

        The region's foreground colours stand where the photo would: where two regions share a pixel, replacing the one
        takes its colour away, and no rim of it is left on the other. A weight is the alpha, sharpened among the
        regions with a style (see `sharpen_alpha`) as far as the least painted of them is; one that is only out of focus
        meets the others as softly as the photo does. Where depth is known a look's strength may fall off: it is that
        at the farthest and less by the share `depth_falloff` at the nearest.

        Args:
            looks: strengths, colours and blur to use in place of the painting's own.
            only: the regions to show painted; the others stay photo, to the bit.

        Returns:
            The picture (1, 3, H, W) in [0, 1].

        Raises:
            InputError: a name in `looks` or `only` is no region's.
        """
        looks = self.looks if looks is None else looks
        shown = set(self.regions.names) if only is None else {self.regions.names[self.regions.index(n)] for n in only}
        if self.alone is not None and any(look.styles and n not in shown for n, look in looks.items()):
            return replace(self, layers=self.alone, alone=None).render(looks, only)
        asked = [(n, look) for n, look in looks.items() if look.painted and n in shown]
        asked.sort(key=lambda one: not one[1].styles)  # those with a style first
        layers = [self.layer(n, look) for n, look in asked]
        painted = [(self.regions.index(n), look) for n, look in asked]
        styled = sum(bool(look.styles) for _, look in asked)
        strengths = [self._strength(look) for _, look in painted]
        alpha, picture = self.regions.alpha, self.photo.clone()
        for top in range(0, picture.shape[-2] if painted else 0, ROWS):  # nothing else is of full size
            strip = slice(top, min(top + ROWS, picture.shape[-2]))
            rows = (..., strip, slice(None))
            mattes = torch.cat([alpha[at : at + 1][rows] for at, _ in painted])
            more = sharpen_alpha(mattes[:styled]) - mattes[:styled]
            here = [s[rows] if isinstance(s, Tensor) else torch.tensor(s) for s in strengths]
            # Beside what is hardly painted the matte stays as soft as it is.
            least = reduce(torch.minimum, here[:styled]) if styled else torch.tensor(0.0)
            for n, ((at, _), layer, strength) in enumerate(zip(painted, layers, here, strict=True)):
                own = self._region_colours(at, strip)
                gain = strength * (layer[rows] - own)
                crisper = least * more[n] * (own + gain) if n < styled else 0
                picture[rows] += mattes[n] * gain + crisper
        return picture.clamp_(0, 1)

    def layer(self, name: str, look: Look | None = None) -> Tensor:
        """The layer (1, 3, H, W) of a region as `render` blends it with this look, its own if none: before strength.

        That is what was painted, recoloured; without a style the region's foreground colours; and then out of focus, if
        the look is blurred (see `bokeh.out_of_focus`), by discs and hexagons as far as depth says where it is known.

        Raises:
            InputError: there is no region of that name.
        """
        at = self.regions.index(name)
        look = self.looks.get(name, Look()) if look is None else look
        found = (
            self._recoloured(at, look)
            if look.styles
            else self._region_colours(at, slice(0, self.photo.shape[-2])).clamp(0, 1)
        )
        return out_of_focus(found, self.regions.alpha[at : at + 1], look.blur, look.bokeh, self.regions.depth)

    @property
    def weights(self) -> Tensor:
        """What each layer weighs in `render` (R, 1, H, W): its alpha, but crisp where both of a border have a style."""
        painted = [i for i, n in enumerate(self.regions.names) if (look := self.looks.get(n)) and look.styles]
        found = self.regions.alpha.clone()
        found[painted] = sharpen_alpha(found[painted])
        return found

    def _recoloured(self, at: int, look: Look) -> Tensor:
        layer = self.layers[at : at + 1]
        if look.color == "style":
            return layer
        own = self._region_colours(at, slice(0, layer.shape[-2]))
        return recolour(layer, own, self.regions.alpha[at : at + 1], look.color)

    def _region_colours(self, at: int, rows: slice) -> Tensor:
        """Some rows of one region's foreground colours (1, 3, h, W), as `colours`, but the photo beyond the region."""
        places, colours = self._boundary(self.photo, self.regions.alpha)
        width = self.photo.shape[-1]
        first, last = torch.searchsorted(places, torch.tensor([rows.start * width, rows.stop * width])).tolist()
        own = self.photo[..., rows, :].clone()
        own.flatten(2)[..., places[first:last] - rows.start * width] = colours[at, :, first:last]
        return own

    def _strength(self, look: Look) -> float | Tensor:
        """A look's strength, or at each pixel (1, 1, H, W) if it falls off with depth."""
        if self.regions.depth is None or look.depth_falloff == 0:
            return look.strength
        return look.strength * (1 - look.depth_falloff * (1 - self.regions.depth))

    @property
    def likeness(self) -> float | None:
        """How like the photo's faces still are, in [-1, 1], as `likeness.face_score`; None without a face."""
        face = self.regions.face
        return None if face is None else face_score(self.render(), self.photo, face)

    @cached_property
    def colours(self) -> Tensor:
        """Each region's foreground colours (R, 3, H, W): the photo, without the other regions' share in soft pixels."""
        return region_colours(self.photo, self.regions.alpha)

    @property
    def boundary_colours(self) -> BoundaryColours:
        """`colours` only where regions share pixels, found."""
        self._boundary(self.photo, self.regions.alpha)
        return self._boundary

    @property
    def matte(self) -> Tensor:
        """The matte (1, 1, H, W) of the person: the subject and what was split off it or laid over it."""
        return self.regions.side(SUBJECT)

    def save(self, folder: str | Path) -> list[Path]:
        """Write all pictures and `painting.ora` into `folder`, as `storage.results.write_folder`.

        Raises:
            OutputError: it cannot be written to, or one of `sources` would be replaced.
        """
        written: list[Path] = load(WRITE)(self, Path(folder))
        return written

    @classmethod
    def load(cls, file: str | Path) -> Painting:
        """Read a painting back from its `painting.ora`, as `storage.openraster.read_painting`."""
        found: Painting = load(READ)(Path(file))
        return found


def lens_blur(photo: Tensor, matte: Tensor, radius: float, bokeh: str = "disc", depth: Tensor | None = None) -> Tensor:
    """Blur the background of `photo` (1, 3, H, W) behind the person of `matte` (1, 1, H, W) as a lens does.

    Points of light become discs, or hexagons as by an aperture of six blades. `radius`, `bokeh` and `depth`
    (1, 1, H, W) are as for `bokeh.out_of_focus`; "gaussian" is `blur.portrait_blur` and "plain"
    `blur.plain_blur`. Where the matte is 1 the photo
    stays, to the bit.
    """
    if bokeh == PLAIN:
        return plain_blur(photo, matte, radius)
    if bokeh == GAUSSIAN:
        return portrait_blur(photo, matte, radius)
    regions = replace(Regions.of_subject(matte), depth=depth)
    looks = {BACKGROUND: Look(blur=radius, bokeh=bokeh)}
    return Painting(photo, regions, photo.expand(2, -1, -1, -1), looks).render()
