"""The colours of styles as one picture, in which each style counts by its weight."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from styfie.looks import Style

SAMPLE_SIZE = 256  # pixels along each side at which a style's colours are counted


def palette_of(styles: Sequence[Style]) -> tuple[Tensor, Tensor]:
    """The styles side by side (1, 3, h, w), and how much each pixel counts (1, 1, h, w), by weights and masks."""
    small = [style.resized((SAMPLE_SIZE, SAMPLE_SIZE)) for style in styles]
    inside = [style.inside.clamp(0, 1) for style in small]
    counts = [style.weight * one / one.mean().clamp_min(1e-6) for style, one in zip(small, inside, strict=True)]
    return torch.cat([style.picture for style in small], 3), torch.cat(counts, 3)
