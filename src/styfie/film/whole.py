"""Frames painted whole in every look while they are segmented, as Kurzman, Vazquez and Laradji (2019) do.

What is painted is the whole frame, of which a region then shows its part: the painter knows neither where the region is
nor its own colours, and a frame takes the longer of the two times, not their sum.
"""

from __future__ import annotations

from torch import Tensor

from styfie.engines.layers import Layer, group
from styfie.engines.onepass import OnePassPainter, paint_everywhere, with_features
from styfie.looks import Look
from styfie.regions import Regions

SEEN = 1 / 255  # alpha from which on a region is in a frame


class WholeFrames:
    """Paints the layers of frame after frame from pictures that are begun before the regions are known.

    Begun are the looks of regions that were in the frame before: one that comes is painted when it is found, and one
    that is absent costs nothing.
    """

    def __init__(self, painter: OnePassPainter) -> None:
        self.painter = painter
        self.expected: list[Look] = []
        self._pictures: dict[int, Tensor] = {}

    def begin(self, photo: Tensor) -> None:
        """Paint a frame (1, 3, H, W) in the looks that are expected in it."""
        self._pictures = {id(look): paint_everywhere(self.painter, photo, look) for look in self.expected}

    def __call__(self, photo: Tensor, regions: Regions, start: Tensor | None) -> Tensor:
        """The layers (R, 3, H, W) of the frame that was begun: whole pictures, the photo where a region is absent."""
        del start
        layers = photo.repeat(len(regions.names), 1, 1, 1)
        present = [one for one in group(regions, self.painter.looks) if _is_seen(one, regions)]
        for layer in present:
            picture = self._pictures.get(id(layer.look))
            if picture is None:
                picture = paint_everywhere(self.painter, photo, layer.look)
            if regions.face is not None and layer.look.likeness:
                picture = with_features(picture, photo, layer.look.likeness * regions.face)
            layers[list(layer.regions)] = picture
        self.expected, self._pictures = [layer.look for layer in present], {}
        return layers


def _is_seen(layer: Layer, regions: Regions) -> bool:
    return float(regions.alpha[list(layer.regions)].max()) > SEEN
