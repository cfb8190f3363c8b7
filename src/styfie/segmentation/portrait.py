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
LEAST = 0.01  # share of the picture below which a subject counts as none
CONTRAST = 1.6  # of the network's probabilities around 0.5: their outer parts are haze, not hair (chosen on val)
SURE, SCORE = 0.9, 0.7  # a probability that counts as sure, and the score below which nobody counts as found


def load_network() -> PortraitNet:
    """The shipped network, frozen."""
    network = PortraitNet()
    network.load_state_dict(load_packaged("segmenter"))
    return network.eval().requires_grad_(False)


def coarse_matte(network: PortraitNet, photo: Tensor) -> Tensor:
    """Probability of "person" (1, 1, SIDE, SIDE), the mean over the photo and its mirror image."""
    square = resize(photo, (SIDE, SIDE))
    both: Tensor = network(torch.cat([square, square.flip(3)])).sigmoid()
    mean = 0.5 * (both[:1] + both[1:].flip(3))
    return (CONTRAST * (mean - 0.5) + 0.5).clamp(0, 1)


@torch.no_grad()
def find_person(photo: Tensor, network: PortraitNet | None = None) -> Regions:
    """Subject and background of a photo (1, 3, H, W).

    Their score is the share of the person of which the network is sure: nearly 1 on portraits, mostly under 0.7 on
    what it takes for a person in landscapes and noise.

    Raises:
        InputError: there is no person in it that the network could find.
    """
    coarse = coarse_matte(network or load_network(), photo)
    person = float((coarse > 0.5).float().mean())
    score = float((coarse > SURE).float().mean()) / max(person, 1e-6)
    if person < LEAST or score < SCORE:
        raise InputError(
            "No person was found in the photo: give a mask with --mask FILE (white = subject), "
            "or choose a photo in which the person is larger."
        )
    return Regions.of_subject(refine(coarse, photo), score)
