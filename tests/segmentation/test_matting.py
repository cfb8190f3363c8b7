from __future__ import annotations

import numpy as np
import torch

from styfie.images import resize
from styfie.segmentation.matting import guided_filter, refine


def disc(side: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(float(side)), torch.arange(float(side)), indexing="ij")
    radius = ((y - side / 2) ** 2 + (x - side / 2) ** 2).sqrt()
    return (0.3 * side - radius + 0.5).clamp(0, 1)[None, None]


def test_guided_filter_is_ridge_regression_in_each_window() -> None:
    generator = torch.Generator().manual_seed(0)
    guide, target = torch.rand(1, 3, 7, 7, generator=generator), torch.rand(1, 1, 7, 7, generator=generator)
    a, b = guided_filter(guide, target, radius=6, epsilon=0.01)  # one window: the whole picture
    colours, values = guide[0].flatten(1).T.double().numpy(), target.flatten().double().numpy()
    centred = colours - colours.mean(0)
    wanted = np.linalg.solve(centred.T @ centred / 49 + 0.01 * np.eye(3), centred.T @ (values - values.mean()) / 49)
    assert np.allclose(a[0, :, 3, 3].numpy(), wanted, atol=1e-4)
    assert np.isclose(float(b[0, 0, 3, 3]), values.mean() - wanted @ colours.mean(0), atol=1e-4)


def test_a_coarse_mask_finds_the_photos_edge() -> None:
    truth = disc(256)
    colours = torch.tensor([0.8, 0.5, 0.3]).view(1, 3, 1, 1), torch.tensor([0.1, 0.3, 0.5]).view(1, 3, 1, 1)
    photo = truth * colours[0] + (1 - truth) * colours[1]
    coarse = resize(truth, (64, 64))
    before = (resize(coarse, (256, 256)) - truth).abs().mean()
    after = (refine(coarse, photo) - truth).abs().mean()
    assert float(after) < 0.85 * float(before)


def test_patterns_inside_make_no_holes() -> None:
    photo = (torch.arange(128) // 4 % 2).float().expand(1, 3, 128, 128).clone()
    matte = refine(torch.ones(1, 1, 32, 32), photo)
    assert float(matte.min()) > 0.999
