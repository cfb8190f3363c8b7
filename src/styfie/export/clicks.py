"""The network that finds anything by clicks, as ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from styfie.export.graph import ABOUT, Graph, new_graph
from styfie.segmentation.clickmaps import MAPS
from styfie.segmentation.clicks import BLURS, GUIDE_EVEN, GUIDE_RADIUS, load_click_net

PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # of a guide's colours


def export_clicks(file: Path) -> Path:
    """Write the built-in network: from `maps` (1, MAPS, h, w) and `lab` (1, 3, h, w), as `ClickMaps` has them.

    To `thing` (1, 1, h, w), the probability that a pixel is of what was clicked on.

    Raises:
        MissingError: the optional part is not installed.
        OutputError: the file cannot be written.
    """
    graph, network = new_graph(half=True), load_click_net()
    maps = graph.take("maps", [1, MAPS, "height", "width"])
    lab = graph.take("lab", [1, 3, "height", "width"])
    normal = graph("Div", graph("Sub", maps, network.get_buffer("mean")), network.get_buffer("spread"))
    guide, logits = _Guide(graph, lab), ""
    for decides in network.rounds:
        known = graph("Concat", normal, *_around(graph, logits, guide), axis=1) if logits else normal
        logits = _line(graph, decides, known)
    graph.give(graph("Sigmoid", logits), "thing", [1, 1, "height", "width"])
    return graph.save(file, {ABOUT: "clicks"})


def _line(graph: Graph, layers: nn.Module, x: str) -> str:
    for layer in layers.children():
        x = graph.convolve(x, layer) if isinstance(layer, nn.Conv2d) else graph("Relu", x)
    return x


def _around(graph: Graph, logits: str, guide: _Guide) -> list[str]:
    """What was found at and around each pixel, as `clicks.around`."""
    found = graph("Sigmoid", logits)
    blurs = [_box(graph, found, side // 2) for side in BLURS]
    return [graph("Mul", graph("Clip", logits, -4.0, 4.0), 0.25), found, *blurs, guide.within(found)]


def _box(graph: Graph, x: str, radius: int) -> str:
    side = 2 * radius + 1
    return graph("AveragePool", x, kernel_shape=[side, side], pads=[radius] * 4, count_include_pad=0)


class _Guide:
    """The guided filter with one guide, as `matting.guided_filter`: its systems of three equations by Cramer's rule."""

    def __init__(self, graph: Graph, lab: str) -> None:
        self.graph = graph
        self.colours = [graph("Slice", lab, np.array([c]), np.array([c + 1]), np.array([1])) for c in range(3)]
        self.means = [self.box(one) for one in self.colours]
        spreads = {(i, j): self._spread(i, j) for i, j in PAIRS}
        self.matrix = [[spreads[min(i, j), max(i, j)] for j in range(3)] for i in range(3)]
        self.cofactors = [[self._cofactor(i, j) for j in range(3)] for i in range(3)]
        self.determinant = self._sum([graph("Mul", self.matrix[0][j], self.cofactors[0][j]) for j in range(3)])

    def box(self, x: str) -> str:
        """Means over the windows, only over pixels that exist."""
        return _box(self.graph, x, GUIDE_RADIUS)

    def within(self, target: str) -> str:
        """The target (1, 1, h, w), smooth but for the guide's edges."""
        graph, mean = self.graph, self.box(target)
        shared = [self._shared(c, target, mean) for c in range(3)]
        products = [[graph("Mul", one, self.cofactors[i][j]) for j, one in enumerate(shared)] for i in range(3)]
        slopes = [graph("Div", self._sum(one), self.determinant) for one in products]
        offset = graph("Sub", mean, self._sum([graph("Mul", *pair) for pair in zip(slopes, self.means, strict=True)]))
        smooth = [graph("Mul", self.box(a), colour) for a, colour in zip(slopes, self.colours, strict=True)]
        return graph("Add", self._sum(smooth), self.box(offset))

    def _spread(self, i: int, j: int) -> str:
        graph = self.graph
        both = self.box(graph("Mul", self.colours[i], self.colours[j]))
        spread = graph("Sub", both, graph("Mul", self.means[i], self.means[j]))
        return graph("Add", spread, GUIDE_EVEN) if i == j else spread

    def _shared(self, c: int, target: str, mean: str) -> str:
        graph = self.graph
        both = self.box(graph("Mul", self.colours[c], target))
        return graph("Sub", both, graph("Mul", self.means[c], mean))

    def _cofactor(self, i: int, j: int) -> str:
        """Of a symmetric matrix, by the two rows and columns that follow: their order gives the sign."""
        graph, matrix = self.graph, self.matrix
        (a, b), (c, d) = (((n + 1) % 3, (n + 2) % 3) for n in (i, j))
        return graph("Sub", graph("Mul", matrix[a][c], matrix[b][d]), graph("Mul", matrix[a][d], matrix[b][c]))

    def _sum(self, terms: list[str]) -> str:
        first, *others = terms
        for one in others:
            first = self.graph("Add", first, one)
        return first
