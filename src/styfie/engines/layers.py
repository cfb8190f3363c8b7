"""What engines share: regions that look alike as one layer, its box and band, and a painting taken to a larger size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import match_colours
from styfie.engines.progress import Progress
from styfie.fields import Part, fields_of, names_of
from styfie.images import resize
from styfie.looks import Look, Style
from styfie.regions import Regions, widen
from styfie.settings import Settings

BAND = 8 / 256  # half the painted band around a region, as a share of the longest side
HARDLY = 0.5  # alpha under which a pixel shows too much of others
FAINT = 0.04**2  # variance of a photo along a colour axis under which it is not raised to all of the style's
MARGIN = 16  # pixels painted around a region's box: about the features' receptive field

E = TypeVar("E", bound=Callable[..., Iterator[Progress]])
Box = tuple[slice, slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Layer:
    """The regions that look alike, by number, and how: one painting serves them all, and no seam can be between."""

    regions: tuple[int, ...]
    look: Look


def band_of(alpha: Tensor) -> Tensor:
    """Where (R, 1, H, W) layers of regions of this alpha (R, 1, H, W) are painted: in them, and in a band around."""
    return widen(alpha, round(BAND * max(alpha.shape[-2:])))


def with_style(regions: Regions, looks: Mapping[str, Look]) -> dict[int, Look]:
    """The looks of regions that have a style, by the region's number: what there is to paint."""
    return {i: look for i, name in enumerate(regions.names) if (look := looks.get(name)) and look.styles}


def if_styled(engine: E) -> E:
    """An engine that is asked only where a region has a style; else every layer is the photo, at once."""

    @wraps(engine)
    def paint(
        photo: Tensor, regions: Regions, looks: Mapping[str, Look], settings: Settings, *more: Any, **named: Any
    ) -> Iterator[Progress]:
        if with_style(regions, looks):
            yield from engine(photo, regions, looks, settings, *more, **named)
        else:
            yield unpainted(photo, regions)

    return cast(E, paint)


def unpainted(photo: Tensor, regions: Regions) -> Progress:
    """The result where there is nothing to paint: every layer is the photo."""
    return Progress(0, 0, {}, 0.0, photo.expand(len(regions.names), -1, -1, -1))


def compose(photo: Tensor, bands: Tensor, painted: Iterable[tuple[int, Tensor]]) -> Tensor:
    """Every region's layer (R, 3, H, W): its painted picture (1, 3, H, W) within its band, the photo elsewhere.

    `bands` (R, 1, H, W) are as `band_of` gives them, `painted` the pictures after their regions' numbers.
    """
    layers = photo.repeat(len(bands), 1, 1, 1)
    for i, picture in painted:
        layers[i : i + 1] = torch.lerp(photo, picture, bands[i : i + 1])
    return layers


def group(regions: Regions, looks: Mapping[str, Look]) -> list[Layer]:
    """The layers to paint: regions with styles, those painted alike together."""
    found: list[Layer] = []
    for i, look in with_style(regions, looks).items():
        for n, layer in enumerate(found):
            if _alike(layer.look, look):
                found[n] = Layer((*layer.regions, i), layer.look)
                break
        else:
            found.append(Layer((i,), look))
    return found


def _alike(one: Look, other: Look) -> bool:
    """Whether two looks ask for the same painting; strength and colours come after it."""
    plain = [f.name for f in fields_of(Look, Part.PAINTING) if f.name != "styles" and not f.metadata["strokes"]]
    if len(one.styles) != len(other.styles) or not _same(one, other, plain):
        return False
    each = names_of(Style, Part.PAINTING, Part.FOUND)
    return all(_same(mine, theirs, each) for mine, theirs in zip(one.styles, other.styles, strict=True))


def _same(one: object, other: object, names: Iterable[str]) -> bool:
    """Whether two have the same values, tensors among them, under these names."""
    return all(_equal(getattr(one, name), getattr(other, name)) for name in names)


def _equal(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return not isinstance(one, Tensor) and not isinstance(other, Tensor) and one == other


def enlarge(painted: Tensor, photo: Tensor, detail: float) -> Tensor:
    """A painted picture at the photo's size, with a share of the photo's detail that the smaller one could not hold."""
    size = (photo.shape[-2], photo.shape[-1])
    if painted.shape[-2:] == size:
        return painted.clone()  # nothing is lost
    lost = resize(resize(photo, (painted.shape[-2], painted.shape[-1])), size)
    lost.neg_().add_(photo).mul_(detail)  # in place, as below: at print size each picture counts
    return resize(painted, size).add_(lost)


def in_style_colours(photo: Tensor, band: Tensor, look: Look) -> Tensor:
    """The photo (1, 3, H, W) with mean and covariance of the styles' colours, within a band (1, 1, H, W)."""
    found = None
    for share, style in zip(look.weights, look.styles, strict=True):
        one = match_colours(photo, style.picture, band, style.alpha, FAINT).mul_(share)
        found = one if found is None else found.add_(one)
    return torch.zeros_like(photo) if found is None else found


def extrapolate(photo: Tensor, alpha: Tensor) -> Tensor:
    """The photo (1, 3, H, W) in a region (1, 1, H, W), and its colours carried on smoothly beyond.

    Push and pull (Gortler et al. 1996, "The lumigraph"): what a layer paints through its band has no edge of what lies
    next to it, and no rim. Pixels that are hardly the region's count as beyond.
    """
    held = ((alpha - HARDLY) / (1 - HARDLY)).clamp(0, 1)
    levels = [torch.cat([photo * held, held], 1)]
    while max(levels[-1].shape[-2:]) > 1:
        levels.append(F.avg_pool2d(levels[-1], 2, ceil_mode=True))
    colours, held = levels.pop().split([3, 1], 1)
    found: Tensor = colours / held.clamp_min(1e-6)
    for level in reversed(levels):
        colours, held = level.split([3, 1], 1)
        wide = F.interpolate(found, colours.shape[-2:], mode="bilinear", align_corners=False)
        found = colours + (1 - held) * wide
    return found


def region_box(alpha: Tensor) -> Box:
    """The slices of (1, C, H, W) that hold every pixel of a matte (1, 1, H, W), and a margin of context."""
    rows, columns = (torch.nonzero(alpha[0, 0].amax(d) > 0.01).flatten().tolist() or [0] for d in (1, 0))
    down = slice(max(0, rows[0] - MARGIN), rows[-1] + 1 + MARGIN)
    across = slice(max(0, columns[0] - MARGIN), columns[-1] + 1 + MARGIN)
    return slice(None), slice(None), down, across
