"""Networks of one's own, from the files that `styfie train segmenter` writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from styfie.errors import InputError, MissingError
from styfie.segmentation.banet import BANet
from styfie.segmentation.networks import PortraitNet
from styfie.segmentation.segnet import SLIM, SegNet
from styfie.segmentation.unet88 import UNet88

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "portrait": PortraitNet,
    "segnet": SegNet,
    "segnet-slim": partial(SegNet, SLIM),
    "banet": BANet,
    "unet88": UNet88,
}


def read_network(file: Path) -> tuple[nn.Module, int]:
    """The network of a safetensors file, frozen, and the side in pixels of the pictures it was trained on.

    Raises:
        MissingError: there is no such file.
        InputError: it is no file of `styfie train segmenter`.
    """
    if not file.is_file():
        raise MissingError(f"There is no file {file}.")
    try:
        state, about = read_state(file)
        with torch.device("meta"):
            network = NETWORKS[about["arch"]]()
        network.load_state_dict(state, assign=True)
        return network.eval().requires_grad_(False), int(about["side"])
    except (SafetensorError, KeyError, ValueError, RuntimeError):
        raise InputError(
            f"{file} holds no network that finds people: a segmenter.safetensors of `styfie train segmenter` is wanted."
        ) from None


def read_state(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file, floats as float32, and what it says about itself.

    Raises:
        SafetensorError: it is no such file.
    """
    with safe_open(file, "pt") as opened:
        about = opened.metadata() or {}
        state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}, about
