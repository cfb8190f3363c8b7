"""The drawing that a painting keeps of its photo: planes without texture, within firm contours.

A painter leaves out fur, shingles and gravel, and draws what has a form. The photo's own features ask for all of them,
and a painting that has them looks filtered.
"""

from __future__ import annotations

import torch
from torch import Tensor

from styfie.engines.components.layers import guided_lines
from styfie.engines.filters.bilateral import bilateral
from styfie.engines.filters.flow import smooth
from styfie.images import fit_size, resize

SMALLEST, LARGEST = 100, 1024  # longest sides: a smaller picture has no texture, of a larger one it is found at this
UNIT = 1 / 512  # of the longest side: lengths below are in these
PLANE, TONES, ROUNDS = 3.0, 0.06, 2  # of the bilateral filter: how far, and how unlike a colour, is still one plane
STEPS = 0.7  # pixels: borders of planes are stairs without it
CONTOUR = 4.0  # within so far of a border its two sides are told apart more
WINDOW, FAINT = 4, 1e-4  # of the guided filter: its radius in pixels, and the variance from which an edge counts


def drawing_of(photo: Tensor, contours: float) -> Tensor:
    """A photo (1, 3, H, W), RGB in [0, 1], without its texture; what is left has contours firmer by a factor.

    Close to a border a step of colour is up to `contours` times as high again: unsharp masking of the planes.
    """
    longest = max(photo.shape[-2:])
    if longest < SMALLEST:
        return photo
    small = resize(photo, fit_size((photo.shape[-2], photo.shape[-1]), min(longest, LARGEST))).clamp(0, 1)
    unit = UNIT * max(small.shape[-2:])
    plain = smooth(bilateral(small, max(1.0, PLANE * unit), TONES, ROUNDS), STEPS)
    firm = plain.add(plain - smooth(plain, max(1.0, CONTOUR * unit)), alpha=contours).clamp_(0, 1)
    return firm if firm.shape == photo.shape else _carried(firm, small, photo)


def _carried(firm: Tensor, small: Tensor, photo: Tensor) -> Tensor:
    """A small photo's drawing at the photo's own size, its borders as crisp as there.

    Near each place it is a line over the photo's colour, by channel (He and Sun 2015, "Fast guided filter").
    """
    slope, offset = guided_lines(small, firm, WINDOW, FAINT)
    size, found = (photo.shape[-2], photo.shape[-1]), torch.empty_like(photo)
    for channel in (slice(i, i + 1) for i in range(photo.shape[1])):  # at print size each picture counts
        torch.mul(photo[:, channel], resize(slope[:, channel], size), out=found[:, channel])
        found[:, channel] += resize(offset[:, channel], size)
    return found.clamp_(0, 1)
