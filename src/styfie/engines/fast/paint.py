"""Any style in one pass: Huang and Belongie (2017) in outline, with a fuller transform and a decoder that is told more.

Class 2.3 in the taxonomy of Jing et al. (2018). The photo's features within a region are moved to the style's mean and
covariance at five scales (`transport`), and one small network makes the picture from them (`network`). Pictures larger
than the network was trained on are painted coarse to fine, each scale beginning from the one below, so that strokes
keep their size; those that are larger than `TILE` in overlapping tiles, with statistics over the whole picture.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock

import torch
from torch import Tensor

from styfie.devices import pick_device, to_fast_dtype
from styfie.encoders import load_encoder
from styfie.encoders.plain import Features, PlainEncoder
from styfie.engines.fast.network import FastNet, draw_noise, load_fast, see
from styfie.engines.fast.transport import Gaussian, blend, gaussian_of, transports
from styfie.engines.layers import Box, region_box
from styfie.engines.onepass import in_one_pass, scales
from styfie.engines.progress import Progress
from styfie.engines.tiles import Area, tap_masks, tiles_of
from styfie.looks import Look, Style
from styfie.losses.moments import Moments, moments
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.weights import load_packaged

TILE = 1024  # side of tiles
REACH = 96  # pixels around its own that a pixel of the result depends on, in whole cells of the coarsest map
NATIVE = 256  # longest side that is painted from the photo: what is larger begins at half its size, in larger strokes
THINNED = {"rgb": 4, "conv1": 4, "conv2": 2}  # of these every so manieth row and column says enough of statistics
STRIDES = (1, 1, 2, 4, 8, 16)  # pixels between the cells of the picture and of each map
MOST_CACHED = 48  # styles, each at one scale, whose statistics are held in memory: half a megabyte each
_cached: OrderedDict[tuple[object, ...], list[Gaussian]] = OrderedDict()
_knowing = Lock()


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
        self.encoder, self.plain, self.network = _networks(self.device)
        self._brushes: dict[tuple[int, int], StyleFilters] = {}
        self._noise: dict[tuple[int, int], list[Tensor]] = {}

    def prepare(self, longest: int) -> None:
        """Look at all styles as a photo of that longest side wants them, before it is there."""
        for look in self.looks.values():
            for size in scales(longest, self.native):
                self._brush(look, size)

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
        each = [self._statistics_at(style.at(longest, look.stroke)) for style in look.styles]
        return [blend(taps, look.weights) for taps in zip(*each, strict=True)]

    def _statistics_at(self, style: Style) -> list[Gaussian]:
        """A style's as large as it is, from memory if it was seen before: half of a small picture's time."""
        key = (str(self.device), TILE, *_fingerprint(style.picture), *_fingerprint(style.alpha))
        with _knowing:
            if key in _cached:
                _cached.move_to_end(key)
                return _cached[key]
        there = style.to(self.device)
        found = self._statistics(there.picture, there.inside.clamp(0, 1))
        with _knowing:
            _cached[key] = found
            while len(_cached) > MOST_CACHED:
                _cached.popitem(last=False)
        return found

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


@cache
def _networks(device: torch.device) -> tuple[PlainEncoder, FastNet, FastNet]:
    """The encoder, the network as it was trained, and the same as it is fastest, on a device, read once."""
    encoder = load_encoder("styfie-1")
    assert isinstance(encoder, PlainEncoder)
    plain = load_fast(load_packaged("fast")).to(device)
    return to_fast_dtype(encoder, device), plain, to_fast_dtype(plain, device)


def _fingerprint(picture: Tensor | None) -> tuple[object, ...]:
    """What tells a picture's pixels from all others."""
    if picture is None:
        return (None,)
    pixels = picture.detach().cpu().numpy().tobytes()
    return picture.shape, str(picture.dtype), hashlib.blake2b(pixels, digest_size=16).digest()


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
