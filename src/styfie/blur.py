"""Portrait blur: the background out of focus, the person sharp."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

COARSE = 6.0  # standard deviation, in pixels of a reduced picture, from which on reducing it shows nowhere
TRUNCATE = 3.0  # standard deviations that a Gaussian reaches
MIN_WEIGHT = 0.02  # weight of an average that is to be trusted
STRIP = 256  # rows, about, that are worked on at a time: the picture's own size never stands in memory again


def portrait_blur(photo: Tensor, matte: Tensor, radius: float) -> Tensor:
    """Blur the background of `photo` (1, 3, H, W) behind the person of `matte` (1, 1, H, W).

    `radius` is the Gaussian's standard deviation in pixels per 512 pixels of the longest side, so that a preview
    looks like the large picture. The background alone is averaged (normalised convolution, Knutsson and Westin
    1993: blur(photo * (1 - matte)) / blur(1 - matte)), so that no colour of the person bleeds into it; `plain_blur`
    is the founding paper's, which shows that halo. Behind the person, where no background is near, the blurred
    background of the surroundings is continued.
    """
    sigma = sigma_of(photo, radius)
    if sigma <= 0:
        return photo
    result = torch.empty_like(photo)
    for rows, background in _behind(photo, matte, sigma):
        inside = matte[..., rows, :]
        result[..., rows, :] = photo[..., rows, :] * inside + background * (1 - inside)
    return result


def plain_blur(photo: Tensor, matte: Tensor, radius: float) -> Tensor:
    """Portrait blur as the founding paper has it: a Gaussian of the whole photo, and the person cut out hard over it.

    Arguments are those of `portrait_blur`; a pixel is the person's from a matte of a half on. The person's colours are
    averaged into the background, and show there as a halo.
    """
    sigma = sigma_of(photo, radius)
    return photo if sigma <= 0 else torch.where(matte >= 0.5, photo, gaussian(photo, sigma).clamp(0, 1))


def background_blur(photo: Tensor, matte: Tensor, radius: float) -> Tensor:
    """The blurred background alone (1, 3, H, W), also behind the person: `portrait_blur` before the person is put on.

    `photo`, `matte` and `radius` are as there.
    """
    sigma = sigma_of(photo, radius)
    if sigma <= 0:
        return photo
    result = torch.empty_like(photo)
    for rows, background in _behind(photo, matte, sigma):
        result[..., rows, :] = background
    return result


def sigma_of(picture: Tensor, radius: float) -> float:
    """A radius per 512 pixels of the longest side as standard deviation in pixels of this picture."""
    return radius * float(max(picture.shape[-2:])) / 512


def trusted(matte: Tensor) -> Tensor:
    """What pixels count for in a background (1, 1, H, W) behind the person of `matte`.

    Those that are partly person carry the person's colour: they count only where the background prevails.
    """
    return (1 - 2 * matte).clamp_min(0)


def filled(near: Tensor, far: Tensor) -> Tensor:
    """Colours (B, 3, H, W) of weighted averages (B, 4, H, W): colour * weight, weight; the wide ones where `near` has
    next to no weight.
    """
    share = near[:, 3:]
    wide = far[:, :3] / far[:, 3:].clamp_min(1e-6)
    return torch.lerp(wide, near[:, :3] / share.clamp_min(1e-6), (share / MIN_WEIGHT).clamp(0, 1))


def _behind(photo: Tensor, matte: Tensor, sigma: float) -> Iterator[tuple[slice, Tensor]]:
    """The blurred background, some rows at a time."""

    def weighted(rows: slice) -> Tensor:
        weight = trusted(matte[..., rows, :])
        return torch.cat([photo[..., rows, :] * weight, weight], 1)

    height, width = photo.shape[-2:]
    near, factor = _blurred(weighted, height, sigma)
    far = F.pad(gaussian(near[..., 1:-1, 1:-1], 4 * sigma / factor), (1, 1, 1, 1), mode="replicate")
    for rows in strips(height, factor):
        here, there = (enlarged(one, rows, width, factor) for one in (near, far))
        yield rows, filled(here, there).clamp(0, 1)


def gaussian(picture: Tensor, sigma: float) -> Tensor:
    """Gaussian filter of every channel of (B, C, H, W), the border repeated; `sigma` in pixels.

    A wide one is taken of the picture reduced by area and then enlarged, so that time does not grow with `sigma`: for
    values in [0, 1] it is within 1/255 of the direct one.
    """
    height, width = picture.shape[-2:]
    small, factor = _blurred(lambda rows: picture[..., rows, :], height, sigma)
    return enlarged(small, slice(0, height), width, factor)


def _blurred(take: Callable[[slice], Tensor], height: int, sigma: float) -> tuple[Tensor, int]:
    """The rows that `take` gives, reduced by a factor and blurred, with a margin of one pixel around; and the factor.

    Beyond the border go on the pixels at the border, not the means of the blocks there.
    """
    factor = max(1, int(sigma / COARSE))
    # Of the variance, in pixels of the small picture, taking means gives 1/12 and enlarging again another 1/6.
    less = sigma / factor if factor == 1 else math.sqrt((sigma / factor) ** 2 - 1 / 4)
    margin = 1 + math.ceil(TRUNCATE * less)

    def across(rows: slice) -> Tensor:
        picture = take(rows)
        return _between(_means(picture, factor, -1), picture[..., :1], picture[..., -1:], margin, -1)

    means = [_means(across(rows), factor, -2) for rows in strips(height, factor)]
    edges = across(slice(0, 1)), across(slice(height - 1, height))
    small = _between(torch.cat(means, -2), *edges, margin, -2)
    planes = small.cpu().numpy()
    found = torch.empty(small.shape, dtype=small.dtype)
    for at in [(b, c) for b in range(len(planes)) for c in range(planes.shape[1])]:
        ndimage.gaussian_filter(planes[at], less, output=found[at].numpy(), mode="nearest", truncate=TRUNCATE)
    inner = slice(margin - 1, 1 - margin)
    return found[..., inner, inner].to(small.device), factor


def _means(picture: Tensor, factor: int, dim: int) -> Tensor:
    """Means of blocks of `factor` pixels along one dimension; the last is filled up with the pixel at the border."""
    lack = -picture.shape[dim] % factor
    if factor == 1:
        return picture
    if lack:
        last = picture.narrow(dim, picture.shape[dim] - 1, 1)
        picture = torch.cat([picture, last.expand_as(picture.narrow(dim, 0, 1)).repeat_interleave(lack, dim)], dim)
    means: Tensor = picture.unflatten(dim, (-1, factor)).mean(dim)
    return means


def _between(inner: Tensor, first: Tensor, last: Tensor, margin: int, dim: int) -> Tensor:
    """`inner` with a margin on either side along one dimension, in which `first` and `last` are repeated."""
    return torch.cat([first.repeat_interleave(margin, dim), inner, last.repeat_interleave(margin, dim)], dim)


def enlarged(small: Tensor, rows: slice, width: int, factor: int) -> Tensor:
    """Some rows of a picture reduced by `factor`, with a margin of one pixel, enlarged again: bilinear."""
    first = int((rows.start + 0.5) / factor + 0.5)  # the margin is number 0
    last = int((rows.stop - 0.5) / factor + 0.5) + 1
    if factor == 1:
        return small[..., first:last, 1:-1]
    found = small[..., first : last + 1, :]
    for places, start, dim in ((torch.arange(width), 0, 3), (torch.arange(rows.start, rows.stop), first, 2)):
        exact = (places + 0.5) / factor + 0.5
        lower = exact.long()
        share = (exact - lower).to(small).view(-1, *[1] * (3 - dim))
        lower = (lower - start).to(small.device)
        found = torch.lerp(found.index_select(dim, lower), found.index_select(dim, lower + 1), share)
    return found


def strips(height: int, factor: int) -> Iterator[slice]:
    """All rows, some whole blocks at a time."""
    step = max(1, STRIP // factor) * factor
    for start in range(0, height, step):
        yield slice(start, min(height, start + step))
