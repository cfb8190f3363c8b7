"""The encoder of the network that finds people, and the head that tells their parts, as ONNX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import nn

from styfie.export.graph import Graph, folded
from styfie.segmentation.pose import OWN, Inverted, PartsHead, PoseEncoder


def pose_encoder(graph: Graph, encoder: PoseEncoder, picture: str) -> list[str]:
    """The maps of `PoseEncoder`."""
    x = _active(graph, graph.convolve(picture, folded(encoder.stem)))
    x = _active(graph, graph.convolve(x, folded(encoder.depthwise)))
    first, *others = _stages(graph, encoder.stages, graph.convolve(x, folded(encoder.project)))
    return [first, *others[:2], *others[3:]]


def parts_head(graph: Graph, head: PartsHead, taps: Sequence[str], levels: Sequence[str]) -> str:
    """The logits of `PartsHead`."""
    *_, sixteenth, x = _stages(graph, head.stages, taps[OWN])
    beside = zip((sixteenth, *reversed(taps[: OWN + 1])), levels, strict=True)
    seen = [x, *(graph("Concat", *pair, axis=1) for pair in beside)]
    pairs = zip(seen, head.narrow, strict=True)
    x, *finer = (graph("Relu", graph.convolve(one, folded(narrow))) for one, narrow in pairs)
    for mix, one in zip(head.mix, finer, strict=True):
        mixed = graph("Relu", graph.convolve(x, folded(mix)))
        x = graph("Add", graph.double(mixed, "linear"), one)
    return graph.convolve(x, head.answer)


def _stages(graph: Graph, stages: Iterable[nn.Module], x: str) -> list[str]:
    """A map and what each stage makes of it."""
    maps = [x]
    for stage in stages:
        assert isinstance(stage, nn.Sequential)
        x = maps[-1]
        for block in stage:
            assert isinstance(block, Inverted)
            x = _inverted(graph, block, x)
        maps.append(x)
    return maps


def _inverted(graph: Graph, block: Inverted, x: str) -> str:
    y = _active(graph, graph.convolve(x, folded(block.expand)))
    y = _active(graph, graph.convolve(y, folded(block.depthwise)))
    y = graph.convolve(y, folded(block.project))
    return graph("Add", x, y) if block.residual else y


def _active(graph: Graph, x: str) -> str:
    return graph("Clip", x, 0.0, 6.0)
