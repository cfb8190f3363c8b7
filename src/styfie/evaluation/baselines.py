"""What finds things by clicks without having learned from clicks, to compare with: geodesic distance, GrabCut, …"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.errors import MissingError
from styfie.evaluation.clicks import Find, Mask
from styfie.geodesic import PixelGrid
from styfie.images import fit_size, resize
from styfie.regions import SUBJECT, Point, Regions, correct
from styfie.segmentation.portrait import load_shipped, predict

DISC = 0.01  # radius of what a click says for certain, in longest sides
AROUND = 0.1  # radius around clicks on the thing in which GrabCut takes pixels for it at first, in longest sides
ROUNDS, CUT_SIZE = 5, 192  # of GrabCut, and the longest side in pixels that it works at: it is slow


def geodesic(photo: Tensor) -> Find:
    """Whatever is nearer to a click on the thing than to one beside it or to the picture's edge.

    Distances are geodesic, over colours (Criminisi, Sharp and Blake 2008; with seeds as Bai and Sapiro 2007 have them).
    """
    grid = PixelGrid(photo[0])
    edge = ~np.pad(np.ones([side - 2 for side in grid.size], np.bool_), 1)
    from_edge = grid.distance(edge)

    def find(add: Sequence[Point], remove: Sequence[Point]) -> Mask:
        on, off = (grid.distance(_seeds(points, grid.size)) for points in (add, remove))
        found: Mask = on < np.minimum(off, from_edge)
        return found

    return find


def grabcut(photo: Tensor) -> Find:
    """GrabCut (Rother, Kolmogorov and Blake 2004) of OpenCV, from small discs that are certain.

    What lies around clicks on the thing is taken for it at first, everything else for the background.

    Raises:
        MissingError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise MissingError("GrabCut needs an optional part: pip install 'styfie[video]'.") from None
    full = (photo.shape[-2], photo.shape[-1])
    size = fit_size(full, min(CUT_SIZE, max(full)))
    small = resize(photo, size)[0].clamp(0, 1)
    pixels: Any = (255 * small.flip(0).permute(1, 2, 0)).round().byte().contiguous().numpy()

    def find(add: Sequence[Point], remove: Sequence[Point]) -> Mask:
        scale = size[0] / full[0], size[1] / full[1]
        on, off = (_away([(x * scale[1], y * scale[0]) for x, y in points], size) for points in (add, remove))
        mask = np.where(on < AROUND * max(size), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        mask[off < DISC * max(size)] = cv2.GC_BGD
        mask[on < DISC * max(size)] = cv2.GC_FGD
        models: Any = [np.zeros((1, 65)) for _ in range(2)]
        cv2.setRNGSeed(0)
        cv2.grabCut(pixels, mask, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
        thing = torch.from_numpy((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).float()
        found: Mask = (resize(thing[None, None], full) > 0.5)[0, 0].numpy()
        return found

    return find


def patches(photo: Tensor) -> Find:
    """The patch around each click that looks like it, as a mask is corrected by points (`regions.correct`)."""
    nothing = Regions.of_subject(torch.zeros_like(photo[:, :1]))

    def find(add: Sequence[Point], remove: Sequence[Point]) -> Mask:
        found: Mask = (correct(nothing, photo, SUBJECT, add, remove)[SUBJECT] > 0.5)[0, 0].numpy()
        return found

    return find


def parts(photo: Tensor) -> Find:
    """The pieces that are clicked on of what the network for people sees: skin, hair, clothes, …, background.

    Clicks beside the thing change nothing: a piece is not divided.
    """
    seen = predict(photo, load_shipped()[0])
    size = (photo.shape[-2], photo.shape[-1])
    labels = resize(seen.parts, size)[0].argmax(0).numpy()
    labels = np.where((resize(seen.matte, size) > 0.5)[0, 0].numpy(), labels, 0)
    pieces = _connected(labels)

    def find(add: Sequence[Point], _remove: Sequence[Point]) -> Mask:
        found: Mask = np.isin(pieces, [pieces[int(y), int(x)] for x, y in add])
        return found

    return find


BASELINES: Mapping[str, Callable[[Tensor], Find]] = {
    "geodesic distance": geodesic,
    "GrabCut": grabcut,
    "patches": patches,
    "parts of people": parts,
}
"""What is compared with, by name: of a photo (1, 3, H, W), what finds things in it by clicks."""


def _seeds(points: Sequence[Point], size: tuple[int, int]) -> Mask:
    """The pixels that points lie in, as a mask (H, W)."""
    found = np.zeros(size, np.bool_)
    for x, y in points:
        found[min(int(y), size[0] - 1), min(int(x), size[1] - 1)] = True
    return found


def _away(points: Sequence[Point], size: tuple[int, int]) -> NDArray[np.float64]:
    """Distance of every pixel (H, W) from the nearest point; infinite if there is none."""
    if not points:
        return np.full(size, np.inf)
    found: NDArray[np.float64] = ndimage.distance_transform_edt(~_seeds(points, size))
    return found


def _connected(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers (H, W) of the connected pieces of one label each."""
    found = np.zeros(labels.shape, np.int64)
    for label in np.unique(labels):
        pieces, _ = ndimage.label(labels == label)
        found += np.where(pieces > 0, pieces + found.max(), 0)
    return found
