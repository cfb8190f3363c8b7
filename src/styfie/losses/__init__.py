"""Losses of neural painting as pure functions of tensors."""

from styfie.losses.functional import content_loss, gram, relative_gram_loss, total_variation
from styfie.losses.moments import Moments, moments
from styfie.losses.style import STYLE_LOSSES, Map, StyleLoss

__all__ = [
    "STYLE_LOSSES",
    "Map",
    "Moments",
    "StyleLoss",
    "content_loss",
    "gram",
    "moments",
    "relative_gram_loss",
    "total_variation",
]
