"""The guide of the network that finds people, as ONNX."""

from __future__ import annotations

import torch.nn.functional as F
from torch import nn

from styfie.export.graph import Graph
from styfie.segmentation.selfie import Activation, Bottleneck, Gate, SelfieNet, UpBlock


def guide(graph: Graph, network: SelfieNet, picture: str) -> str:
    """The logits of `SelfieNet`."""
    half = _active(graph, _strided(graph, network.stem, picture), F.hardswish)
    quarter = _bottleneck(graph, network.quarter, half)
    eighth = _line(graph, network.eighth, quarter)
    deep = _line(graph, network.sixteenth, eighth)
    whole = graph("Sigmoid", graph.convolve(graph("GlobalAveragePool", deep), network.whole))
    x = graph("Mul", graph("Relu", graph.convolve(deep, network.widen)), whole)
    for block, skip in zip(network.up, (eighth, quarter, half), strict=True):
        assert isinstance(block, UpBlock)
        x = _up(graph, block, x, skip)
    head = network.head
    shape = {"kernel_shape": list(head.kernel_size), "strides": list(head.stride)}
    assert head.bias is not None
    return graph("ConvTranspose", x, head.weight, head.bias, **shape)


def _line(graph: Graph, blocks: nn.Sequential, x: str) -> str:
    for block in blocks:
        assert isinstance(block, Bottleneck)
        x = _bottleneck(graph, block, x)
    return x


def _bottleneck(graph: Graph, block: Bottleneck, x: str) -> str:
    y = _active(graph, graph.convolve(x, block.expand), block.act)
    y = _active(graph, _strided(graph, block.depthwise, y), block.act)
    if block.gate:
        y = graph("Mul", y, _gate(graph, block.gate, y))
    y = graph.convolve(y, block.project)
    return graph("Add", x, y) if block.residual else y


def _up(graph: Graph, block: UpBlock, coarse: str, skip: str) -> str:
    up = graph.convolve(graph.double(coarse, "linear"), block.narrow)
    gated = graph("Mul", skip, _gate(graph, block.gate, graph("Add", skip, up)))
    x = graph("Relu", graph.convolve(graph("Add", gated, up), block.mix))
    return graph("Add", x, graph("Relu", graph.convolve(x, block.depthwise)))


def _gate(graph: Graph, gate: Gate, x: str) -> str:
    inner = graph("Relu", graph.convolve(graph("GlobalAveragePool", x), gate.down))
    return graph("Sigmoid", graph.convolve(inner, gate.up))


def _active(graph: Graph, x: str, act: Activation) -> str:
    """ReLU, or what hard swish is made of: not every runtime has it whole."""
    return graph("Relu", x) if act is F.relu else graph("Mul", x, graph("HardSigmoid", x, alpha=1 / 6, beta=0.5))


def _strided(graph: Graph, layer: nn.Conv2d, x: str) -> str:
    """A convolution whose zeros are laid around as `selfie` lays them."""
    size, stride = layer.kernel_size[0], layer.stride[0]
    before, after = (size - stride) // 2, (size - stride + 1) // 2
    shape = {"kernel_shape": [size, size], "pads": [before, before, after, after], "strides": [stride, stride]}
    assert layer.bias is not None
    return graph("Conv", x, layer.weight, layer.bias, group=layer.groups, **shape)
