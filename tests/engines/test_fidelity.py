from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from styfie.encoders.loss_weights import PAINTED, Weights
from styfie.engines.fidelity import FACE, fidelity, is_lost
from styfie.engines.optimise import optimise
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings

WHITE, BLACK = 0.95, 0.05


def discs(size: int) -> Tensor:
    """Three grey discs (1, 3, size, size) on a lighter ground: a face, as far as this is concerned."""
    rows, columns = torch.meshgrid(torch.linspace(0, 1, size), torch.linspace(0, 1, size), indexing="ij")
    inside = sum(((rows - y).hypot(columns - x) < 0.06).float() for y, x in ((0.35, 0.35), (0.35, 0.65), (0.7, 0.5)))
    assert isinstance(inside, Tensor)
    return (0.6 - 0.3 * inside).expand(1, 3, size, size).contiguous()


def everywhere(picture: Tensor) -> Tensor:
    return torch.ones_like(picture[:, :1])


def lattice() -> Style:
    """A style all but white, with two black bars."""
    picture = torch.full((1, 3, 128, 128), WHITE)
    picture[..., 40:46, :] = BLACK
    picture[..., 80:86] = BLACK
    return Style("lattice", picture)


def test_a_drawing_is_kept_by_itself_and_by_any_contrast_of_it() -> None:
    picture = discs(96)
    for one in (picture, 0.3 * picture + 0.6, picture + torch.linspace(0, 0.1, 96)):
        assert fidelity(one, picture, everywhere(picture)) > 0.97
    assert fidelity(1 - picture, picture, everywhere(picture)) < -0.97


def test_it_is_lost_where_there_is_a_plane_or_something_else() -> None:
    picture, elsewhere = discs(96), discs(96).roll(24, 3)
    assert fidelity(torch.full_like(picture, 0.5), picture, everywhere(picture)) == 0
    assert abs(fidelity(elsewhere, picture, everywhere(picture))) < 0.3


def test_it_is_the_same_at_every_size() -> None:
    found = []
    for size in (96, 192, 384):
        picture = discs(size)
        half = picture.clone()
        half[..., : size // 2] = 0.6
        found.append(fidelity(half, picture, everywhere(picture)))
    assert max(found) - min(found) < 0.05 and 0.5 < min(found) < 0.9


def test_only_what_is_inside_counts_and_nothing_is_never_lost() -> None:
    picture = discs(96)
    half, left = picture.clone(), everywhere(picture)
    half[..., 48:], left[..., 40:] = 0.6, 0
    assert fidelity(half, picture, left) > 0.95
    plane = torch.full_like(picture, 0.5)
    assert fidelity(plane, plane, everywhere(picture)) == 1
    assert fidelity(plane, picture, 0 * left) == 1


def test_a_face_has_to_be_more_faithful_than_a_figure() -> None:
    picture, subject = discs(96), everywhere(discs(96))
    face = torch.zeros_like(subject)
    face[..., 24:44, 24:72] = 1  # the two upper discs, of which the painting has one
    painted = picture.clone()
    painted[..., :44, 48:] = 0.6
    whole, held = fidelity(painted, picture, subject), fidelity(painted, picture, face)
    assert held < whole + FACE
    assert is_lost(painted, picture, subject, face, (held + whole) / 2 - FACE / 2)
    assert not is_lost(painted, picture, subject, None, whole - 0.01)
    assert is_lost(painted, picture, subject, None, whole + 0.01)
    assert not is_lost(painted, picture, subject, face, 0)


def paint(photo: Tensor, regions: Regions, weights: Weights, content: float = 0.5) -> tuple[float, float]:
    """How much of a photo is kept in a painting in the style of the lattice, and what factor content then had."""
    look = Look((lattice(),), content=content, likeness=0.0)
    settings = Settings(size=96, steps=20, device="cpu")
    *_, found = optimise(photo, regions, {"subject": look, "background": look}, settings, weights=weights)
    assert found.state is not None
    return fidelity(found.layers[:1], photo, regions.alpha[:1]), float(found.state["content_factors"].max())


def test_a_subject_that_a_style_wipes_out_is_painted_anew_with_more_content() -> None:
    photo = discs(96)
    regions = Regions.of_subject(everywhere(photo))
    lost, once = paint(photo, regions, replace(PAINTED, fidelity=0.0))
    kept, times = paint(photo, regions, replace(PAINTED, fidelity=0.9))
    assert once == 1 and math.log2(times) in (1, 2, 3)
    assert kept > lost + 0.05
    assert paint(photo, regions, replace(PAINTED, fidelity=lost - 0.1)) == (lost, 1), "what is kept is left as it is"


def test_whoever_asks_for_less_of_the_photo_is_given_less() -> None:
    photo = discs(96)
    assert paint(photo, Regions.of_subject(everywhere(photo)), replace(PAINTED, fidelity=0.9), content=0.0)[1] == 1


def test_a_background_may_be_lost() -> None:
    photo = discs(96)
    background = Regions.of_subject(0 * everywhere(photo))
    assert paint(photo, background, replace(PAINTED, fidelity=0.9))[1] == 1
