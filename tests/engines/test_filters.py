"""The engine of filters: its contract, what each kind of filter is, and whose colours it has."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from styfie.colour import luma_of
from styfie.engines import ENGINES, TAXONOMY
from styfie.engines.filters import RECIPES, FilterPainter
from styfie.engines.filters.paint import SUITED, kind_for
from styfie.gallery import BUILT_IN, GALLERY, draw
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.pipeline import PORTRAIT
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.settings import Settings
from styfie.styles import load_style
from styfie.testing import check_engine
from tests.conftest import fingerprint

SETTINGS = Settings(size=0, device="cpu", engine="filters")
DRAWN = {
    "ink": [0.5952, 0.1025, 0.0856, 0.6227, 0.77, 0.6421, 0.3461],
    "pencil": [0.7686, 0.0694, 0.0602, 0.774, 0.8603, 0.8013, 0.6389],
    "charcoal": [0.5875, 0.078, 0.0632, 0.6059, 0.7247, 0.6109, 0.4085],
    "comic": [0.4596, 0.0722, 0.0549, 0.4888, 0.6465, 0.4634, 0.2398],
    "oil": [0.447, 0.0737, 0.0571, 0.485, 0.6326, 0.4557, 0.2148],
    "watercolour": [0.5413, 0.056, 0.0468, 0.5691, 0.6931, 0.5485, 0.3545],
    "halftone": [0.4696, 0.2216, 0.2168, 0.5015, 0.606, 0.4581, 0.3127],
    "newsprint": [0.5343, 0.208, 0.2033, 0.5507, 0.6395, 0.5397, 0.4075],
}


def noise(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(PORTRAIT, 192)


def painted(photo: Tensor, *styles: Style, face: Tensor | None = None, **asked: Any) -> Tensor:
    """All of a photo in one look."""
    regions = Regions((SUBJECT,), torch.ones_like(photo[:, :1]), (1.0,), face=face)
    *_, last = ENGINES["filters"].paint(photo, regions, {SUBJECT: Look(styles, **asked)}, SETTINGS)
    return last.layers


def kind(name: str) -> Style:
    return Style(name, noise(32, 32))


@pytest.mark.parametrize("name", RECIPES)
def test_keeps_the_contract(name: str) -> None:
    check_engine("filters", kind(name))


def test_it_is_in_the_registry_with_its_class() -> None:
    entry = ENGINES["filters"]
    assert entry.taxonomy == "0.4" and entry.taxonomy in TAXONOMY
    assert entry.frames and not entry.weights


def test_every_kind_is_a_style_by_name_and_every_picture_has_a_kind() -> None:
    assert RECIPES.keys() <= BUILT_IN.keys()
    assert SUITED.keys() <= BUILT_IN.keys() and set(SUITED.values()) <= RECIPES.keys()
    for name in RECIPES:
        assert kind_for([load_style(name, 32)]) == name
    assert kind_for([Style("waves", draw("waves", 32), weight=5.0), kind("pencil")]) == "pencil", "a kind comes first"
    assert kind_for([kind("pencil"), Style("comic", noise(8, 8), weight=2.0)]) == "comic", "the heaviest of them"
    assert {kind_for([Style(name, draw(name, 32))]) for name in GALLERY} <= RECIPES.keys()


def test_a_picture_of_ones_own_gets_what_suits_it() -> None:
    grey = noise(16, 16)[:, :1].expand(1, 3, 16, 16)
    assert kind_for([Style("mine.png", grey)]) == "ink"
    assert kind_for([Style("mine.png", 0.78 + 0.22 * noise(16, 16))]) == "watercolour"
    assert kind_for([Style("mine.png", noise(16, 16))]) == "oil"


def test_ink_is_two_tones_and_comic_is_flat(portrait: Tensor) -> None:
    drawn = luma_of(painted(portrait, kind("ink")))
    assert float(((drawn < 0.2) | (drawn > 0.85)).float().mean()) > 0.8
    flat = painted(portrait, kind("comic"))
    still = [float(((one[..., 1:] - one[..., :-1]).abs().amax(1) < 1 / 255).float().mean()) for one in (flat, portrait)]
    assert still[0] > 2 * still[1]


@pytest.mark.parametrize("name", ["comic", "oil", "watercolour", "halftone"])
def test_colours_are_the_photos_own(name: str, portrait: Tensor) -> None:
    small = [torch.nn.functional.avg_pool2d(one, 24) for one in (painted(portrait, kind(name)), portrait)]
    chroma = [one - luma_of(one) for one in small]
    assert float(torch.corrcoef(torch.stack([one.flatten() for one in chroma]))[0, 1]) > 0.85


@pytest.mark.parametrize("name", ["ink", "comic"])
def test_colours_are_a_pictures_where_one_is_given(name: str, portrait: Tensor) -> None:
    blue = Style("blue.png", noise(24, 24) * torch.tensor([0.2, 0.3, 1.0])[None, :, None, None])
    plain, coloured = (painted(portrait, *styles).mean((0, 2, 3)) for styles in ((kind(name),), (kind(name), blue)))
    assert float(coloured[2] - coloured[0]) > 0.15 > float(plain[2] - plain[0])


def test_only_the_marked_part_of_a_picture_gives_colours(portrait: Tensor) -> None:
    half = torch.zeros(1, 3, 16, 16)
    half[:, 0, :, :8], half[:, 1, :, 8:] = 0.9, 0.9
    left = torch.zeros(1, 1, 16, 16)
    left[..., :8] = 1
    found = painted(portrait, kind("newsprint"), Style("two.png", half, mask=left)).mean((0, 2, 3))
    assert float(found[0]) > 0.5 and float(found[1]) < 0.1


def test_faces_stay_themselves_by_likeness(portrait: Tensor) -> None:
    face, here = torch.zeros_like(portrait[:, :1]), (..., slice(30, 70), slice(50, 90))
    face[here] = 1
    far = [
        float((painted(portrait, kind("oil"), face=face, likeness=n, stroke=3.0) - portrait)[here].abs().mean())
        for n in (1.0, 0.0)
    ]
    assert far[0] < 0.8 * far[1]


def test_a_broader_stroke_draws_less() -> None:
    photo = noise(128, 128, 4)
    edges = [painted(photo, kind("oil"), stroke=n) for n in (0.5, 2.0)]
    change = [float((one[..., 1:] - one[..., :-1]).abs().mean()) for one in edges]
    assert change[1] < 0.8 * change[0]


def test_the_same_scene_larger_looks_the_same(portrait: Tensor) -> None:
    large = torch.nn.functional.interpolate(portrait, scale_factor=2, mode="bicubic").clamp(0, 1)
    for name in ("ink", "oil"):
        small, reduced = painted(portrait, kind(name)), torch.nn.functional.avg_pool2d(painted(large, kind(name)), 2)
        means = [torch.nn.functional.avg_pool2d(one, 12) for one in (small, reduced)]
        assert float((means[0] - means[1]).abs().mean()) < 0.05


def test_a_still_scene_does_not_flicker(portrait: Tensor) -> None:
    regions = Regions.of_subject(torch.zeros_like(portrait[:, :1]))
    looks = {BACKGROUND: Look((kind("pencil"),))}
    painter = FilterPainter(looks, SETTINGS)
    face = torch.zeros_like(regions.alpha[:1])
    first, again = (painter.paint_whole(portrait, regions.alpha[1:], looks[BACKGROUND], face) for _ in range(2))
    assert torch.equal(first, again)


@pytest.mark.parametrize("name", RECIPES)
def test_each_draws_as_it_did(name: str) -> None:
    """What is painted with a recipe is painted so again: other lines, tones or paper are another filter."""
    photo = read_picture(PORTRAIT, 96)
    face = torch.zeros_like(photo[:, :1])
    face[..., 20:50, 30:60] = 1
    assert fingerprint(painted(photo, kind(name), face=face)) == pytest.approx(DRAWN[name], abs=1e-3)
