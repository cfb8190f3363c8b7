"""ONNX graphs, built operator by operator.

PyTorch's own exporter would follow a network by itself, but it takes some eight seconds for each, wants a third
package, leaves the paths of source files in what it writes, and has no eigenvalues. What is here needs `onnx` alone and
a fifth of a second, and a test holds each file to its network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from styfie._version import __version__
from styfie.errors import MissingError
from styfie.storage.atomic import writing_file

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto, ValueInfoProto

OPSET, IR = 18, 8  # what onnxruntime has read since its version 1.15
LARGE = 64  # numbers, of a constant that is worth keeping in float16
ABOUT = "styfie"  # key of a file's metadata that says what it is
Shape = Sequence[int | str]  # names are sizes that are known when it runs


@dataclass
class Graph:
    """A graph that grows by calling it: `graph("Add", "picture", 0.5)` gives the name of the sum.

    Operands are names of earlier results, or constants: numbers (float32), tensors, arrays.
    """

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    inputs: list[ValueInfoProto] = field(default_factory=list)
    outputs: list[ValueInfoProto] = field(default_factory=list)
    constant_names: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)
    half: bool = False  # large constants are kept in float16 and widened when the file is opened: half the bytes
    in_bytes: int = 0  # numbers from which convolutions' weights are kept in 8 bits, each channel with its own scale

    def __call__(self, operator: str, *operands: str | float | Tensor | np.ndarray[Any, Any], **attributes: Any) -> str:
        """Apply an operator of ONNX; the name of its first result."""
        from onnx import helper

        names = [one if isinstance(one, str) else self._constant(one) for one in operands]
        result = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [result], name=result, **attributes))
        return result

    def take(self, name: str, shape: Shape) -> str:
        """An input of float32."""
        from onnx import TensorProto, helper

        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def give(self, result: str, name: str, shape: Shape) -> None:
        """An output of float32."""
        from onnx import TensorProto, helper

        self.nodes.append(helper.make_node("Identity", [result], [name], name=name))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def size(self, x: str) -> str:
        """Height and width of (B, C, H, W), as two integers."""
        return self("Shape", x, start=2)

    def convolve(
        self, x: str, layer: nn.Conv2d, weight: Tensor | str | None = None, bias: Tensor | str | None = None
    ) -> str:
        """A convolution as `layer` does it, its own weights replaced if others are given."""
        weight, bias = layer.weight if weight is None else weight, layer.bias if bias is None else bias
        side, around = layer.weight.shape[-1], layer.weight.shape[-1] // 2
        if layer.padding_mode != "zeros" and around:
            rim = np.array([around, around])
            x = self.pad(x, rim, rim, "edge" if layer.padding_mode == "replicate" else "reflect")
            around = 0
        constants = [one for one in (weight, bias) if one is not None]
        groups = {"group": layer.groups} if layer.groups > 1 else {}
        shape: dict[str, Any] = {"kernel_shape": [side, side], "pads": [around] * 4, "strides": list(layer.stride)}
        return self("Conv", x, *constants, **shape, **groups)

    def pad(
        self, x: str, before: np.ndarray[Any, Any], after: str | np.ndarray[Any, Any], mode: Literal["edge", "reflect"]
    ) -> str:
        """Rows and columns (2) before and after those of (B, C, H, W).

        All four axes are written out: WebGPU's transposed graphs are wrong where an operator names two of them.
        """
        none = np.array([0, 0])
        if isinstance(after, str):
            return self("Pad", x, self("Concat", none, before, none, after, axis=0), mode=mode)
        return self("Pad", x, np.concatenate([none, before, none, after]), mode=mode)

    def cut(self, x: str, size: str) -> str:
        """The upper left (height, width) of (B, C, H, W)."""
        return self("Slice", x, np.array([0, 0]), size, np.array([2, 3]))

    def pool(self, x: str) -> tuple[str, str]:
        """Maxima of 2x2 windows, and where they were, as `unpool` takes it."""
        pooled = self("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        places = f"{pooled}places"
        self.nodes[-1].output.append(places)
        return pooled, places

    def unpool(self, x: str, places: str) -> str:
        """Maxima back where they were, 0 elsewhere: twice as high and wide."""
        return self("MaxUnpool", x, places, kernel_shape=[2, 2], strides=[2, 2])

    def double(self, x: str, mode: Literal["linear", "nearest"]) -> str:
        """Twice as high and wide: bilinear, or each pixel four times."""
        return self.enlarge(x, mode, 2)

    def enlarge(self, x: str, mode: Literal["linear", "nearest"], factor: int) -> str:
        """So many times as high and wide: bilinear, or each pixel so often."""
        how = {
            "linear": {"coordinate_transformation_mode": "half_pixel"},
            "nearest": {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        }[mode]
        return self("Resize", x, "", np.array([1, 1, factor, factor], np.float32), mode=mode, **how)

    def save(self, file: Path, about: Mapping[str, str]) -> Path:
        """Write it, with what is said about it as metadata.

        Raises:
            OutputError: the file cannot be written; what was there before stays.
        """
        from onnx import checker, helper

        graph = helper.make_graph(self.nodes, about[ABOUT], self.inputs, self.outputs, self.constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR,
            producer_name="styfie",
            producer_version=__version__,
        )
        helper.set_model_props(model, dict(about))
        checker.check_model(model, full_check=True)
        with writing_file(file) as part:
            part.write_bytes(model.SerializeToString(deterministic=True))
        return file

    def _constant(self, value: float | Tensor | np.ndarray[Any, Any]) -> str:
        from onnx import TensorProto, numpy_helper

        if isinstance(value, Tensor):
            value = value.detach().float().cpu().numpy()
        array = np.ascontiguousarray(value) if isinstance(value, np.ndarray) else np.array(value, np.float32)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.constant_names:  # the same one is written once
            if self.in_bytes and array.dtype == np.float32 and array.ndim == 4 and array.size >= self.in_bytes:
                scales = np.maximum(np.abs(array).max((1, 2, 3), keepdims=True) / 127, np.float32(1e-12))
                widened = self("Cast", np.round(array / scales).astype(np.int8), to=TensorProto.FLOAT)
                self.constant_names[key] = self("Mul", widened, scales)
                return self.constant_names[key]
            name = f"constant{len(self.constants)}"
            halved = self.half and array.dtype == np.float32 and array.size >= LARGE
            self.constants.append(numpy_helper.from_array(array.astype(np.float16) if halved else array, name))
            self.constant_names[key] = self("Cast", name, to=TensorProto.FLOAT) if halved else name
        return self.constant_names[key]


def new_graph(half: bool = False, in_bytes: int = 0) -> Graph:
    """An empty graph; `half` keeps its large constants in float16, `in_bytes` see `Graph`.

    Raises:
        MissingError: the optional part is not installed.
    """
    try:
        import onnx  # noqa: F401 - asked for before anything is read or computed
    except ImportError:
        raise MissingError("ONNX files need an optional part: pip install 'styfie[onnx]'.") from None
    return Graph(half=half, in_bytes=in_bytes)


def folded(pair: nn.Module) -> nn.Conv2d:
    """A convolution and the batch normalisation after it, as one convolution (B, C, H, W)."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    assert isinstance(pair, nn.Sequential)
    convolution, normalisation = pair[0], pair[1]
    assert isinstance(convolution, nn.Conv2d)
    if isinstance(normalisation, nn.Identity):  # it is one already
        return convolution
    assert isinstance(normalisation, nn.BatchNorm2d)
    with torch.no_grad():
        fused: nn.Conv2d = fuse_conv_bn_eval(convolution, normalisation)
    return fused
