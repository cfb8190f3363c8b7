from __future__ import annotations

import pytest
import torch
from scipy import ndimage
from torch import Tensor

from styfie.blur import gaussian, plain_blur, portrait_blur
from styfie.painting import lens_blur


def scene() -> tuple[torch.Tensor, torch.Tensor]:
    """A red disc before a green and blue chequered ground, 96 x 96."""
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    matte = (25 - ((y - 48) ** 2 + (x - 48) ** 2).sqrt()).clamp(0, 1)[None, None]
    chequers = ((y // 8 + x // 8) % 2)[None, None]
    ground = torch.cat([torch.zeros_like(chequers), chequers, 1 - chequers], 1)
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    return red * matte + ground * (1 - matte), matte


def test_no_colour_of_the_person_bleeds_into_the_background() -> None:
    photo, matte = scene()
    blurred = portrait_blur(photo, matte, radius=40)
    outside = matte == 0
    assert float(blurred[:, :1][outside].max()) < 0.01
    naive = gaussian(photo, 40 * 96 / 512) * (1 - matte) + photo * matte
    assert float(naive[:, :1][outside].max()) > 0.2, "the founding paper's way shows the halo"


def test_the_plain_blur_is_of_the_whole_photo_behind_a_hard_mask() -> None:
    photo, matte = scene()
    blurred = plain_blur(photo, matte, radius=40)
    person = (matte >= 0.5).expand_as(photo)
    assert torch.equal(blurred[person], photo[person])
    assert torch.allclose(blurred[~person], direct(photo, 40 * 96 / 512)[~person], atol=1 / 255)
    assert float(blurred[:, :1][matte == 0].max()) > 0.2, "the halo that it is known by"
    assert torch.equal(plain_blur(photo, matte, 0), photo)
    assert torch.equal(lens_blur(photo, matte, 40, "plain"), blurred)


def test_the_person_stays_to_the_bit_and_the_background_is_smooth() -> None:
    photo, matte = scene()
    blurred = portrait_blur(photo, matte, radius=40)
    assert torch.equal(blurred * (matte == 1), photo * (matte == 1))
    corner = blurred[:, 1:, 2:20, 2:20]
    assert float(corner.std()) < 0.25 * float(photo[:, 1:, 2:20, 2:20].std())


def test_a_radius_of_zero_is_the_photo() -> None:
    photo, matte = scene()
    assert torch.equal(portrait_blur(photo, matte, 0), photo)


def test_a_flat_picture_stays_flat() -> None:
    flat = torch.full((1, 3, 40, 60), 0.3)
    matte = torch.zeros(1, 1, 40, 60)
    matte[..., 10:30, 20:40] = 1
    assert torch.allclose(portrait_blur(flat, matte, 20), flat, atol=1e-4)


def direct(picture: Tensor, sigma: float) -> Tensor:
    sigmas = (0, 0, sigma, sigma)
    return torch.from_numpy(ndimage.gaussian_filter(picture.numpy(), sigmas, mode="nearest", truncate=3.0))


@pytest.mark.parametrize("sigma", [1.0, 12.0, 13.7, 25.0, 60.0])
@pytest.mark.parametrize("size", [(97, 211), (50, 41)])
def test_a_wide_gaussian_is_the_direct_one_within_a_level(sigma: float, size: tuple[int, int]) -> None:
    """Noise, a step, chequers, and one bright corner, which the border repeats for ever."""
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    noise = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(2))
    drawn = [x > 17, (x // 8 + y // 8) % 2, (x < 2) & (y < 2), noise[0, 0] > 0.5]
    pictures = torch.cat([noise, torch.stack(drawn)[None].float()], 1)
    error = (gaussian(pictures, sigma) - direct(pictures, sigma)).abs().max()
    assert float(error) <= (1 / 255 if sigma >= 12 else 1e-6)


@pytest.mark.parametrize("radius", [10.0, 70.0, 200.0])
def test_portrait_blur_is_the_normalised_convolution(radius: float) -> None:
    photo, matte = scene()
    sigma = radius * 96 / 512
    weight = (1 - 2 * matte).clamp_min(0)
    blurred, share = direct(photo * weight, sigma), direct(weight, sigma)
    far = direct(blurred, 4 * sigma) / direct(share, 4 * sigma).clamp_min(1e-6)
    trust = (share / 0.02).clamp(0, 1)
    background = torch.lerp(far, blurred / share.clamp_min(1e-6), trust)
    wanted = photo * matte + background.clamp(0, 1) * (1 - matte)
    assert float((portrait_blur(photo, matte, radius) - wanted).abs().max()) <= 1.5 / 255
