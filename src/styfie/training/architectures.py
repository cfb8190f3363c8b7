"""The networks that can be trained to find people, each with its own loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from styfie.errors import InputError
from styfie.evaluation.parts import UNLABELLED
from styfie.losses.masks import boundary_losses, class_entropy, matte_entropy, matte_loss
from styfie.segmentation.banet import BANet
from styfie.segmentation.files import NETWORKS
from styfie.segmentation.networks import PyramidNet
from styfie.segmentation.segnet import SegNet

if TYPE_CHECKING:
    from styfie.training.portraits import Batch

# Of a network, a batch and the share of the training done, 0 to 1: named terms, of which `total` is minimised.
Loss = Callable[[nn.Module, "Batch", float], dict[str, Tensor]]


@dataclass(frozen=True)
class Architecture:
    """One network: called with RGB (B, 3, H, W), it gives logits of "person" (B, 1, H, W)."""

    title: str
    make: Callable[[], nn.Module]
    loss: Loss
    parameters: int  # that can be trained; running means and variances are not among them


def _portrait(network: nn.Module, batch: Batch, _share: float) -> dict[str, Tensor]:
    assert isinstance(network, PyramidNet)
    logits, parts = network.both(batch.pictures)
    terms = matte_loss(logits, batch.mattes)
    # A batch may have no part labels at all: then the mean over none of them is 0.
    entropy = F.cross_entropy(parts.float(), batch.parts, ignore_index=UNLABELLED, reduction="sum")
    terms["parts"] = entropy / (batch.parts != UNLABELLED).sum().clamp_min(1)
    return terms | {"total": terms["entropy"] + terms["jaccard"] + 0.3 * terms["parts"]}


def _segnet(network: nn.Module, batch: Batch, _share: float) -> dict[str, Tensor]:
    assert isinstance(network, SegNet)
    entropy = class_entropy(network.scores(batch.pictures), batch.mattes)
    return {"entropy": entropy, "total": entropy}


def _banet(network: nn.Module, batch: Batch, share: float) -> dict[str, Tensor]:
    assert isinstance(network, BANet)
    logits, outline = network.both(batch.pictures)
    terms = boundary_losses(logits, outline, batch.pictures, batch.mattes, share)
    return terms | {"total": 0.6 * terms["entropy"] + 0.3 * terms["boundary"] + 0.1 * terms["refine"]}


def _unet88(network: nn.Module, batch: Batch, _share: float) -> dict[str, Tensor]:
    entropy = matte_entropy(network(batch.pictures), batch.mattes)
    return {"entropy": entropy, "total": entropy}


ARCHITECTURES: dict[str, Architecture] = {
    "portrait": Architecture("The built-in encoder, and a feature pyramid", NETWORKS["portrait"], _portrait, 3_142_990),
    "pose": Architecture(
        "The encoder of MediaPipe's network for poses, and a pyramid", NETWORKS["pose"], _portrait, 2_750_398
    ),
    "guided": Architecture("The same, guided by MediaPipe's for selfies", NETWORKS["guided"], _portrait, 2_750_398),
    "segnet": Architecture("SegNet (Badrinarayanan et al. 2017)", NETWORKS["segnet"], _segnet, 29_444_162),
    "segnet-slim": Architecture("SegNet with half the channels", NETWORKS["segnet-slim"], _segnet, 7_367_714),
    "banet": Architecture("BANet (Chen et al. 2019): boundary attention", NETWORKS["banet"], _banet, 142_746),
    "unet88": Architecture("A U-Net of 88 million parameters, for a GPU", NETWORKS["unet88"], _unet88, 88_069_569),
}


def load_architecture(name: str) -> Architecture:
    """The architecture called `name`.

    Raises:
        InputError: there is none of that name.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"There is no network {name!r} to train: known are {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]
