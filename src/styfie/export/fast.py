"""The network that paints any style in one pass, as ONNX of one style."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from styfie.encoders import load_encoder
from styfie.encoders.plain import SLOPE as SEEN_SLOPE
from styfie.encoders.plain import PlainEncoder
from styfie.engines.fast.network import LEVELS, SLOPE, FastNet
from styfie.engines.fast.paint import THINNED, FastPainter, StyleFilters
from styfie.engines.fast.transport import Gaussian
from styfie.export.graph import ABOUT, Graph, new_graph
from styfie.export.moments import Moved, as_pixel, inside, statistics, transport
from styfie.looks import Look
from styfie.settings import Settings
from styfie.styles import load_styles


def export_fast(style: str, file: Path, size: int = Settings.size) -> Path:
    """Write the network with the statistics of one style in it, seen at `size` pixels on its longer side.

    Everything is in the one file: encoder, statistics of the picture, transport, decoder. Two files with the transport
    between them would serve all styles, but leave eigenvalues of 256 channels to whoever runs them.

    `style` is as in `styles.load_styles`. From `picture` (1, 3, H, W) in [0, 1], `region` (1, 1, H, W) in [0, 1], whose
    statistics are moved, and `noise1`, …, `noise4` (1, 1, h, w), standard normal, each of half the size of the one
    before and rounded up, from half the picture's on; to `painted` (1, 3, H, W) in [0, 1], all of the picture.

    Raises:
        InputError, MissingError: as `styles.load_styles`; the optional part is not installed.
        OutputError: the file cannot be written.
    """
    graph = new_graph()
    painter = _Exact(Look(load_styles(style, size)))
    picture = graph.take("picture", [1, 3, "height", "width"])
    region = graph.take("region", [1, 1, "height", "width"])
    noise = [graph.take(f"noise{i}", [1, 1, f"height{i}", f"width{i}"]) for i in range(1, len(LEVELS))]
    brush = painter.brush(size)
    maps = [picture, *encode(graph, painter.encoder, picture)]
    taps = zip(("rgb", *painter.encoder.style_taps), maps, brush.statistics, strict=True)
    moved = [_moved(graph, tap, features, region, style) for tap, features, style in taps]
    colours = graph("Clip", graph("Conv", picture, *as_pixel(graph, moved[0], 3), kernel_shape=[1, 1]), 0.0, 1.0)
    added = decode(graph, painter.network, maps[1:], moved[1:], brush.filters, noise)
    graph.give(graph("Clip", graph("Add", colours, added), 0.0, 1.0), "painted", [1, 3, "height", "width"])
    return graph.save(file, {ABOUT: "fast", "style": style, "size": str(size)})


class _Exact(FastPainter):
    """In float32 whatever the processor has."""

    def __init__(self, look: Look) -> None:
        super().__init__({"picture": look}, Settings(device="cpu"))
        encoder = load_encoder("styfie-1")
        assert isinstance(encoder, PlainEncoder)
        self.encoder, self.network = encoder, self.plain

    def brush(self, longest: int) -> StyleFilters:
        """What the style comes to at this size."""
        return self._brush(self.looks["picture"], longest)


def encode(graph: Graph, encoder: PlainEncoder, picture: str) -> list[str]:
    """The encoder's maps of a picture (1, 3, H, W), as `PlainEncoder`."""
    taps: list[str] = []
    x = graph("Sub", picture, 0.5)
    for conv in encoder.convs:
        assert isinstance(conv, nn.Conv2d)
        if taps:
            x = graph("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
        x = graph("LeakyRelu", graph.convolve(x, conv), alpha=SEEN_SLOPE)
        taps.append(x)
    return taps


def _moved(graph: Graph, tap: str, features: str, region: str, style: Gaussian) -> Moved:
    """What moves features in a region to a style, the region's cells being means of its pixels."""
    halvings = 0 if tap == "rgb" else int(tap.removeprefix("conv")) - 1
    channels, mask = style.mean.shape[1], pooled(graph, region, halvings)
    thin, thin_mask = (thinned(graph, one, THINNED.get(tap, 1)) for one in (features, mask))
    own = statistics(graph, thin, channels, inside(graph, thin_mask))
    return transport(graph, own, style, channels)


def pooled(graph: Graph, region: str, halvings: int) -> str:
    """A region (1, 1, H, W) at a map's cells, each the mean of its pixels."""
    side = [2**halvings] * 2
    return graph("AveragePool", region, kernel_shape=side, strides=side, ceil_mode=1) if halvings else region


def thinned(graph: Graph, x: str, step: int) -> str:
    """Every so manieth row and column of (B, C, H, W)."""
    starts, axes, steps = np.array([0, 0]), np.array([2, 3]), np.array([step, step])
    return graph("Slice", x, starts, graph.size(x), axes, steps) if step > 1 else x


def decode(
    graph: Graph,
    network: FastNet,
    features: Sequence[str],
    moved: Sequence[Moved],
    filters: Sequence[tuple[Tensor | str, Tensor | str]],
    noise: Sequence[str],
) -> str:
    """What the network adds to the colours; each level's `lateral` and what moves its features are one convolution."""
    x = ""
    for n, i in enumerate(reversed(range(len(LEVELS)))):
        own = _lateral(graph, network.moved[i], network.plain[i], features[i], moved[i])
        if i:
            own = graph("Add", own, graph("Mul", noise[i - 1], network.noise[i - 1][:, None, None]))
        if x:
            own = graph("Add", own, graph.cut(graph.double(x, "nearest"), graph.size(own)))
        x = own
        for weight, bias in filters[2 * n : 2 * n + (2 if i else 1)]:
            x = graph("LeakyRelu", graph.convolve(x, network.last, weight, bias), alpha=SLOPE)
    return graph.convolve(x, network.last)


def _lateral(graph: Graph, layer: nn.Module, plain: Tensor, features: str, moved: Moved) -> str:
    assert isinstance(layer, nn.Conv2d) and layer.bias is not None
    made, seen = layer.weight.shape[:2]
    weight = graph("Add", graph("MatMul", layer.weight.view(made, seen), moved.matrix), plain)
    bias = graph("Add", graph("MatMul", layer.weight.view(made, seen), moved.offset), layer.bias[:, None])
    kernel = graph("Reshape", weight, np.array([made, seen, 1, 1]))
    return graph("Conv", features, kernel, graph("Reshape", bias, np.array([made])), kernel_shape=[1, 1])
