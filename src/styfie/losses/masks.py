"""Losses of networks that find people. Logits and mattes are (B, 1, H, W), mattes in [0, 1]; results are scalars."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.colour import luma_of

EPSILON = 1e-6  # under square roots
REFINED_FROM = 0.6  # share of the training from which `boundary_losses` refines the outline
BAND = 2.0  # the refined band, in widths of the outline
NARROWEST, WIDEST = 2.0, 12.0  # of the outline, in pixels


def matte_loss(logits: Tensor, mattes: Tensor) -> dict[str, Tensor]:
    """Binary cross-entropy, three times as heavy along the outline, and the soft Jaccard index per picture."""
    logits = logits.float()
    half = F.avg_pool2d(mattes, 2)
    outline = F.max_pool2d(half, 5, 1, 2) + F.max_pool2d(-half, 5, 1, 2)  # 1 within some 5 pixels of it
    weight = 1 + 2 * F.interpolate(outline, scale_factor=2.0)
    entropy = F.binary_cross_entropy_with_logits(logits, mattes, reduction="none")
    found = logits.sigmoid()
    shared = torch.minimum(found, mattes).sum((1, 2, 3))
    union = torch.maximum(found, mattes).sum((1, 2, 3))
    return {"entropy": (entropy * weight).sum() / weight.sum(), "jaccard": (1 - (shared + 1) / (union + 1)).mean()}


def matte_entropy(logits: Tensor, mattes: Tensor) -> Tensor:
    """Plain binary cross-entropy per pixel, in nats; soft mattes are soft targets."""
    return F.binary_cross_entropy_with_logits(logits.float(), mattes)


def class_entropy(scores: Tensor, mattes: Tensor) -> Tensor:
    """Cross-entropy per pixel of the softmax of `scores` (B, 2, H, W), background and person, in nats.

    Badrinarayanan et al. (2017) weigh the classes by their median frequency. Not so here: the person covers about
    half of a portrait, and unequal weights would move the soft edge, which a matte is about.
    """
    return F.cross_entropy(scores.float(), torch.cat([1 - mattes, mattes], 1))


def class_jaccard(logits: Tensor, labels: Tensor, unlabelled: int) -> Tensor:
    """1 minus the soft Jaccard index of each class over all pictures, the mean over the classes that are there.

    Of `logits` (B, C, H, W) and `labels` (B, H, W); pixels that are `unlabelled` count for nothing.
    """
    known = (labels != unlabelled)[:, None]
    found = logits.float().softmax(1) * known
    truth = F.one_hot(labels.clamp_max(logits.shape[1] - 1), logits.shape[1]).permute(0, 3, 1, 2) * known
    shared, both = (found * truth).sum((0, 2, 3)), found.sum((0, 2, 3)) + truth.sum((0, 2, 3))
    there = truth.sum((0, 2, 3)) > 0
    lost = 1 - (shared + 1) / (both - shared + 1)
    return (lost * there).sum() / there.sum().clamp_min(1)


def outline_widths(mattes: Tensor) -> Tensor:
    """Widths (B,) in pixels of the outlines to learn: 0.02 * sqrt(area), from 2 to 12."""
    return (0.02 * mattes.sum((1, 2, 3)).sqrt()).clamp(NARROWEST, WIDEST)


def draw_outline(mattes: Tensor, widths: Tensor) -> Tensor:
    """The line (B, 1, H, W) where mattes cross 0.5, `widths` (B,) pixels wide in all; its rim is antialiased.

    Chen et al. (2019) draw Canny's edges of the mask; of a clean mask they are this line.
    """
    person, half = mattes > 0.5, widths[:, None, None, None] / 2
    reach = int(half.max().item()) + 1  # beyond it nothing is drawn
    # Of the distances to the nearest pixel of the person, and of the background, one is 0.
    distance = (_squared_distance(person, reach) + _squared_distance(~person, reach)).sqrt()
    return (half + 1 - distance).clamp(0, 1)


def _squared_distance(points: Tensor, reach: int) -> Tensor:
    """Squared distance in pixels from every pixel to the nearest of `points`; what is beyond `reach` is only far."""
    far = float(2 * (reach + 1) ** 2)
    squared = torch.where(points, 0.0, far)
    for dim, padding in ((2, (0, 0, reach, reach)), (3, (reach, reach, 0, 0))):
        size, padded = squared.shape[dim], F.pad(squared, padding, value=far)
        for k in range(2 * reach + 1):
            squared = torch.minimum(squared, padded.narrow(dim, k, size) + float((k - reach) ** 2))
    return squared


def _sobel(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Sobel's derivative (B, 2, H, W) of a (B, 1, H, W), along x and y, and its length; the border is repeated."""
    # By sums, as a convolution would be cut down to bfloat16 where a network is trained in it.
    x = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    rows = x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]
    columns = x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]
    slope = torch.cat([rows[..., 2:] - rows[..., :-2], columns[..., 2:, :] - columns[..., :-2, :]], 1)
    return slope, (slope.square().sum(1, keepdim=True) + EPSILON).sqrt()


def refine_loss(alpha: Tensor, pictures: Tensor, band: Tensor) -> Tensor:
    """Within `band` (B, 1, H, W), the matte's edges should lie along the picture's and be 1.5 times as steep.

    Mean over the band of 0.5 (1 - |cos|) |p| + 0.5 max(1.5 |g| - |p|, 0): g and p are Sobel's gradients of the grey
    picture and of `alpha`, cos that of the angle between them (Chen et al. 2019).
    """
    image, image_length = _sobel(luma_of(pictures))
    matte, matte_length = _sobel(alpha)
    cosine = (image * matte).sum(1, keepdim=True) / (image_length * matte_length)
    along = (1 - cosine.abs()) * matte_length
    steep = (1.5 * image_length - matte_length).clamp(min=0)
    return ((0.5 * along + 0.5 * steep) * band).sum() / band.sum().clamp(min=1)


def boundary_losses(
    logits: Tensor, outline: Tensor, pictures: Tensor, mattes: Tensor, share: float
) -> dict[str, Tensor]:
    """BANet's three terms: the matte's entropy, that of the `outline` logits, and the outline's refinement.

    The last is 0 before `share` = 0.6 of the training is done, and looks at a band twice as wide as the outline:
    it pushes the matte's edges to wherever the picture has strong ones, also to those that are not the person's.
    """
    widths = outline_widths(mattes)
    terms = {
        "entropy": matte_entropy(logits, mattes),
        "boundary": matte_entropy(outline, draw_outline(mattes, widths)),
        "refine": mattes.new_zeros(()),
    }
    if share >= REFINED_FROM:
        terms["refine"] = refine_loss(logits.float().sigmoid(), pictures, draw_outline(mattes, BAND * widths))
    return terms
