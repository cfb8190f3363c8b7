"""Any style in one pass: Huang and Belongie (2017) in outline, with a fuller transform and a decoder that is told more.

Class 2.3 in the taxonomy of Jing et al. (2018). The photo's features within a region are moved to the style's mean and
covariance at five scales (`transport`), and one small network makes the picture from them (`network`). Pictures larger
than the network was trained on are painted coarse to fine, each scale beginning from the one below, so that strokes
keep their size; those that are larger than `TILE` in overlapping tiles, with statistics over the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from styfie.devices import pick_device, to_fast_dtype
from styfie.encoders import load_encoder
from styfie.encoders.plain import Features, PlainEncoder
from styfie.engines.fast.network import FastNet, draw_noise, load_fast, see
from styfie.engines.fast.transport import Gaussian, blend, gaussian_of, transports
from styfie.engines.layers import Box, region_box
from styfie.engines.onepass import in_one_pass
from styfie.engines.progress import Progress
from styfie.engines.tiles import Area, tap_masks, tiles_of
from styfie.looks import Look
from styfie.losses.moments import Moments, moments
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.weights import load_packaged

TILE = 1024  # side of tiles
REACH = 96  # pixels around its own that a pixel of the result depends on, in whole cells of the coarsest map
NATIVE = 256  # longest side that is painted from the photo: what is larger begins at half its size, in larger strokes
THINNED = {"rgb": 4, "conv1": 4, "conv2": 2}  # of these every so manieth row and column says enough of statistics
STRIDES = (1, 1, 2, 4, 8, 16)  # pixels between the cells of the picture and of each map


@dataclass(frozen=True, eq=False)
class StyleFilters:
    """A look as the network wants it at one scale: the statistics per tap, and the filters that they make.

    `calm` where the style is a part of a picture: see `transports`.
    """

    statistics: list[Gaussian]
    filters: list[tuple[Tensor, Tensor]]
    calm: bool


class FastPainter:
    """Paints photo after photo in the same looks; what depends on the styles alone is made once.

    `settings` gives device and seed.
    """

    native = NATIVE

    def __init__(self, looks: Mapping[str, Look], settings: Settings) -> None:
        self.looks, self.seed = looks, settings.seed
        self.device = pick_device(settings.device)
        encoder = load_encoder("styfie-1")
        assert isinstance(encoder, PlainEncoder)
        self.encoder: PlainEncoder = to_fast_dtype(encoder, self.device)
        self.plain = load_fast(load_packaged("fast")).to(self.device)
        self.network: FastNet = to_fast_dtype(self.plain, self.device)
        self._brushes: dict[tuple[int, int], StyleFilters] = {}
        self._noise: dict[tuple[int, int], list[Tensor]] = {}

    def paint(self, content: Tensor, band: Tensor, look: Look) -> Tensor:
        """`content` (1, 3, h, w) in one look where `band` (1, 1, h, w) is above 0, itself elsewhere."""
        size = (content.shape[-2], content.shape[-1])
        rows, columns = _around(region_box(band), size)
        noise = [
            one[(..., *_cells((rows, columns), stride))]
            for stride, one in zip(STRIDES[2:], self._noise_of(size), strict=True)
        ]
        painted, here = content.clone(), (..., rows, columns)
        painted[here] = self._paint(content[here], band[here], self._brush(look, max(size)), noise)
        return painted

    def _paint(self, content: Tensor, band: Tensor, brush: StyleFilters, noise: Sequence[Tensor]) -> Tensor:
        """All of a picture, moved from its statistics in the band to the brush's."""
        size = (content.shape[-2], content.shape[-1])
        seen = self._see(content) if max(size) <= TILE else None
        affines = transports(self._statistics(content, band, seen), brush.statistics, brush.calm)
        kind = next(self.network.parameters()).dtype
        laterals = [(w.to(kind), b.to(kind)) for w, b in self.plain.laterals(affines[1:])]
        painted = torch.empty_like(content)
        for tile in tiles_of(size, TILE, REACH):
            picture, *features = (seen or self._see(content[(..., *tile.seen)])).values()
            here = [one[(..., *_cells(tile.seen, stride))] for stride, one in zip(STRIDES[2:], noise, strict=True)]
            found = self.network(affines[0](picture), features, laterals, brush.filters, here)
            painted[(..., *tile.own)] = found[(..., *tile.inside)]
        return painted

    def _brush(self, look: Look, longest: int) -> StyleFilters:
        key = (id(look), longest)
        if key not in self._brushes:
            statistics = self._statistics_of(look, longest)
            kind = next(self.network.parameters()).dtype
            filters = [(w.to(kind), b.to(kind)) for w, b in self.plain.filters(statistics)]
            calm = any(style.alpha is not None for style in look.styles)
            self._brushes[key] = StyleFilters(statistics, filters, calm)
        return self._brushes[key]

    def _statistics_of(self, look: Look, longest: int) -> list[Gaussian]:
        """A look's styles blended, at a photo's longest side times the stroke."""
        styles = [style.at(longest, look.stroke).to(self.device) for style in look.styles]
        each = [self._statistics(style.picture, style.inside.clamp(0, 1)) for style in styles]
        return [blend(taps, look.weights) for taps in zip(*each, strict=True)]

    def _statistics(self, picture: Tensor, inside: Tensor, seen: Features | None = None) -> list[Gaussian]:
        """Of a picture's features where `inside` (1, 1, H, W) is, tile by tile, or of those that are `seen`."""
        sums: dict[str, Moments] = {}
        for tile in tiles_of((picture.shape[-2], picture.shape[-1]), TILE, REACH):
            maps = seen or self._see(picture[(..., *tile.seen)])
            for tap, mask in tap_masks(inside[(..., *tile.seen)], maps, tile).items():
                step = THINNED.get(tap, 1)
                thin = (..., slice(None, None, step), slice(None, None, step))
                here = moments(maps[tap][thin].float(), mask[thin])
                sums[tap] = Moments(*(a + b for a, b in zip(sums[tap], here, strict=True))) if tap in sums else here
        return [gaussian_of(one) for one in sums.values()]

    def _see(self, picture: Tensor) -> Features:
        picture = picture.contiguous(memory_format=torch.channels_last)
        return see(picture, self.encoder(picture))

    def _noise_of(self, size: tuple[int, int]) -> list[Tensor]:
        if size not in self._noise:
            self._noise[size] = [one.to(self.device) for one in draw_noise(size, self.seed)]
        return self._noise[size]


def _cells(area: Area, stride: int) -> Area:
    """The cells of a map with so many pixels between them that an area covers."""
    rows, columns = (slice(one.start // stride, -(-one.stop // stride)) for one in area)
    return rows, columns


def _around(box: Box, size: tuple[int, int]) -> Area:
    """A box in whole cells of the coarsest map, with what its pixels depend on."""
    rows, columns = (
        slice(
            max(0, one.start // STRIDES[-1] * STRIDES[-1] - REACH),
            min(length, -(-one.stop // STRIDES[-1]) * STRIDES[-1] + REACH),
        )
        for one, length in zip(box[-2:], size, strict=True)
    )
    return rows, columns


def fast(
    photo: Tensor,
    regions: Regions,
    looks: Mapping[str, Look],
    settings: Settings,
    start: Tensor | None = None,
    state: object = None,
) -> Iterator[Progress]:
    """Paint every region that has a style, in one pass.

    `photo` (1, 3, H, W) and `regions` are of the result's size. Of `settings`, device and seed are read. It
    neither begins from a painting nor keeps a state.

    Raises:
        MissingError: the network's weights are missing from the package.
    """
    del start, state
    return in_one_pass(lambda: FastPainter(looks, settings), photo, regions)
