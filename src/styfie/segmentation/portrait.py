"""The built-in segmenter: photo in, subject and background out."""

from __future__ import annotations

import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.images import resize
from styfie.regions import Regions
from styfie.segmentation.matting import refine
from styfie.segmentation.networks import PortraitNet
from styfie.weights import load_packaged

SIDE = 256  # the network sees the photo stretched to a square of this side, as in training
LEAST = 0.004  # share of the picture below which a subject counts as none


def load_network() -> PortraitNet:
    """The shipped network, frozen."""
    network = PortraitNet()
    network.load_state_dict(load_packaged("segmenter"))
    return network.eval().requires_grad_(False)


def coarse_matte(network: PortraitNet, photo: Tensor) -> Tensor:
    """Probability of "person" (1, 1, SIDE, SIDE), the mean over the photo and its mirror image."""
    square = resize(photo, (SIDE, SIDE))
    both: Tensor = network(torch.cat([square, square.flip(3)])).sigmoid()
    return 0.5 * (both[:1] + both[1:].flip(3))


@torch.no_grad()
def find_person(photo: Tensor, network: PortraitNet | None = None) -> Regions:
    """Subject and background of a photo (1, 3, H, W), with the network's confidence as score.

    Raises:
        InputError: there is no person in it that the network could find.
    """
    coarse = coarse_matte(network or load_network(), photo)
    person = float((coarse > 0.5).float().mean())
    if person < LEAST:
        raise InputError(
            "No person was found in the photo: give a mask with --mask FILE (white = subject), "
            "or choose a photo in which the person is larger."
        )
    doubt = float((4 * coarse * (1 - coarse)).mean())
    matte = refine(coarse, photo)
    return Regions.of_subject(matte, score=max(0.0, 1 - doubt / (2 * person)))
