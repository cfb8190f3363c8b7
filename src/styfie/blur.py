"""Portrait blur: the background out of focus, the person sharp."""

from __future__ import annotations

import torch
from scipy import ndimage
from torch import Tensor


def portrait_blur(photo: Tensor, matte: Tensor, radius: float) -> Tensor:
    """Blur the background of `photo` (1, 3, H, W) behind the person of `matte` (1, 1, H, W).

    `radius` is the Gaussian's standard deviation in pixels per 512 pixels of the longest side, so that a preview
    looks like the large picture. The background alone is averaged (normalised convolution, Knutsson and Westin
    1993: blur(photo * (1 - matte)) / blur(1 - matte)), so that no colour of the person bleeds into it; the founding
    paper blurs the whole photo and shows that halo. Behind the person, where no background is near, the blurred
    background of the surroundings is continued.
    """
    sigma = radius * max(photo.shape[-2:]) / 512
    if sigma <= 0:
        return photo
    behind = 1 - matte
    # Pixels that are partly person carry the person's colour: they count only where the background prevails.
    weight = (2 * behind - 1).clamp_min(0)
    blurred, share = gaussian(photo * weight, sigma), gaussian(weight, sigma)
    wide, wide_share = gaussian(blurred, 4 * sigma), gaussian(share, 4 * sigma)
    far = wide / wide_share.clamp_min(1e-6)
    trust = (share / 0.02).clamp(0, 1)
    background = torch.lerp(far, blurred / share.clamp_min(1e-6), trust).clamp(0, 1)
    return photo * matte + background * behind


def gaussian(picture: Tensor, sigma: float) -> Tensor:
    """Gaussian filter of every channel of (B, C, H, W), the border repeated."""
    found = ndimage.gaussian_filter(picture.cpu().numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=3.0)
    return torch.from_numpy(found).to(picture)
