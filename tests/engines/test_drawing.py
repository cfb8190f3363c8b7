from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from styfie.engines.canvas import Canvas
from styfie.engines.drawing import drawing_of


def two_planes(height: int = 150, width: int = 200, grain: float = 0.03) -> Tensor:
    """0.4 on the left and 0.6 on the right, with grain of a standard deviation."""
    picture = torch.full((1, 3, height, width), 0.4)
    picture[..., width // 2 :] = 0.6
    return picture + grain * torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def step(picture: Tensor) -> float:
    """How much lighter it is two hundredths of the width to the right of the middle than so far to its left."""
    middle, aside = picture.shape[-1] // 2, picture.shape[-1] // 50
    return float(picture[..., middle + aside].mean() - picture[..., middle - aside].mean())


def test_texture_goes_and_borders_stay() -> None:
    picture = two_planes()
    found = drawing_of(picture, 0.0)
    for side in (slice(10, 80), slice(120, 190)):
        assert float(found[..., side].std()) < 0.3 * float(picture[..., side].std())
    assert step(found) == pytest.approx(0.2, abs=0.02)
    rise = found.mean((0, 1, 2)).diff().abs()
    assert float(rise[96:102].sum()) > 0.95 * 0.2, "within a few pixels"


def test_contours_are_firmer_as_asked() -> None:
    """A step blurred by a Gaussian of s has at a distance d risen by the normal distribution's share below d/s."""
    picture = two_planes(grain=0.0)
    found = [drawing_of(picture, contours).mean((0, 1, 2)) for contours in (0.0, 0.5, 1.0)]
    plain, firm, firmer = (float(profile[102] - profile[97]) for profile in found)  # 2.5 pixels to either side
    blurred = math.hypot(0.7, 4 * 200 / 512)
    expected = 0.2 * (math.erf(2.5 / 0.7 / math.sqrt(2)) - math.erf(2.5 / blurred / math.sqrt(2)))
    assert firmer - plain == pytest.approx(expected, rel=0.15)  # a Gaussian that ends, of whole pixels
    assert firm - plain == pytest.approx(0.5 * (firmer - plain), rel=0.02)


def test_what_is_one_colour_or_small_stays() -> None:
    flat = torch.full((1, 3, 120, 120), 0.3)
    assert torch.allclose(drawing_of(flat, 1.0), flat, atol=1e-5)
    small = two_planes(60, 90)
    assert torch.equal(drawing_of(small, 1.0), small), "it has no texture"


def test_a_large_drawing_is_the_small_one_with_crisp_borders() -> None:
    large = two_planes(300, 1600)
    found = drawing_of(large, 1.0)
    small = drawing_of(torch.nn.functional.interpolate(large, (192, 1024), mode="bilinear", antialias=True), 1.0)
    assert step(found) == pytest.approx(step(small), abs=0.03)
    assert float(found[..., 50:700].std()) < 0.3 * float(large[..., 50:700].std())
    rise = found.mean((0, 1, 2)).diff()
    assert float(rise[797:803].sum()) > 0.9 * 0.2


def test_faces_stay_as_they_are() -> None:
    picture = two_planes()
    faces = torch.zeros_like(picture[:, :1])
    faces[..., 50:100, 80:120] = 1
    canvas = Canvas(None, picture, faces, faces, faces, None, None)  # type: ignore[arg-type]
    found = canvas.drawing(picture, 1.0)
    assert torch.equal(found[..., 50:100, 80:120], picture[..., 50:100, 80:120])
    assert torch.equal(found[..., :50, :], drawing_of(picture, 1.0)[..., :50, :])
    assert canvas.drawing(picture, 0.0) is picture
