from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage

from styfie.images import resize
from styfie.segmentation import matting
from styfie.segmentation.matting import guided_filter, matting_laplacian, refine, upsampled_strips
from tests.conftest import fingerprint


def disc(side: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(float(side)), torch.arange(float(side)), indexing="ij")
    radius = ((y - side / 2) ** 2 + (x - side / 2) ** 2).sqrt()
    return (0.3 * side - radius + 0.5).clamp(0, 1)[None, None]


def on_two_colours(alpha: torch.Tensor) -> torch.Tensor:
    inside, outside = torch.tensor([0.8, 0.5, 0.3]).view(1, 3, 1, 1), torch.tensor([0.1, 0.3, 0.5]).view(1, 3, 1, 1)
    return alpha * inside + (1 - alpha) * outside


def test_guided_filter_is_ridge_regression_in_each_window() -> None:
    generator = torch.Generator().manual_seed(0)
    guide, target = torch.rand(1, 3, 7, 7, generator=generator), torch.rand(1, 1, 7, 7, generator=generator)
    a, b = guided_filter(guide, target, radius=6, epsilon=0.01)  # one window: the whole picture
    colours, values = guide[0].flatten(1).T.double().numpy(), target.flatten().double().numpy()
    centred = colours - colours.mean(0)
    wanted = np.linalg.solve(centred.T @ centred / 49 + 0.01 * np.eye(3), centred.T @ (values - values.mean()) / 49)
    assert np.allclose(a[0, :, 3, 3].numpy(), wanted, atol=1e-4)
    assert np.isclose(float(b[0, 0, 3, 3]), values.mean() - wanted @ colours.mean(0), atol=1e-4)


def laplacian_of(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """All of it, of a picture (H, W, 3)."""
    height, width = colours.shape[:2]
    rows = matting_laplacian(colours, np.ones((height, width), bool)).reshape(5, 5, height, width)
    whole = np.zeros((height + 4, width + 4, height, width))
    for y, x in np.ndindex(height, width):
        whole[y : y + 5, x : x + 5, y, x] = rows[:, :, y, x]
    beyond = np.ones((height + 4, width + 4), bool)
    beyond[2:-2, 2:-2] = False
    assert not whole[beyond].any()
    return whole[2:-2, 2:-2].reshape(height * width, -1)


def test_some_pixels_have_the_rows_that_they_have_of_all() -> None:
    rng = np.random.default_rng(2)
    colours, touched = rng.random((13, 17, 3)), rng.random((13, 17)) < 0.2
    touched[0, 0] = touched[12, 16] = True
    every = matting_laplacian(colours, np.ones((13, 17), bool))
    assert np.allclose(matting_laplacian(colours, touched), every[:, touched.ravel()], atol=1e-12)


def test_the_laplacian_does_not_see_what_is_linear_in_colour() -> None:
    rng = np.random.default_rng(0)
    colours = rng.random((9, 11, 3))
    laplacian = laplacian_of(colours)
    linear = (colours @ [0.3, -0.2, 0.5] + 0.1).ravel()
    other = rng.random(99)
    assert np.abs(laplacian @ np.ones(99)).max() < 1e-9
    assert linear @ laplacian @ linear < 1e-5 * (other @ laplacian @ other)
    assert abs(laplacian - laplacian.T).max() < 1e-9


def test_the_laplacian_is_the_windows_least_squares_rest() -> None:
    rng = np.random.default_rng(1)
    colours, alpha = rng.random((3, 3, 3)), rng.random(9)  # one window
    design = np.c_[colours.reshape(9, 3), np.ones(9)]
    rest = alpha - design @ np.linalg.lstsq(design, alpha, rcond=None)[0]
    laplacian = laplacian_of(colours)
    assert np.isclose(alpha @ laplacian @ alpha, rest @ rest, rtol=1e-3)


def test_what_is_in_doubt_is_the_least_of_the_laplacian_and_the_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a dense solver, over all pixels in doubt at once."""
    monkeypatch.setattr(matting, "RESIDUAL", 1e-9)
    rng = np.random.default_rng(5)
    colours = ndimage.gaussian_filter(rng.random((20, 24, 3)), (2, 2, 0)) + 0.02 * rng.random((20, 24, 3))
    values = (np.arange(24) > 11).astype(float) * np.ones((20, 1))
    unknown = np.zeros((20, 24), bool)
    unknown[:, 7:16] = True
    values[unknown] = rng.random(180)
    laplacian, here = laplacian_of(colours), unknown.ravel()
    prior = np.diag(0.01 * ((2 * values[unknown] - 1) ** 2 + 0.01))
    known = laplacian[np.ix_(here, ~here)] @ values[~unknown]
    wanted = np.linalg.solve(laplacian[np.ix_(here, here)] + prior, prior @ values[unknown] - known)
    found = matting._solve(colours, values, unknown, np.zeros(unknown.shape))
    assert np.allclose(found[unknown], wanted.clip(0, 1), atol=1e-5)
    assert np.array_equal(found[~unknown], values[~unknown])


def test_a_coarse_mask_finds_the_photos_edge() -> None:
    truth = disc(256)
    coarse = resize(truth, (32, 32))
    before = (resize(coarse, (256, 256)) - truth).abs().mean()
    after = (refine(coarse, on_two_colours(truth)) - truth).abs().mean()
    assert float(after) < 0.1 * float(before)


def test_above_the_working_size_the_edge_is_the_photos_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matting, "MATTE_SIZE", 128)
    truth = disc(384)
    photo = on_two_colours(truth)
    found = refine(resize(truth, (32, 32)), photo)
    plain = resize(resize(truth, (128, 128)), (384, 384))  # what a perfect matte of the working size would be
    assert float((found - truth).abs().mean()) < 0.5 * float((plain - truth).abs().mean())


def test_patterns_inside_make_no_holes() -> None:
    photo = (torch.arange(128) // 4 % 2).float().expand(1, 3, 128, 128).clone()
    assert torch.equal(refine(torch.ones(1, 1, 32, 32), photo), torch.ones(1, 1, 128, 128))
    figure = resize(disc(128), (32, 32))
    matte = refine(figure, photo)
    sure = F.avg_pool2d(resize(figure, (128, 128)), 9, 1, 4) == 1
    assert int(sure.sum()) > 1000 and float(matte[sure].min()) == 1
    assert float(matte[..., :8, :].max()) == 0


def test_much_doubt_is_solved_at_a_smaller_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matting, "MOST_UNKNOWN", 500)
    counts: list[int] = []
    plain = matting._solve

    def counted(
        colours: matting.Field, values: matting.Field, unknown: matting.Mask, trust: matting.Field
    ) -> matting.Field:
        counts.append(int(unknown.sum()))
        return plain(colours, values, unknown, trust)

    monkeypatch.setattr(matting, "_solve", counted)
    matte = refine(torch.full((1, 1, 8, 8), 0.5), torch.rand(1, 3, 90, 120, generator=torch.Generator().manual_seed(0)))
    assert len(counts) == 1 and 0 < counts[0] <= 500
    assert bool(torch.isfinite(matte).all())


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (3, 5), (33, 47), (701, 3)])
def test_any_size(size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(3)
    photo, coarse = torch.rand(1, 3, *size, generator=generator), torch.rand(1, 1, 16, 16, generator=generator)
    matte = refine(coarse, photo)
    assert matte.shape == (1, 1, *size)
    assert float(matte.min()) >= 0 and float(matte.max()) <= 1
    assert torch.equal(matte, refine(coarse, photo))


def test_strips_are_the_bilinear_picture() -> None:
    small = torch.rand(1, 2, 37, 29, generator=torch.Generator().manual_seed(0))
    whole = torch.cat([values for _, values in upsampled_strips(small, (601, 83))], 2)
    assert torch.allclose(whole, F.interpolate(small, (601, 83), mode="bilinear"), atol=1e-5)


def test_a_matte_is_refined_as_it_was() -> None:
    """A coarse disc over grain: not so plain that every way to refine it gives the same."""
    alpha = disc(96)
    grain = 0.1 * torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    coarse = F.avg_pool2d(disc(96), 9, 1, 4)
    found = refine(coarse, (on_two_colours(alpha) + grain).clamp(0, 1))
    assert fingerprint(found) == pytest.approx([0.2829, 0.0143, 0.0144, 0.2702, 0.2827, 0.2831, 0.2955], abs=5e-4)
