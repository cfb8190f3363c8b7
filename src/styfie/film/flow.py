"""Where each pixel of a frame was in the frame before: dense inverse search (Kroeger et al. 2016), by OpenCV."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from styfie.colour import luma_of
from styfie.errors import MissingError
from styfie.images import fit_size, resize

LONGEST = 320  # pixels at which motion is looked for: more shows noise, less loses fingers
MIN_SHORT_SIDE = 32  # the same of the shorter side: two of the finder's coarsest patches
LOOSE = 0.75  # pixels at that size by which there and back may differ, and of a motion's own length this share
TRUST_FRACTION = 0.1
DARK = 0.06  # change of luma along a motion at which it is half believed

Array = NDArray[Any]


class Motion(NamedTuple):
    """To the frame before: `where` (H, W, 2), its x and y in pixels for each pixel of the new one, and `trust`.

    `trust` (1, 1, H, W) in [0, 1] is 0 where a pixel was hidden in the frame before, or looks otherwise there.
    """

    where: Array
    trust: Tensor


def check_flow() -> None:
    """See that OpenCV is there.

    Raises:
        MissingError: it is not.
    """
    try:
        import cv2  # noqa: F401
    except ImportError:
        raise MissingError("Video needs an optional part: pip install 'styfie[video]'.") from None


def motion_between(now: Tensor, before: Tensor) -> Motion:
    """The motion from a frame back to the one before, both (1, 3, H, W).

    Found forward and backward; where the two do not meet the pixel was hidden (Sundaram et al. 2010).
    """
    import cv2

    size = (now.shape[-2], now.shape[-1])
    work = fit_size(size, min(LONGEST, max(size)))
    new, old = (resize(luma_of(one), work) for one in (now, before))
    more = [
        (0, max(0, MIN_SHORT_SIDE - side)) for side in work
    ]  # on the border of a strip too narrow to look for motion in
    grey = [np.pad((255 * one[0, 0].clamp(0, 1)).round().byte().numpy(), more, "edge") for one in (new, old)]
    finder: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, forth = (finder.calc(*pair, None)[: work[0], : work[1]] for pair in ((grey[0], grey[1]), (grey[1], grey[0])))
    place = _grid(work) + back
    met = _sampled(forth, place, linear=True) + back
    apart = np.hypot(met[..., 0], met[..., 1])
    length = np.hypot(back[..., 0], back[..., 1])
    seen = np.clip(2 - apart / (LOOSE + TRUST_FRACTION * length), 0, 1)
    change = np.abs(_sampled(old[0, 0].numpy(), place, linear=True) - new[0, 0].numpy())
    seen = seen / (1 + (change / DARK) ** 2)
    inside = (place >= 0).all(-1) & (place[..., 0] <= work[1] - 1) & (place[..., 1] <= work[0] - 1)
    trust = torch.from_numpy((seen * inside).astype(np.float32))[None, None]
    scale = np.array([size[1] / work[1], size[0] / work[0]], np.float32)
    fine = torch.from_numpy(back * scale).permute(2, 0, 1)[None]
    return Motion(_grid(size) + resize(fine, size)[0].permute(1, 2, 0).numpy(), resize(trust, size).clamp(0, 1))


def carry(picture: Tensor, motion: Motion) -> Tensor:
    """A picture or matte (B, C, H, W) of the frame before, moved to where its pixels are now; Lanczos, not blurred."""
    moved = [_sampled(one.permute(1, 2, 0).contiguous().numpy(), motion.where) for one in picture]
    height, width = picture.shape[-2:]
    found = torch.from_numpy(np.stack(moved)).view(len(picture), height, width, -1)
    return found.permute(0, 3, 1, 2).contiguous().clamp(0, 1)


def _sampled(picture: Array, place: Array, linear: bool = False) -> Array:
    import cv2

    kind = cv2.INTER_LINEAR if linear else cv2.INTER_LANCZOS4
    x, y = (np.ascontiguousarray(place[..., n], np.float32) for n in range(2))
    found: Array = cv2.remap(picture, x, y, kind, borderMode=cv2.BORDER_REPLICATE)
    return found


def _grid(size: tuple[int, int]) -> Array:
    y, x = np.mgrid[: size[0], : size[1]]
    return np.stack([x, y], -1).astype(np.float32)
