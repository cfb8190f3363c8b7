"""A picture from its gradients and, loosely, its values: no seam is left where patches meet."""

from __future__ import annotations

import numpy as np
import torch
from scipy.fft import dctn, idctn
from torch import Tensor


def screened_poisson(values: Tensor, across: Tensor, down: Tensor, weight: float) -> Tensor:
    """The picture u (B, C, H, W) that minimises weight |u - values|^2 + |u_x - across|^2 + |u_y - down|^2.

    Gradients are differences to the next pixel across and down (B, C, H, W); the last column's and row's have no next
    one and do not count. The normal equations are solved exactly by a cosine transform, in which the Laplacian with a
    free border is diagonal (Bhat et al. 2008, "Fourier analysis of the 2D screened Poisson equation for gradient domain
    problems"). `weight` > 0: values count for waves longer than 2 pi / sqrt(weight) pixels, gradients for shorter ones.
    """
    solved = torch.empty_like(values)
    height, width = values.shape[-2:]
    waves = (2 - 2 * np.cos(np.pi * np.arange(n) / n) for n in (height, width))
    scale = weight + next(waves)[:, None] + next(waves)
    for b in range(values.shape[0]):
        for c in range(values.shape[1]):
            right = weight * values[b, c] - _divergence(across[b, c], down[b, c])
            found = idctn(dctn(right.double().numpy(), norm="ortho") / scale, norm="ortho")
            solved[b, c] = torch.from_numpy(found).to(values)
    return solved


def differences(picture: Tensor) -> tuple[Tensor, Tensor]:
    """To the next pixel across and down, each (B, C, H, W), 0 in the last column and row."""
    across, down = torch.zeros_like(picture), torch.zeros_like(picture)
    across[..., :-1] = picture[..., 1:] - picture[..., :-1]
    down[..., :-1, :] = picture[..., 1:, :] - picture[..., :-1, :]
    return across, down


def _divergence(across: Tensor, down: Tensor) -> Tensor:
    """Minus the transpose of `differences` of one channel (H, W)."""
    found = torch.zeros_like(across)
    found[:, :-1] += across[:, :-1]
    found[:, 1:] -= across[:, :-1]
    found[:-1] += down[:-1]
    found[1:] -= down[:-1]
    return found
