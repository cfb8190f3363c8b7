"""Networks of one's own, from the files that `styfie train segmenter` writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from styfie.errors import InputError, MissingError
from styfie.segmentation.banet import BANet
from styfie.segmentation.calibration import Calibration
from styfie.segmentation.guided import GuidedNet
from styfie.segmentation.networks import PortraitNet
from styfie.segmentation.pose import PartsHead, PoseNet
from styfie.segmentation.segnet import SLIM, SegNet
from styfie.segmentation.unet88 import UNet88

SIDES = (32, 4096)  # pixels that networks are trained on, at the least and at the most

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "portrait": PortraitNet,
    "pose": PoseNet,
    "guided": GuidedNet,
    "segnet": SegNet,
    "segnet-slim": partial(SegNet, SLIM),
    "banet": BANet,
    "unet88": UNet88,
}


def read_network(file: Path) -> tuple[nn.Module, int, Calibration]:
    """The network of a safetensors file, frozen, the side in pixels of what it was trained on, and how it is read.

    Raises:
        MissingError: there is no such file.
        InputError: it is no file of `styfie train segmenter`.
    """
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no file {file}.")
    try:
        state, about = read_state(file)
        with torch.device("meta"):
            network = NETWORKS[about["arch"]]()
        network.load_state_dict(state, assign=True)
        if not all(bool(torch.isfinite(value).all()) for value in state.values()):
            raise ValueError("weights that are no numbers")
        return network.eval().requires_grad_(False), side_of(about), Calibration.of(about)
    except PermissionError:
        raise InputError(f"{file} may not be read: check its permissions.") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError):
        if not os.access(file, os.R_OK):  # safetensors says of such that it is not there
            raise InputError(f"{file} may not be read: check its permissions.") from None
        raise InputError(
            f"{file} holds no network that finds people: a segmenter.safetensors of `styfie train segmenter` is wanted."
        ) from None


def read_parts(file: Path) -> tuple[PartsHead, float]:
    """The head of a file of `styfie train parts`, frozen, and the `Calibration.clear` that goes with it.

    Raises:
        MissingError: there is no such file.
        InputError: it is no such file.
    """
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no file {file}.")
    try:
        state, about = read_state(file)
        head = PartsHead()
        head.load_state_dict(state)
        return head.eval().requires_grad_(False), Calibration.of({"clear": about["clear"]}).clear
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError):
        raise InputError(f"{file} tells no parts: a parts.safetensors of `styfie train parts` is wanted.") from None


def side_of(about: Mapping[str, str]) -> int:
    """The side in pixels of the pictures that a network was trained on, from what its file says.

    Raises:
        KeyError, ValueError: it does not say so, or nothing that can be.
    """
    side = int(about["side"])
    if not SIDES[0] <= side <= SIDES[1]:
        raise ValueError(f"a side of {side} pixels")
    return side


def read_state(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file, floats as float32, and what it says about itself.

    Raises:
        SafetensorError: it is no such file.
    """
    with safe_open(file, "pt") as opened:
        about = opened.metadata() or {}
        state = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}, about
