"""The network that finds people from a file of `styfie export segmenter`, run by ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from styfie.errors import InputError, MissingError
from styfie.segmentation.calibration import Calibration
from styfie.segmentation.files import side_of
from styfie.segmentation.networks import PARTS, PersonNet

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

KIND = "segmenter"  # what such a file says it is
KNOWS, NO_PARTS = "parts", "none"  # what it says where it knows the person alone
TRIED = 64  # pixels of the side of the picture that a file is tried with
TINY = 1e-7  # a probability nearer to 0 or 1 than this has no logarithm in float32


class ExportedNet(PersonNet):
    """A network whose layers are in a file."""

    def __init__(self, session: InferenceSession) -> None:
        super().__init__()
        self.session = session

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """As `PersonNet.both`: logits that give the file's probabilities back."""
        count, (height, width) = len(picture), picture.shape[-2:]
        shapes = {"matte": (count, 1, height, width), "parts": (count, PARTS, height // 2, width // 2)}
        matte, parts = _run(self.session, picture, shapes)
        return matte.logit(TINY), parts.clamp_min(TINY).log()


class ExportedMatte(nn.Module):
    """A network in a file that knows the person and no parts, as BANet and SegNet do."""

    def __init__(self, session: InferenceSession) -> None:
        super().__init__()
        self.session = session

    def forward(self, picture: Tensor) -> Tensor:
        """Logits of "person" (B, 1, H, W) that give the file's probabilities back."""
        (matte,) = _run(self.session, picture, {"matte": (len(picture), 1, *picture.shape[-2:])})
        return matte.logit(TINY)


def _run(session: InferenceSession, picture: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> list[Tensor]:
    """A file's outputs by name, in these shapes.

    Raises:
        InputError: it is damaged.
    """
    try:
        given = session.run(list(shapes), {"picture": picture.float().cpu().numpy()})
        found = [torch.from_numpy(one).float() for one in given]
    except Exception:  # its own kinds of errors share no public base
        raise InputError("The ONNX file's network cannot be run: it is damaged, get a whole copy.") from None
    whole = all(bool(torch.isfinite(one).all()) for one in found)
    if not whole or [tuple(one.shape) for one in found] != list(shapes.values()):
        raise InputError("The ONNX file's network gives no masks: it is damaged, get a whole copy.")
    return found


def read_exported(file: Path) -> tuple[ExportedNet | ExportedMatte, int, Calibration]:
    """The network of an ONNX file, the side in pixels of the pictures it was trained on, and how it is read.

    Raises:
        MissingError: there is no such file, or ONNX Runtime is not installed.
        InputError: it is no file of `styfie export segmenter`.
    """
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no file {file}.")
    try:
        import onnxruntime as ort
    except ImportError:
        raise MissingError("ONNX files need an optional part: pip install 'styfie[onnx]'.") from None
    options = ort.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # what is wrong with a file is said below
    try:
        session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception:  # its own kinds of errors share no public base
        about = {}
    else:
        about = session.get_modelmeta().custom_metadata_map
    try:
        if about.get("styfie") != KIND:
            raise ValueError("something else")
        kind: type[ExportedNet] | type[ExportedMatte] = ExportedMatte if about.get(KNOWS) == NO_PARTS else ExportedNet
        network: ExportedNet | ExportedMatte = kind(session)
        side, calibration = side_of(about), Calibration.of(about)
        network(torch.zeros(1, 3, TRIED, TRIED))
    except (KeyError, ValueError):  # InputError too
        raise InputError(
            f"{file} holds no network that finds people: a file of `styfie export segmenter` is wanted."
        ) from None
    return network, side, calibration
