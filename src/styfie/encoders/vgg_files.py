"""Readers of the files in which VGG weights are found, all to torchvision's names and (out, in, 3, 3) kernels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from styfie.errors import InputError, MissingError

HDF5 = b"\x89HDF\r\n\x1a\n"
KERAS_LAYER = re.compile(r"block(\d)_conv(\d)")


def read_file(path: Path, names: Sequence[str]) -> tuple[dict[str, Tensor], str]:
    """The convolutions of a file, float32, and the normalisation it goes with.

    The first bytes say what kind of file it is, not its name. `names` are the layers in torchvision's order.

    Raises:
        InputError: a file of none of the kinds, or a damaged one.
        MissingError: h5py is wanted and not installed.
    """
    with path.open("rb") as stream:
        head = stream.read(9)
    if head.startswith(HDF5):
        return _read_keras(path, names), "caffe"
    if head[8:] == b"{":
        return _read_safetensors(path)
    return _read_torch(path), "torch"


def import_h5py() -> Any:
    """The h5py module.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise MissingError("Keras' .h5 weights need an optional part: pip install 'styfie[vgg]'.") from None
    return h5py


def _read_keras(path: Path, names: Sequence[str]) -> dict[str, Tensor]:
    """A group per layer; in it, under names that changed with Keras' versions, a kernel (3, 3, in, out) and a bias."""
    h5py = import_h5py()
    state: dict[str, Tensor] = {}
    try:
        with h5py.File(path, "r") as file:
            layers = file.get("model_weights", file)  # so called in a model saved whole
            for group in layers:
                if match := KERAS_LAYER.fullmatch(group):
                    layer = "conv{}_{}".format(*match.groups())
                    key = f"features.{names.index(layer)}" if layer in names else group
                    state |= {f"{key}.{part}": value for part, value in _arrays(h5py, layers[group]).items()}
    except OSError as error:
        raise InputError(f"{path.name} is a damaged HDF5 file ({error}).") from None
    return state


def _arrays(h5py: Any, group: Any) -> dict[str, Tensor]:
    """Weight (out, in, 3, 3) and bias (out) of a layer, told apart by their dimensions."""
    found: dict[str, Tensor] = {}

    def visit(_name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim == 4:
            found["weight"] = torch.from_numpy(np.asarray(item, np.float32)).permute(3, 2, 0, 1).contiguous()
        elif isinstance(item, h5py.Dataset) and item.ndim == 1:
            found["bias"] = torch.from_numpy(np.asarray(item, np.float32))

    group.visititems(visit)
    return found


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
    except SafetensorError as error:
        raise InputError(f"{path.name} is a damaged safetensors file ({error}).") from None
    return _convolutions(state), metadata.get("normalisation", "torch")


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a damaged pickle may raise anything
        state = None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError(
            f"{path.name} holds no weights that can be read: "
            "a Keras .h5, a torchvision state dict or safetensors with its names is wanted."
        )
    return _convolutions(state)


def _convolutions(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the classifier, which needs no reading here."""
    return {key: value.float() for key, value in state.items() if key.startswith("features.")}
