"""The engine of image components as a whole."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.engines.components import paint as module
from styfie.engines.components.colours import recoloured
from styfie.engines.components.paint import OPTIONS, components
from styfie.engines.progress import Progress
from styfie.gallery import draw
from styfie.images import read_picture, resize
from styfie.likeness import face_score
from styfie.looks import Look, Style
from styfie.losses.functional import gram
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.weights import ASSETS
from tests.conftest import fingerprint

from .conftest import BLUE, RED, stripes

SETTINGS = Settings(steps=20, device="cpu")


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(ASSETS / "portrait.jpg", 128)


@pytest.fixture(scope="module")
def face(portrait: Tensor) -> Tensor:
    """A disc in the middle of the upper half, where the portrait's face is."""
    height, width = portrait.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    return (5 - 25 * ((y - 0.4).square() + (x - 0.5).square()).sqrt()).clamp(0, 1)[None, None]


def whole(photo: Tensor, face: Tensor | None = None) -> Regions:
    regions = Regions.of_subject(torch.ones_like(photo[:, :1]))
    return regions if face is None else replace(regions, face=face)


def last(photo: Tensor, regions: Regions, looks: dict[str, Look], settings: Settings = SETTINGS) -> Progress:
    *_, progress = components(photo, regions, looks, settings)
    return progress


def texture(picture: Tensor) -> Tensor:
    """What small filters see of a picture without its colours' means: their Gram matrix."""
    rng = torch.Generator().manual_seed(0)
    filters = torch.randn(24, 3, 5, 5, generator=rng)
    return gram(F.relu(F.conv2d(picture, filters - filters.mean((1, 2, 3), keepdim=True))))


def test_a_picture_in_its_own_style_stays(portrait: Tensor) -> None:
    found = last(portrait, whole(portrait), {"subject": Look((Style("own", portrait),), likeness=0)})
    error = (found.layers[0] - portrait[0]).square().mean()
    assert float(-10 * error.log10()) >= 35


@pytest.mark.parametrize("name", ["ink", "mosaic"])
def test_textures_are_the_styles(portrait: Tensor, name: str) -> None:
    """A third nearer than a photo in the style's colours alone."""
    style = draw(name, 128)
    look = Look((Style(name, style),))
    found = last(portrait, whole(portrait), {"subject": look}).layers[:1]
    colours = recoloured(portrait, torch.ones_like(portrait[:, :1]), look.styles)
    near, far = ((texture(one) - texture(style)).norm() for one in (found, colours))
    assert float(near) < 0.67 * float(far)


def test_no_grid_of_patches_is_seen(portrait: Tensor) -> None:
    """Steps to the next pixel are no larger where patches meet, halfway between two nodes, than elsewhere."""
    photo = resize(portrait, (192, 192))
    found = last(photo, whole(photo), {"subject": Look((Style("ink", draw("ink", 192)),))}).layers[0]
    across, down = found[..., 1:] - found[..., :-1], found[:, 1:] - found[:, :-1]
    steps = [across.square().mean((0, 1)), down.square().mean((0, 2))]
    by_phase = torch.stack([torch.cat([one[8 + n : 184 : 4] for one in steps]).mean() for n in range(4)])
    assert float(by_phase.max()) <= 1.1 * float(by_phase.mean())


def test_layers_are_painted_in_their_regions_and_photo_elsewhere(photo: Tensor, halves: Regions) -> None:
    looks = {name: Look((style,)) for name, style in zip(halves.names, (RED, BLUE), strict=True)}
    both = last(photo, halves, looks).layers
    assert both.shape == (2, 3, 48, 64) and float(both.min()) >= 0 and float(both.max()) <= 1
    assert torch.equal(both[0, ..., 44:], photo[0, ..., 44:]) and torch.equal(both[1, ..., :20], photo[0, ..., :20])
    moved = (both - photo).abs().mean((1, 2))
    assert float(moved[0, :36].min()) > 0.02 < float(moved[1, 28:].min()), "in the whole region and through the band"
    alone = last(photo, halves, {"background": looks["background"]}).layers
    assert torch.equal(alone[1], both[1]), "the other region's style does not matter"
    assert torch.equal(alone[0], photo[0])


def test_likeness_keeps_the_face_and_nothing_else(portrait: Tensor, face: Tensor) -> None:
    style, regions = Style("mosaic", draw("mosaic", 128)), whole(portrait, face)
    found = [last(portrait, regions, {"subject": Look((style,), likeness=n)}).layers[:1] for n in (0.0, 0.5, 1.0)]
    scores = [face_score(picture, portrait, face) or 0.0 for picture in found]
    assert scores[0] + 0.1 < scores[1] < scores[2]
    assert scores[2] > 0.6
    away = (face == 0).expand_as(portrait)
    assert float((found[2] - found[0])[away].abs().mean()) < 0.05 < float((found[2] - portrait)[away].abs().mean())


@pytest.mark.parametrize(("stroke", "period"), [(1.0, 4), (2.0, 8)])
def test_stroke_is_the_size_of_the_styles_texture(stroke: float, period: int) -> None:
    """Stripes of 2 in 64 pixels have their period, times the stroke, in a plain photo of 128."""
    plain = torch.linspace(0.4, 0.6, 128).expand(1, 3, 128, 128).mT
    found = last(plain, whole(plain), {"subject": Look((stripes(1, (1, 1, 1)),), stroke=stroke)}).layers[0].mean(0)
    waves = torch.fft.rfft(found - found.mean(1, keepdim=True), dim=1).abs().mean(0)
    assert abs(int(waves.argmax()) - 128 // period) <= 1


def test_several_styles_and_part_of_one(photo: Tensor) -> None:
    looks = {"subject": Look((replace(RED, weight=3.0), BLUE))}
    found = last(photo, whole(photo), looks).layers[0]
    assert float(found[0].mean()) > 1.5 * float(found[2].mean())
    both = torch.cat([RED.picture, BLUE.picture], 3)
    left = (torch.arange(both.shape[-1]) < RED.picture.shape[-1]).float().expand_as(both[:, :1])
    part = last(photo, whole(photo), {"subject": Look((Style("left", both, mask=left),))}).layers[0]
    assert float(part[0].mean()) > 2 * float(part[2].mean())


def test_progress_counts_and_costs_fall_within_a_level(portrait: Tensor) -> None:
    looks = {"subject": Look((Style("glass", draw("glass", 128)),))}
    seen = list(components(portrait, whole(portrait), looks, SETTINGS))
    assert [p.step for p in seen] == [1, 2, 3, 4] and {p.steps for p in seen} == {4}
    assert all(p.layers.shape == (2, *portrait.shape[1:]) for p in seen) and seen[-1].seconds_left == 0
    assert all(p.losses["total"] == pytest.approx(p.losses["features"] + p.losses["overlaps"]) for p in seen)
    (first,) = itertools.islice(components(portrait, whole(portrait), looks, SETTINGS), 1)  # and then it is cancelled
    assert torch.equal(first.layers, seen[0].layers)
    assert float((first.layers[0] - portrait[0]).abs().mean()) > 0.03, "there is something to keep"


def test_same_seed_same_bytes(photo: Tensor) -> None:
    looks = {"subject": Look((RED,))}
    one, again, other = (last(photo, whole(photo), looks, replace(SETTINGS, seed=n)).layers for n in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


@pytest.mark.parametrize("size", [(32, 32), (33, 71), (150, 9), (1, 40)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    photo = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    found = last(photo, whole(photo), {"subject": Look((RED,), stroke=0.25)}).layers
    assert found.shape == (2, 3, *size) and bool(found.isfinite().all())
    assert float((found[0] - photo[0]).abs().mean()) > 0.02


def test_large_paintings_are_enlarged(monkeypatch: pytest.MonkeyPatch, portrait: Tensor) -> None:
    looks = {"subject": Look((Style("ink", draw("ink", 128)),))}
    small = resize(portrait, tuple(n // 2 for n in portrait.shape[-2:]))  # type: ignore[arg-type]
    alone = last(small, whole(small), looks).layers
    monkeypatch.setattr(module, "LARGEST", max(small.shape[-2:]))
    seen = list(components(portrait, whole(portrait), looks, SETTINGS))
    assert seen[0].layers.shape == alone.shape and seen[-1].layers.shape == (2, *portrait.shape[1:])
    lost = portrait - resize(small, (portrait.shape[-2], portrait.shape[-1]))
    wanted = resize(alone[:1], (portrait.shape[-2], portrait.shape[-1])) + OPTIONS.detail * lost
    assert float((seen[-1].layers[:1] - wanted.clamp(0, 1)).abs().mean()) < 0.02


def test_nothing_to_paint_is_the_photo_and_an_empty_region_is_no_trouble(photo: Tensor) -> None:
    assert torch.equal(last(photo, whole(photo), {}).layers, photo.expand(2, -1, -1, -1))
    found = last(photo, whole(photo), {"background": Look((RED,))}).layers
    assert torch.equal(found, photo.expand(2, -1, -1, -1))


PAINTED = {
    0.0: [0.3492, 0.0653, 0.0492, 0.3749, 0.5105, 0.3403, 0.171],
    1.0: [0.3491, 0.0656, 0.0494, 0.375, 0.51, 0.3403, 0.171],
}


@pytest.mark.parametrize("likeness", [0.0, 1.0])
def test_it_paints_as_it_did(portrait: Tensor, face: Tensor, likeness: float) -> None:
    """What is painted with a recipe is painted so again: to match or to blend patches otherwise is another engine."""
    looks = {"subject": Look((RED, BLUE), likeness=likeness)}
    found = last(resize(portrait, (64, 64)), whole(resize(portrait, (64, 64)), resize(face, (64, 64))), looks)
    assert fingerprint(found.layers) == pytest.approx(PAINTED[likeness], abs=2e-3)
