"""The weights of MediaPipe's networks, from the TensorFlow Lite files that its authors give out."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from styfie.errors import InputError, MissingError
from styfie.segmentation.pose import PoseEncoder
from styfie.segmentation.selfie import SelfieNet

TYPES = {0: np.float32, 1: np.float16}  # of tensors, by their number in the format
TURNS = {"CONV_2D": (0, 3, 1, 2), "DEPTHWISE_CONV_2D": (3, 0, 1, 2), "CUSTOM": (3, 0, 1, 2)}  # to PyTorch's order
SELFIE, POSE = "selfie_segmentation.tflite", "pose_landmark_full.tflite"  # of the package `mediapipe`, version 0.10


def read_guide(file: Path) -> dict[str, Tensor]:
    """What the guide of a `GuidedNet` loads, from `selfie_segmentation.tflite`.

    Its convolutions stand in the file in the order in which they are computed, which is that of `SelfieNet`'s layers;
    the one operation that the format does not know is the transposed convolution at the end.

    Raises:
        MissingError: there is no such file, or the package `tflite` is not installed.
        InputError: it is no such network.
    """
    network = SelfieNet()
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    for layer, (weight, bias) in zip(layers, _read(file, SELFIE, layers, alone=True), strict=True):
        layer.load_state_dict({"weight": weight, "bias": bias})
    return {f"guide.{name}": value for name, value in network.state_dict().items()}


def read_pose(file: Path) -> dict[str, Tensor]:
    """What `PoseEncoder` loads, from `pose_landmark_full.tflite`; the batch norms, folded in there, only add biases.

    The encoder's convolutions stand in the file in their order; of those between them, which make what the published
    decoder adds up, none is of the shape of the next.

    Raises:
        MissingError, InputError: as `read_guide`.
    """
    network = PoseEncoder()
    pairs = [pair for pair in network.modules() if isinstance(pair, nn.Sequential) and isinstance(pair[0], nn.Conv2d)]
    convs = [pair[0] for pair in pairs if isinstance(pair[0], nn.Conv2d)]
    for (conv, norm), (weight, bias) in zip(pairs, _read(file, POSE, convs), strict=True):
        assert isinstance(norm, nn.BatchNorm2d)
        conv.load_state_dict({"weight": weight})
        norm.load_state_dict({"bias": bias, "running_var": torch.full_like(bias, 1 - norm.eps)}, strict=False)
    return network.state_dict()


def _read(
    file: Path, name: str, layers: Iterable[nn.Conv2d | nn.ConvTranspose2d], alone: bool = False
) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each of these layers, in the order of the file, which has no others if they are `alone`."""
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no {file}: give MediaPipe's {name}.")
    try:
        import tflite
    except ImportError:
        raise MissingError("TensorFlow Lite files need an optional part: pip install 'styfie[guide]'.") from None
    found = []
    try:
        written = _convolutions(tflite, tflite.Model.GetRootAs(file.read_bytes(), 0))
        for layer in layers:
            weight, bias = next(written)
            while weight.shape != layer.weight.shape and not alone:
                weight, bias = next(written)
            if weight.shape != layer.weight.shape or bias.shape != (layer.out_channels,):
                raise ValueError("another network")
            found.append((weight, bias))
        if alone and next(written, None):
            raise ValueError("a larger network")
    except (OSError, LookupError, RuntimeError, TypeError, ValueError, AttributeError, struct.error, StopIteration):
        raise InputError(f"{file} is not the network wanted: give MediaPipe's {name}.") from None
    return found


def _convolutions(tflite: Any, model: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Weight and bias of each convolution of a model's first graph, in their order."""
    kinds = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
    graph, halves = model.Subgraphs(0), {}
    for operator in (graph.Operators(n) for n in range(graph.OperatorsLength())):
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if kind == "DEQUANTIZE":  # weights are stored in half precision
            halves[operator.Outputs(0)] = operator.Inputs(0)
        elif kind in TURNS:
            weight, bias = (
                _constant(model, graph.Tensors(halves.get(at, at))) for at in (operator.Inputs(1), operator.Inputs(2))
            )
            yield weight.permute(TURNS[kind]).contiguous(), bias


def _constant(model: Any, tensor: Any) -> Tensor:
    values = np.frombuffer(model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes(), TYPES[tensor.Type()])
    return torch.from_numpy(values.astype(np.float32).reshape(tensor.ShapeAsNumpy()))
