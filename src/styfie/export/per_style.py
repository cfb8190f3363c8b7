"""Per-style networks as ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from styfie.engines.per_style.files import read_gallery, read_per_style
from styfie.engines.per_style.network import TransformNet
from styfie.engines.per_style.published import PublishedNet
from styfie.errors import InputError
from styfie.export.graph import ABOUT, Graph, new_graph
from styfie.export.moments import as_pixel, even, in_float64, proper, statistics, transport

EPSILON = 1e-5  # of the normalisation, PyTorch's own


def export_per_style(file: Path, source: Path | None = None) -> Path:
    """Write the gallery's network, or that of `source`, a file of `styfie train style`.

    From `picture` (1, 3, H, W) in [0, 1] and `shares` (styles,) of the styles, in the order in which the file's
    metadata names them, to `painted` (1, 3, H, W) in [0, 1].

    Raises:
        InputError: `source` holds no per-style network, or one as published, which is not exported.
        MissingError: there is no such file, or the optional part is not installed.
        OutputError: the file cannot be written.
    """
    graph = new_graph()
    network, names = read_gallery() if source is None else (read_per_style(source).network, (source.stem,))
    if isinstance(network, PublishedNet):
        raise InputError(
            f"{source} was trained with --encoder vgg16: only a network of the built-in one can be exported."
        )
    picture = graph.take("picture", [1, 3, "height", "width"])
    given = graph.take("shares", [network.styles])
    shares = graph("Div", given, graph("ReduceSum", given))
    painted = graph("Add", _painted(graph, network, picture, shares), _coloured(graph, network, picture, shares))
    graph.give(graph("Clip", painted, 0.0, 1.0), "painted", [1, 3, "height", "width"])
    return graph.save(file, {ABOUT: "per-style", "styles": " ".join(names)})


def _painted(graph: Graph, network: TransformNet, picture: str, weights: str) -> str:
    """What the network adds to the picture in the styles' colours."""
    size = graph.size(picture)
    missing = graph("Mod", graph("Neg", size), np.array([4]))  # pixels to the next multiple of 4
    x = graph.pad(graph("Sub", picture, 0.5), np.array([0, 0]), missing, "edge")
    styles = zip(network.scale, network.shift, strict=True)

    def normal(conv: nn.Module, x: str) -> str:
        scale, shift = (graph("MatMul", weights, one) for one in next(styles))
        assert isinstance(conv, nn.Conv2d)
        return graph("InstanceNormalization", graph.convolve(x, conv), scale, shift, epsilon=EPSILON)

    for conv in network.down:
        x = graph("Relu", normal(conv, x))
    for first, second in zip(network.blocks[::2], network.blocks[1::2], strict=True):
        x = graph("Add", x, normal(second, graph("Relu", normal(first, x))))
    for conv in network.up:
        x = graph("Relu", normal(conv, graph.double(x, "nearest")))
    return graph.cut(graph.convolve(x, network.last), size)


def _coloured(graph: Graph, network: TransformNet, picture: str, weights: str) -> str:
    """The picture in the styles' colours, as `engines.fast.transport` moves them."""
    precise = in_float64(graph, weights)
    mean = graph("Reshape", graph("MatMul", precise, network.colour.double().numpy()), np.array([3, 1]))
    spreads = proper(network.spread).view(network.styles, 9).numpy()
    spread = graph("Reshape", graph("MatMul", precise, spreads), np.array([3, 3]))
    own = statistics(graph, picture, 3, even(graph, picture))
    moved = transport(graph, own, (mean, spread), 3)
    colours = graph("Conv", picture, *as_pixel(graph, moved, 3), kernel_shape=[1, 1])
    return graph("Clip", colours, 0.0, 1.0)
