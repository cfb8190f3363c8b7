"""What engines share that paint in one pass: layers and their bands, and large pictures coarse to fine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import torch
from torch import Tensor

from styfie.blur import gaussian
from styfie.colour import luma_of
from styfie.devices import few_threads
from styfie.engines.layers import Layer, band_of, enlarge, extrapolate, group
from styfie.engines.progress import Progress
from styfie.images import fit_size, resize
from styfie.looks import Look
from styfie.regions import Regions

NATIVE = 512  # longest side that is painted at once; larger pictures begin at half their size, or half of that
FINE = 1 / 48  # standard deviation, as a share of the longest side, under which a face's detail is the photo's
THREADS = 2  # layers painted at a time
DETAIL = 0.9  # share of the photo's finer detail given to a larger scale


class OnePassPainter(Protocol):
    """Photo (1, 3, H, W) and regions of that size to layers (R, 3, H, W) in [0, 1]; made once for a set of looks.

    One that wants to begin smaller or larger than `NATIVE` says so by `native`. One that paints any size in one go, and
    looks after faces itself, has `paint_whole` besides: `paint` with a map (1, 1, h, w) of how much faces are to stay
    themselves.
    """

    looks: Mapping[str, Look]
    device: torch.device

    def paint(self, content: Tensor, band: Tensor, look: Look) -> Tensor:
        """`content` (1, 3, h, w) in one look where `band` (1, 1, h, w) is above 0."""
        ...


def scales(longest: int, native: int) -> list[int]:
    """The longest sides that a picture is painted at, coarse to fine, the first at most `native` pixels."""
    found = [longest]
    while found[0] > native:
        found.insert(0, -(-found[0] // 2))
    return found


@torch.no_grad()
def paint_layers(painter: OnePassPainter, photo: Tensor, regions: Regions) -> Tensor:
    """The layers (R, 3, H, W): painted in the region and through a band around it, the photo to the bit elsewhere.

    Regions that are to look alike are painted as one, and no seam can be between them.
    """
    layers, wanted = photo.repeat(len(regions.names), 1, 1, 1), group(regions, painter.looks)
    if len(wanted) < 2 or painter.device.type != "cpu":
        for layer in wanted:
            layers[list(layer.regions)] = _paint_layer(painter, photo, regions, layer)
        return layers
    with few_threads(), ThreadPoolExecutor(THREADS) as pool:  # a small network leaves a second core little to do
        each = pool.map(lambda layer: _paint_layer(painter, photo, regions, layer), wanted)
        for layer, painted in zip(wanted, each, strict=True):
            layers[list(layer.regions)] = painted
    return layers


@torch.no_grad()
def paint_everywhere(painter: OnePassPainter, photo: Tensor, look: Look) -> Tensor:
    """All of a photo (1, 3, H, W) in one look, as before it is known what is where; faces are not looked after."""
    content, band = photo.to(painter.device), torch.ones_like(photo[:, :1]).to(painter.device)
    if whole := getattr(painter, "paint_whole", None):
        found: Tensor = whole(content, band, look, torch.zeros_like(band))
        return found.to(photo)
    return _coarse_to_fine(painter, content, band, look).to(photo)


@torch.no_grad()
def _paint_layer(painter: OnePassPainter, photo: Tensor, regions: Regions, layer: Layer) -> Tensor:
    alpha = regions.alpha[list(layer.regions)].sum(0, keepdim=True).clamp(max=1)
    band = band_of(alpha)
    own = extrapolate(photo, alpha)
    if whole := getattr(painter, "paint_whole", None):
        face = torch.zeros_like(band) if regions.face is None else layer.look.likeness * regions.face
        painted = whole(*(one.to(painter.device) for one in (own, band)), layer.look, face.to(painter.device))
        return torch.lerp(photo, painted.to(photo), band)
    painted = _coarse_to_fine(painter, own.to(painter.device), band.to(painter.device), layer.look).to(photo)
    if regions.face is not None and layer.look.likeness:
        painted = with_features(painted, photo, layer.look.likeness * regions.face)
    return torch.lerp(photo, painted, band)


def with_features(painted: Tensor, photo: Tensor, amount: Tensor) -> Tensor:
    """The painting (1, 3, H, W) with a share `amount` (1, 1, H, W) of its fine light and dark taken from the photo.

    Fine is what is smaller than about an eye's half: strokes give way to eyelids and lips, their colours stay.
    """
    rows, columns = (amount[0, 0] > 0).nonzero().T if bool(amount.any()) else (None, None)
    if rows is None or columns is None:
        return painted
    radius = max(1, round(FINE * max(painted.shape[-2:])))
    down, across = (slice(max(0, int(n.min()) - 3 * radius), int(n.max()) + 1 + 3 * radius) for n in (rows, columns))
    here = (..., down, across)
    change = luma_of(photo[here]) - luma_of(painted[here])
    found = painted.clone()
    found[here] += amount[here] * (change - gaussian(change, radius))
    return found.clamp_(0, 1)


def _coarse_to_fine(painter: OnePassPainter, photo: Tensor, band: Tensor, look: Look) -> Tensor:
    """Each scale begins from the one below and the photo's detail that it could not hold: strokes keep their size."""
    painted, native = photo, getattr(painter, "native", NATIVE)
    for n, longest in enumerate(scales(max(photo.shape[-2:]), native)):
        size = fit_size((photo.shape[-2], photo.shape[-1]), longest)
        content = resize(photo, size)
        if n:
            content = enlarge(painted, content, DETAIL).clamp(0, 1)
        painted = painter.paint(content, resize(band, size).clamp(0, 1), look).clamp(0, 1)
    return painted


def in_one_pass(make: Callable[[], OnePassPainter], photo: Tensor, regions: Regions) -> Iterator[Progress]:
    """The one step of such an engine."""
    yield Progress(1, 1, {}, 0.0, paint_layers(make(), photo, regions))
