"""What a network is in two minds about, as a whole thing: it belongs to the person, or it does not."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from styfie.segmentation.dilation import dilated, eroded

UNSURE = (0.1, 0.9)  # between these probabilities there is doubt
WIDE = 6  # pixels of 256 to the nearest that is sure: strands of hair and soft edges are narrower
TAKEN = 0.6  # mean from which a place of doubt is the person's: on validation portraits below it most were not


def without_wide_doubt(matte: Tensor) -> Tensor:
    """A matte (1, 1, S, S) with one answer for each wide place of doubt, as a helmet in an arm: by halves it melts.

    Where such a place ends stays soft, for matting to find the edge.
    """
    values = matte[0, 0].numpy()
    unsure = (values > UNSURE[0]) & (values < UNSURE[1])
    core = eroded(unsure, WIDE * len(values) / 256)
    places, count = ndimage.label(unsure)
    held = np.unique(places[core])
    if not len(held):
        return matte
    answers = np.zeros(count + 1, np.float32)
    answers[held] = ndimage.mean(values, places, held) >= TAKEN
    wide = np.isin(places, held)
    soft = ndimage.gaussian_filter(np.where(wide, answers[places], values), 1.0, mode="nearest")
    near = dilated(wide, 2)
    return torch.from_numpy(np.where(near, soft, values).astype(np.float32))[None, None]
