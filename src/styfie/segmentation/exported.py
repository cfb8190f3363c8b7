"""The network that finds people from a file of `styfie export segmenter`, run by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from styfie.errors import InputError, MissingError
from styfie.segmentation.networks import PortraitNet

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

KIND = "segmenter"  # what such a file says it is
TINY = 1e-7  # a probability nearer to 0 or 1 than this has no logarithm in float32


class ExportedNet(PortraitNet):
    """A `PortraitNet` whose layers are in a file: `both` and `forward` are all there is."""

    def __init__(self, session: InferenceSession) -> None:
        nn.Module.__init__(self)  # without the layers
        self.session = session

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """As `PortraitNet.both`: logits that give the file's probabilities back."""
        matte, parts = self.session.run(["matte", "parts"], {"picture": picture.float().cpu().numpy()})
        return torch.from_numpy(matte).logit(TINY), torch.from_numpy(parts).clamp_min(TINY).log()


def read_exported(file: Path) -> tuple[ExportedNet, int]:
    """The network of an ONNX file, and the side in pixels of the pictures it was trained on.

    Raises:
        MissingError: there is no such file, or ONNX Runtime is not installed.
        InputError: it is no file of `styfie export segmenter`.
    """
    if not file.is_file():
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
    if about.get("styfie") != KIND:
        raise InputError(f"{file} holds no network that finds people: a file of `styfie export segmenter` is wanted.")
    return ExportedNet(session), int(about["side"])
