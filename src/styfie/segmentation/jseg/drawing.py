"""Regions to look at: coloured, outlined, and with their names."""

from __future__ import annotations

import colorsys

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from torch import Tensor

from styfie.images import fit_size, resize, to_image
from styfie.regions import Regions

LONGEST = 1024  # of the picture, in pixels
TINT = 0.45  # how much of a region's own colour lies over the photo's light and dark
GOLDEN = 0.618034  # of a turn: hues that follow one another differ


def draw_regions(regions: Regions, photo: Tensor) -> Image.Image:
    """The photo (1, 3, H, W) with each region tinted, outlined, and its name (of `region-3` the 3) in its midst."""
    size = fit_size(regions.size, min(LONGEST, max(regions.size)))
    alpha, picture = resize(regions.alpha, size), resize(photo, size)
    grey = picture.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    colours = [colorsys.hsv_to_rgb(GOLDEN * n % 1, 0.75, 0.95) for n in range(len(regions.names))]
    tint = torch.einsum("rhw,rc->chw", alpha[:, 0], torch.tensor(colours))[None]
    labels = alpha[:, 0].argmax(0).numpy()
    border = ndimage.maximum_filter(labels, 3) != ndimage.minimum_filter(labels, 3)
    shown = torch.lerp(0.5 * (grey + picture), tint, TINT)
    image = to_image(torch.where(torch.from_numpy(border), 1.0, shown))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=max(10, max(size) // 32))
    for at, name in enumerate(regions.names):
        inside = np.pad(labels == at, 1)
        if not inside.any():
            continue
        y, x = np.unravel_index(np.argmax(ndimage.distance_transform_edt(inside)), inside.shape)
        text = name.removeprefix("region-")
        draw.text((int(x) - 1, int(y) - 1), text, "white", font, anchor="mm", stroke_width=2, stroke_fill="black")
    return image
