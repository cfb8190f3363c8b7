"""How far away each pixel is: (1, 1, H, W) in [0, 1], 0 = nearest, 1 = farthest. Only the order means something.

It comes from a map of the user's, from the photo of a phone's portrait mode, or from a guess by rules of thumb. A
network of our own sees the order in any picture, photo or painting; by it a painting is held to the photo's (`order`).
"""

from __future__ import annotations

from torch import Tensor

from styfie.depth.borders import depth_borders
from styfie.depth.estimate import estimate_depth
from styfie.depth.maps import photo_depth, read_depth
from styfie.depth.network import DepthNet, load_depth_net, predict_depth
from styfie.depth.order import DepthOrder, order_error, order_loss
from styfie.images import Picture, resize
from styfie.regions import Regions

__all__ = [
    "AUTO",
    "DepthNet",
    "DepthOrder",
    "depth_borders",
    "estimate_depth",
    "find_depth",
    "load_depth_net",
    "order_error",
    "order_loss",
    "photo_depth",
    "predict_depth",
    "read_depth",
]
AUTO = "auto"


def find_depth(source: Picture | None, photo_source: Picture | None, photo: Tensor, regions: Regions) -> Tensor | None:
    """The depth (1, 1, H, W) of a photo (1, 3, H, W), or None where none is asked for.

    `source` is None, a map as `read_depth` takes, or "auto": the map in the photo's own file `photo_source`, else
    `estimate_depth`.

    Raises:
        InputError, MissingError: as `read_depth`.
    """
    if source is None:
        return None
    size = (photo.shape[-2], photo.shape[-1])
    if not (isinstance(source, str) and source == AUTO):
        return read_depth(source, size)
    own = None if photo_source is None else photo_depth(photo_source)
    return estimate_depth(photo, regions) if own is None else resize(own, size).clamp(0, 1)
