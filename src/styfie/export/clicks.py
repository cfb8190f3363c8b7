"""The network that finds anything by clicks, as ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from styfie.export.graph import ABOUT, Graph, new_graph
from styfie.segmentation.clickmaps import MAPS
from styfie.segmentation.clicks import CELL, load_click_net


def export_clicks(file: Path) -> Path:
    """Write the built-in network: from `maps` (1, MAPS, h, w), as `ClickMaps` has them.

    To `thing` (1, 1, h, w), the probability that a pixel is of what was clicked on.

    Raises:
        MissingError: the optional part is not installed.
        OutputError: the file cannot be written.
    """
    graph, network = new_graph(half=True), load_click_net()
    maps = graph.take("maps", [1, MAPS, "height", "width"])
    size = graph.size(maps)
    normal = graph("Div", graph("Sub", maps, network.get_buffer("mean")), network.get_buffer("spread"))
    missing = graph("Mod", graph("Neg", size), np.array([CELL]))
    x, held = _line(graph, network.enter, graph.pad(normal, np.array([0, 0]), missing, "edge")), []
    for down in network.down:
        held.append(x)
        x = _line(graph, down, graph.pool(x)[0])
    for own, up in zip(reversed(held), reversed(network.up), strict=True):
        x = _line(graph, up, graph("Concat", own, graph.double(x, "nearest"), axis=1))
    logits = graph.cut(graph.convolve(x, network.answer), size)
    graph.give(graph("Sigmoid", logits), "thing", [1, 1, "height", "width"])
    return graph.save(file, {ABOUT: "clicks"})


def _line(graph: Graph, layers: nn.Module, x: str) -> str:
    for layer in layers.children():
        if isinstance(layer, nn.Conv2d):
            x = graph.convolve(x, layer)
        elif isinstance(layer, nn.GroupNorm):
            x = _normal(graph, layer, x)
        else:
            x = graph("Relu", x)
    return x


def _normal(graph: Graph, layer: nn.GroupNorm, x: str) -> str:
    """Group norm: instance norm of the groups as if each were a channel, then each channel's own scale and shift."""
    groups = layer.num_groups
    apart = graph("Reshape", x, np.array([0, groups, -1]))
    one, none = np.ones(groups, np.float32), np.zeros(groups, np.float32)
    normal = graph("Reshape", graph("InstanceNormalization", apart, one, none, epsilon=layer.eps), graph("Shape", x))
    return graph("Add", graph("Mul", normal, layer.weight[:, None, None]), layer.bias[:, None, None])
