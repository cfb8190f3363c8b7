"""The weights of MediaPipe's network for selfies, from the TensorFlow Lite file that its authors give out."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from styfie.errors import InputError, MissingError
from styfie.segmentation.selfie import SelfieNet

TYPES = {0: np.float32, 1: np.float16}  # of tensors, by their number in the format
TURNS = {"CONV_2D": (0, 3, 1, 2), "DEPTHWISE_CONV_2D": (3, 0, 1, 2), "CUSTOM": (3, 0, 1, 2)}  # to PyTorch's order


def read_guide(file: Path) -> dict[str, Tensor]:
    """What `SelfieNet` loads, from `selfie_segmentation.tflite` of the package `mediapipe`, version 0.10.

    Its convolutions stand in the file in the order in which they are computed, which is that of `SelfieNet`'s layers;
    the one operation that the format does not know is the transposed convolution at the end.

    Raises:
        MissingError: there is no such file, or the package `tflite` is not installed.
        InputError: it is no such network.
    """
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no {file}: give MediaPipe's selfie_segmentation.tflite.")
    try:
        import tflite
    except ImportError:
        raise MissingError("TensorFlow Lite files need an optional part: pip install 'styfie[guide]'.") from None
    network = SelfieNet()
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    try:
        model = tflite.Model.GetRootAs(file.read_bytes(), 0)
        for layer, (weight, bias) in zip(layers, _convolutions(tflite, model), strict=True):
            layer.load_state_dict({"weight": weight, "bias": bias})
    except (OSError, LookupError, RuntimeError, TypeError, ValueError, AttributeError, struct.error):
        raise InputError(f"{file} is not the network wanted: give MediaPipe's selfie_segmentation.tflite.") from None
    return network.state_dict()


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
