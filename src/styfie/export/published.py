"""BANet, SegNet and the founding paper's U-Net as ONNX graphs: from a picture's name to that of the person's logits."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn

from styfie.export.graph import Graph, folded
from styfie.segmentation.banet import BANet, SeparableResidual
from styfie.segmentation.segnet import SegNet
from styfie.segmentation.unet88 import UNet88

QUARTER = 4  # of the picture's side is that of BANet's semantic branch


def boundary_attention(graph: Graph, network: BANet, picture: str) -> str:
    """`BANet.forward`."""
    picture = graph("Sub", picture, 0.5)
    features = _semantics(graph, network, picture)
    outline = graph.enlarge(graph.convolve(features, network.attention), "linear", QUARTER)
    mined = line(graph, network.mine, graph("Concat", picture, graph("Sigmoid", outline), axis=1))
    coarse = graph.enlarge(line(graph, network.narrow, features), "linear", QUARTER)
    mixed = line(graph, network.fuse.mix, graph("Concat", coarse, mined, axis=1))
    weights = line(graph, network.fuse.weigh, graph("GlobalAveragePool", mixed))
    return graph.convolve(graph("Add", mixed, graph("Mul", mixed, weights)), network.head)


def _semantics(graph: Graph, network: BANet, picture: str) -> str:
    """`BANet.semantics`."""
    taps: list[str] = []
    x = line(graph, network.stem, picture)
    for stage in network.down:
        x = line(graph, [stage], x)
        taps.append(x)
    x = graph("Add", x, graph.convolve(graph("GlobalAveragePool", x), network.context))
    for tap, lateral, smooth in zip(reversed(taps[:-1]), network.laterals, network.smooth, strict=True):
        x = line(graph, [smooth], graph("Add", line(graph, [lateral], tap), graph.double(x, "linear")))
    return x


def unpooling(graph: Graph, network: SegNet, picture: str) -> str:
    """`SegNet.forward`."""
    x, places = graph("Sub", picture, 0.5), []
    for block in network.down:
        x, place = graph.pool(line(graph, [block], x))
        places.append(place)
    for block, place in zip(reversed(network.up), reversed(places), strict=True):
        x = line(graph, [block], graph.unpool(x, place))
    scores = network.classifier
    assert scores.bias is not None
    # The difference of two scores is one convolution by the difference of their weights.
    return graph.convolve(x, scores, scores.weight[1:] - scores.weight[:1], scores.bias[1:] - scores.bias[:1])


def doubling(graph: Graph, network: UNet88, picture: str) -> str:
    """`UNet88.forward`, of pictures whose sides are multiples of 32."""
    x, taps = picture, []
    for block in network.down:
        taps.append(_padded(graph, block, x))
        x = graph("MaxPool", taps[-1], kernel_shape=[2, 2], strides=[2, 2])
    for tap, double, block in zip(reversed(taps), reversed(network.doubling), reversed(network.up), strict=True):
        x = _padded(graph, double, graph.double(x, "nearest"))
        x = _padded(graph, block, graph("Concat", tap, x, axis=1))
    return graph.convolve(x, network.head)


def _padded(graph: Graph, layers: Iterable[nn.Module], x: str) -> str:
    """Layers one after another: zeros around, not as many on either side, a convolution, ReLU, and batch norm last."""
    around: list[int] = []
    for layer in layers:
        if isinstance(layer, nn.ZeroPad2d):
            left, right, top, bottom = layer.padding
            around = [top, left, bottom, right]
        elif isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            shape = {"kernel_shape": list(layer.kernel_size), "pads": around, "strides": [1, 1]}
            x = graph("Conv", x, layer.weight, layer.bias, **shape)
        elif isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            x = graph(
                "BatchNormalization",
                x,
                *(layer.weight, layer.bias, layer.running_mean, layer.running_var),
                epsilon=layer.eps,
            )
        else:
            assert isinstance(layer, nn.ReLU), layer
            x = graph("Relu", x)
    return x


def line(graph: Graph, layers: Iterable[nn.Module], x: str) -> str:
    """Layers one after another, each convolution with the batch norm that follows it."""
    waiting: nn.Conv2d | None = None
    for layer in layers:
        if waiting is not None:
            normed = isinstance(layer, nn.BatchNorm2d)
            x = graph.convolve(x, folded(nn.Sequential(waiting, layer)) if normed else waiting)
            waiting = None
            if normed:
                continue
        if isinstance(layer, nn.Conv2d):
            waiting = layer
        elif isinstance(layer, SeparableResidual):
            x = graph("Add", x, line(graph, [layer.inner], x))
        elif isinstance(layer, nn.Sequential):
            x = line(graph, layer, x)
        else:
            assert isinstance(layer, nn.ReLU | nn.Sigmoid), layer
            x = graph("Relu" if isinstance(layer, nn.ReLU) else "Sigmoid", x)
    return x if waiting is None else graph.convolve(x, waiting)
