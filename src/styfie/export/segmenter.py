"""The networks that find people, as ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from styfie.encoders.plain import SLOPE
from styfie.export.graph import ABOUT, Graph, folded, new_graph
from styfie.export.guided import guide
from styfie.export.pose import parts_head, pose_encoder
from styfie.export.published import boundary_attention, doubling, unpooling
from styfie.segmentation.banet import BANet
from styfie.segmentation.exported import KIND, KNOWS, NO_PARTS
from styfie.segmentation.files import read_network
from styfie.segmentation.guided import SURE, GuidedNet
from styfie.segmentation.networks import PARTS, PortraitNet, PyramidNet, Residual
from styfie.segmentation.portrait import load_shipped
from styfie.segmentation.pose import PartsHead, PoseNet
from styfie.segmentation.segnet import SegNet
from styfie.segmentation.unet88 import UNet88

DEEPEST = 40_000  # weights of a convolution at 1/8 of the size or less: these know what is there, not where


def export_segmenter(file: Path, source: Path | None = None, half: bool = False, own_parts: bool = False) -> Path:
    """Write the built-in network, or that of `source`, a file of `styfie train segmenter`.

    `half`: weights in float16, those of the deepest layers in 8 bits.
    From `picture` (B, 3, H, W) in [0, 1], H and W multiples of 32, to `matte` (B, 1, H, W), the probability of
    "person", and of a `PyramidNet` also to `parts` (B, 5, H/2, W/2), those of background, skin, hair, clothes and
    accessories; of the built-in one by `own_parts` to a third output, what `portrait-free` takes for them, which clicks
    go by. SegNet's places of maxima come across as ONNX's own.

    Raises:
        InputError: `source` holds none of these networks.
        MissingError: there is no such file, or the optional part is not installed.
        OutputError: the file cannot be written.
    """
    graph = new_graph(half, in_bytes=DEEPEST if half else 0)
    network, side, calibration = load_shipped() if source is None else read_network(source)
    picture = graph.take("picture", ["batch", 3, "height", "width"])
    parts: dict[str, str] = {}
    if isinstance(network, PyramidNet):
        heads = {"parts": network.parts}
        if own_parts:
            heads["own_parts"] = load_shipped(own_parts=True)[0].parts
        matte, parts = _matte_and_parts(graph, network, picture, heads)
    elif isinstance(network, BANet):
        matte = boundary_attention(graph, network, picture)
    elif isinstance(network, SegNet):
        matte = unpooling(graph, network, picture)
    else:
        assert isinstance(network, UNet88), network
        matte = doubling(graph, network, picture)
    graph.give(graph("Sigmoid", matte), "matte", ["batch", 1, "height", "width"])
    for name, logits in parts.items():
        graph.give(graph("Softmax", logits, axis=1), name, ["batch", PARTS, "half_height", "half_width"])
    knows = {} if parts else {KNOWS: NO_PARTS}
    return graph.save(file, {ABOUT: KIND, "side": str(side), **knows, **calibration.as_metadata()})


def _matte_and_parts(
    graph: Graph, network: PyramidNet, picture: str, heads: Mapping[str, nn.Module]
) -> tuple[str, dict[str, str]]:
    """The logits, as `PyramidNet.both`, the parts' of each head."""
    if isinstance(network, PoseNet):
        taps = pose_encoder(graph, network.encoder, picture)
        x, deep = _line(graph, network.trunk, taps[3]), _line(graph, network.deep, taps[4])
    else:
        assert isinstance(network, PortraitNet), network
        taps = _encode(graph, network, picture)
        x = _line(graph, network.trunk, taps[3])
        deep = _line(graph, network.deep, _halve(graph, x))
    deep = graph("Add", deep, _context(graph, network.context, deep))
    x = graph("Add", x, graph.double(_step(graph, network.back, deep), "linear"))
    levels = [_step(graph, network.join, x)]
    steps = zip(reversed(taps[:3]), network.laterals, network.narrow, network.smooth, strict=True)
    for tap, lateral, narrow, smooth in steps:
        assert isinstance(narrow, nn.Conv2d)
        up = graph.double(graph.convolve(levels[-1], narrow), "linear")
        x = graph("Add", up, graph.convolve(tap, folded(lateral)))
        levels.append(_step(graph, smooth, graph("Relu", x)))
    first, last = network.head
    assert isinstance(last, nn.Conv2d)
    matte = graph.double(graph.convolve(_step(graph, first, levels[-1]), last), "linear")
    if isinstance(network, GuidedNet):
        matte = graph("Add", matte, graph("Clip", guide(graph, network.guide, picture), -SURE, SURE))
    return matte, {name: _parts(graph, head, taps, levels) for name, head in heads.items()}


def _parts(graph: Graph, head: nn.Module, taps: Sequence[str], levels: Sequence[str]) -> str:
    if isinstance(head, PartsHead):
        return parts_head(graph, head, taps, levels)
    assert isinstance(head, nn.Conv2d)
    return graph.convolve(levels[-1], head)


def _encode(graph: Graph, network: PortraitNet, picture: str) -> list[str]:
    taps: list[str] = []
    x = graph("Sub", picture, 0.5)
    for conv in network.encoder.convs:
        assert isinstance(conv, nn.Conv2d)
        x = graph("LeakyRelu", graph.convolve(_halve(graph, x) if taps else x, conv), alpha=SLOPE)
        taps.append(x)
    return taps[1:]


def _context(graph: Graph, context: nn.Sequential, x: str) -> str:
    """The picture's mean through two layers, as convolutions of one pixel."""
    x = graph("GlobalAveragePool", x)
    for layer in context:
        x = graph("Conv", x, _pixel(layer.weight), layer.bias) if isinstance(layer, nn.Linear) else graph("Relu", x)
    return x


def _line(graph: Graph, blocks: nn.Sequential, x: str) -> str:
    for block in blocks:
        x = _step(graph, block, x)
    return x


def _step(graph: Graph, block: nn.Module, x: str) -> str:
    """A residual block, or a convolution with normalisation and ReLU."""
    if isinstance(block, Residual):
        second = graph.convolve(_step(graph, block.first, x), folded(block.second))
        return graph("Relu", graph("Add", x, second))
    return graph("Relu", graph.convolve(x, folded(block)))


def _halve(graph: Graph, x: str) -> str:
    return graph("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])


def _pixel(weight: Tensor) -> Tensor:
    """A linear layer's weights as those of a convolution of one pixel."""
    return weight[:, :, None, None]
