from __future__ import annotations

import math

import pytest
import torch
from scipy import ndimage
from torch import Tensor

from styfie.bokeh import aperture, convolved, defocus, displayed, out_of_focus, scene_light
from styfie.errors import InputError
from styfie.images import resize
from styfie.looks import Look
from styfie.painting import Painting, lens_blur
from styfie.pipeline import find_regions
from styfie.regions import Regions
from styfie.settings import Settings
from tests.conftest import fingerprint
from tests.test_blur import scene
from tests.test_painting import make, styled

SHAPES = ["disc", "hexagon"]
ALL = torch.ones(1, 1, 128, 128)


def lamp(background: float = 0.0, size: int = 128) -> Tensor:
    photo = torch.full((1, 3, size, size), background)
    photo[..., size // 2 - 1 : size // 2 + 2, size // 2 - 1 : size // 2 + 2] = 1
    return photo


@pytest.mark.parametrize("bokeh", SHAPES)
@pytest.mark.parametrize("value", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("radius", [1.0, 12.0, 200.0])
def test_a_constant_picture_stays_as_it_is(bokeh: str, value: float, radius: float) -> None:
    flat = torch.tensor([value, value / 2, 0.2]).view(1, 3, 1, 1).expand(1, 3, 75, 128)
    alpha = torch.ones(1, 1, 75, 128)
    alpha[..., 20:60, 40:80] = 0
    found = out_of_focus(flat, alpha, radius, bokeh)
    assert float((found - flat).abs()[(alpha == 1).expand_as(flat)].max()) < 2e-3


def test_light_and_back_is_the_same_colour() -> None:
    colours = torch.rand(1, 3, 50, 50, generator=torch.Generator().manual_seed(0))
    colours[..., :2, :] = torch.tensor([1.0, 0.4, 0.0]).view(1, 3, 1, 1)
    light = scene_light(colours)
    assert torch.allclose(displayed(light), colours, atol=1e-5)
    assert float(scene_light(torch.ones(1, 3, 1, 1)).max()) == pytest.approx(6.0, abs=1e-4)
    grey = scene_light(torch.full((1, 3, 1, 1), 0.5))
    assert float(grey.mean()) == pytest.approx(0.2140, abs=1e-4), "sRGB's middle grey in linear light"


@pytest.mark.parametrize(("bokeh", "area"), [("disc", math.pi * 4), ("hexagon", 1.5 * math.sqrt(3) * 24 / 5)])
@pytest.mark.parametrize("sigma", [0.8, 5.0, 7.3, 40.0])
def test_an_aperture_has_its_area_its_width_and_one_height(bokeh: str, area: float, sigma: float) -> None:
    kernel, factor = aperture(bokeh, sigma)
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-5)
    places = torch.arange(len(kernel)) - len(kernel) // 2
    for along in (kernel.sum(0), kernel.sum(1)):
        assert math.sqrt(float((along * places**2).sum())) * factor == pytest.approx(sigma, rel=0.06)
        assert torch.allclose(along, along.flip(0), atol=1e-6)
    height = kernel.max() * factor**-2
    assert 1 / float(height) == pytest.approx(area * sigma**2, rel=0.06)
    full = (kernel > 0.98 * kernel.max()).sum() / (kernel > 0).sum()
    assert sigma < 3 or float(full) > 0.8


@pytest.mark.parametrize("bokeh", SHAPES)
def test_a_lamp_becomes_the_shape_of_the_aperture(bokeh: str) -> None:
    """Flat, of the right area, and bright enough to be seen, because it is light that is spread."""
    radius = 32.0  # a disc of 16 pixels
    found = out_of_focus(lamp(), ALL, radius, bokeh)[0, 0]
    plateau = float(found[64, 64])
    inside = found > plateau / 2
    assert int(inside.sum()) == pytest.approx(12.5 * (radius / 4) ** 2, rel=0.1)
    core = torch.from_numpy(ndimage.binary_erosion(inside.numpy(), iterations=3))
    assert float(found[core].std()) < 0.02 * plateau
    assert float(found[ndimage.binary_dilation(inside.numpy(), iterations=4) == 0].max()) < 1e-3
    gaussian = out_of_focus(lamp(), ALL, radius, "gaussian")[0, 0]
    assert plateau > 4 * float(gaussian.max())
    rows, columns = inside.any(1).sum(), inside.any(0).sum()
    assert int(rows) == pytest.approx(int(columns) if bokeh == "disc" else int(columns) * 2 / math.sqrt(3), abs=2)


@pytest.mark.parametrize("bokeh", SHAPES)
def test_where_no_background_is_near_the_picture_stays(bokeh: str) -> None:
    """In a wide soft edge, of which a small radius reaches no certain pixel, nothing turns black."""
    alpha = ALL.clone()
    alpha[..., :100] = 0.3
    photo = torch.full((1, 3, 128, 128), 0.6)
    assert torch.allclose(out_of_focus(photo, alpha, 2, bokeh), photo, atol=2e-3)


def test_convolution_by_fourier_transforms_is_the_direct_one() -> None:
    planes = torch.rand(1, 2, 600, 37, generator=torch.Generator().manual_seed(0))  # more rows than are taken at a time
    kernel, _ = aperture("hexagon", 4.0)
    wanted = [ndimage.convolve(one.numpy(), kernel.numpy(), mode="constant") for one in planes[0]]
    for found, direct in zip(convolved(planes, kernel)[0], wanted, strict=True):
        assert torch.allclose(found, torch.from_numpy(direct), atol=1e-5)


@pytest.mark.parametrize("bokeh", SHAPES)
def test_no_colour_of_the_person_bleeds(bokeh: str) -> None:
    _, matte = scene()
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    photo = red * matte + 0.5 * (1 - matte)
    for depth in (None, torch.linspace(0, 1, 96).view(1, 1, 1, 96).expand(1, 1, 96, 96)):
        found = lens_blur(photo, matte, 40, bokeh, depth)
        outside = matte == 0
        assert float((found - 0.5).abs()[outside.expand_as(found)].max()) < 0.01
        assert torch.equal(found * (matte == 1), photo * (matte == 1))
        soft = (matte > 0) & (matte < 1)
        assert float((found - photo).abs()[soft.expand_as(found)].max()) < 0.06, "the edge is as soft as the matte"


@pytest.mark.parametrize("bokeh", SHAPES)
def test_a_preview_looks_like_the_large_picture(portrait: Tensor, bokeh: str) -> None:
    large = resize(portrait, (1024, 1024)).clamp(0, 1)
    small = resize(large, (512, 512)).clamp(0, 1)
    alpha = torch.ones_like(large[:, :1])
    there = resize(out_of_focus(large, alpha, 10, bokeh), (512, 512))
    here = out_of_focus(small, resize(alpha, (512, 512)), 10, bokeh)
    assert float((there - here).abs().mean()) < 1 / 255
    assert float((there - here).abs().max()) < 12 / 255


def test_blur_is_graded_by_depth() -> None:
    """Chequers lose their contrast from where the lens is focused on outwards, and never gain it again."""
    y, x = torch.meshgrid(torch.arange(128), torch.arange(256), indexing="ij")
    chequers = (0.3 + 0.4 * ((y // 4 + x // 4) % 2))[None, None].expand(1, 3, -1, -1)
    alpha = torch.ones(1, 1, 128, 256)
    alpha[..., :32, :] = 0  # the subject
    depth = torch.where(y < 32, 0.2, 0.2 + 0.8 * x / 255)[None, None]
    found = out_of_focus(chequers, alpha, 10, "disc", depth)[0, 0, 48:112]
    contrast = found.unflatten(1, (16, 16)).transpose(0, 1).flatten(1).std(1)
    assert float(contrast[0]) > 0.15
    assert float(contrast[-1]) < 0.02
    assert bool((contrast.diff() < 0.004).all())
    amount = defocus(depth, alpha)[0, 0, 64]
    assert float(amount[0]) == 0
    assert bool((amount.diff() >= 0).all())
    assert float(amount[-1]) == 1


def test_what_is_near_and_sharp_does_not_bleed_into_what_is_far() -> None:
    """A red post as near as the subject, before a far grey wall: it stays, and leaves no red on the wall."""
    photo = torch.full((1, 3, 128, 128), 0.5)
    depth, alpha = torch.ones(1, 1, 128, 128), torch.ones(1, 1, 128, 128)
    depth[..., :32, :], alpha[..., :32, :] = 0.1, 0
    post = (..., slice(32, 128), slice(60, 68))
    photo[post] = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    depth[:, :, 32:, 60:68] = 0.1
    found = out_of_focus(photo, alpha, 20, "disc", depth)
    assert torch.allclose(found[post][..., 1:-1], photo[post][..., 1:-1], atol=1e-3)
    wall = torch.cat([found[..., 40:, :59], found[..., 40:, 69:]], -1)
    assert float((wall - 0.5).abs().max()) < 0.02


def test_the_portrait_stays_and_its_background_is_out_of_focus(portrait: Tensor) -> None:
    matte = find_regions(portrait, Settings(), {})["subject"]
    found = lens_blur(portrait, matte, 10, "disc")
    inside = (matte == 1).expand_as(found)
    assert torch.equal(found[inside], portrait[inside])

    def detail(picture: Tensor) -> float:
        bends = (2 * picture[..., 1:-1] - picture[..., 2:] - picture[..., :-2]).abs().amax(1, keepdim=True)
        behind = matte == 0
        return float(bends[behind[..., 1:-1] & behind[..., 2:] & behind[..., :-2]].mean())

    assert detail(found) < 0.15 * detail(portrait)


def test_a_blurred_region_is_blended_by_its_alpha(halves: Regions) -> None:
    painting = make(halves, subject=styled(), background=Look(blur=4, bokeh="disc"))
    own = painting.layer("background", Look())
    layer = painting.layer("background")
    sharp = halves["background"] == 1
    assert torch.equal(own * sharp, painting.photo * sharp)
    assert torch.equal(layer, out_of_focus(own, halves["background"], 4, "disc"))
    colours, alpha = painting.colours, halves.alpha
    gains = torch.stack([painting.layers[0] - colours[0], layer[0] - colours[1]])
    wanted = (painting.photo + (alpha * gains).sum(0)).clamp(0, 1)
    assert torch.allclose(painting.render(), wanted, atol=1e-5)
    assert torch.equal(painting.weights, halves.alpha), "a photo out of focus meets a painting softly"


def test_what_is_not_blurred_stays_to_the_bit(halves: Regions) -> None:
    painting = make(halves, subject=styled(), background=Look(blur=4, bokeh="hexagon"))
    only = painting.render(only={"background"})
    inside = (halves["subject"] == 1).expand_as(only)
    assert torch.equal(only[inside], painting.photo[inside])
    sharp = {"subject": styled(), "background": Look(bokeh="disc")}
    assert torch.equal(painting.render(sharp), make(halves, subject=sharp["subject"]).render())
    assert torch.equal(painting.render({"background": Look(blur=4, strength=0.0)}), painting.photo)


def test_a_painted_region_is_blurred_as_painted(halves: Regions) -> None:
    photo, layers = torch.zeros(1, 3, 48, 64), torch.full((2, 3, 48, 64), 0.7)
    look = Look(styled().styles, blur=5, bokeh="disc")
    found = Painting(photo, halves, layers, {"background": look}).render()
    assert torch.allclose(found, 0.7 * halves["background"].expand_as(found), atol=5e-3)


@pytest.mark.parametrize("wrong", [{"bokeh": "star"}, {"blur": -1.0}, {"blur": math.nan}])
def test_wrong_looks_are_refused(wrong: dict[str, str | float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Look(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="lens"):
        Settings(lens="star")


LENSES = {
    "disc": [0.358, 0.0658, 0.0649, 0.3718, 0.3402, 0.3791, 0.3407],
    "hexagon": [0.358, 0.066, 0.0649, 0.3718, 0.3403, 0.3791, 0.3406],
}


@pytest.mark.parametrize("bokeh", SHAPES)
def test_a_lens_blurs_as_it_did(bokeh: str) -> None:
    """Blur is part of a recipe: bright points, a matte and their rims, near and far from the border."""
    rng = torch.Generator().manual_seed(0)
    photo = 0.6 * torch.rand(1, 3, 96, 128, generator=rng) + 0.4 * (torch.rand(1, 1, 96, 128, generator=rng) > 0.98)
    alpha = 1 - torch.sigmoid((torch.arange(128.0) - 70) / 2).expand(1, 1, 96, 128)
    assert fingerprint(out_of_focus(photo, alpha, 10.0, bokeh)) == pytest.approx(LENSES[bokeh], abs=5e-4)
