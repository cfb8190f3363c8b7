"""Semantic transfer: which part of a style gives to which of a photo, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import styfie
from styfie.errors import InputError
from styfie.gallery import draw
from styfie.gallery.masters import master_file
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.pipeline import PORTRAIT, Request, is_painted, paint_into
from styfie.regions import BACKGROUND, SUBJECT
from styfie.semantic import MATCHED, match_parts, parts_of
from styfie.settings import Settings


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return read_picture(PORTRAIT, 128)


@pytest.fixture(scope="module")
def sitter(portrait: Tensor) -> Style:
    """A style that is a portrait: the built-in one, mirrored."""
    return Style("sitter", portrait.flip(3))


def test_parts_of_a_portrait_are_where_they_are(portrait: Tensor) -> None:
    parts = parts_of(portrait)
    assert set(parts) == {SUBJECT, BACKGROUND, *MATCHED}
    assert torch.allclose(parts[SUBJECT] + parts[BACKGROUND], torch.ones_like(parts[SUBJECT]))
    inside = {name: portrait[0][:, alpha[0, 0] > 0.9].mean(1) for name, alpha in parts.items()}
    assert float(inside["clothes"][0] - inside["clothes"][2]) > 0.2, "the suit is orange"
    rows = torch.arange(128.0)[:, None]
    height = {name: float((parts[name][0, 0] * rows).sum() / parts[name].sum()) for name in ("hair", "skin", "clothes")}
    assert height["hair"] < height["skin"] < height["clothes"]
    assert parts_of(draw("marble", 96)) == {}, "there is nobody"


def test_each_part_takes_from_the_same_part(portrait: Tensor, sitter: Style) -> None:
    asked = {name: Look((sitter,), stroke=1.5, match="parts") for name in (SUBJECT, BACKGROUND)}
    matched = match_parts(portrait, asked)
    assert set(matched.looks) == {SUBJECT, BACKGROUND, *MATCHED} and not matched.notes
    parts = parts_of(sitter.picture)
    for name, look in matched.looks.items():
        assert look.match == "whole" and look.stroke == 1.5
        alpha = look.styles[0].alpha
        assert alpha is not None and float((alpha - parts[name]).abs().max()) < 0.6 / 255


def test_whole_looks_stay_as_they_are(portrait: Tensor, sitter: Style) -> None:
    asked = {SUBJECT: Look((sitter,))}
    assert match_parts(portrait, asked).looks is asked


def test_what_is_asked_or_masked_is_not_replaced(portrait: Tensor, sitter: Style) -> None:
    mine = Style("mine", draw("waves", 32), mask=torch.ones(1, 1, 32, 32))
    hair = Look((mine,))
    found = match_parts(portrait, {SUBJECT: Look((sitter,), match="parts"), "hair": hair}, {"skin"}).looks
    assert found["hair"] is hair and "skin" not in found and "clothes" in found
    own = match_parts(portrait, {"hair": Look((mine,), match="parts")}).looks["hair"]
    assert own.styles[0].alpha is mine.alpha, "a mask of the user's counts"


def test_a_style_without_a_part_or_anybody_is_said(portrait: Tensor, sitter: Style) -> None:
    landscape = Style("marble", draw("marble", 96))
    none = match_parts(portrait, {SUBJECT: Look((landscape,), match="parts")})
    assert set(none.looks) == {SUBJECT} and none.looks[SUBJECT].styles[0].alpha is None
    assert none.notes == ("Nobody was found in the style marble: subject takes from all of it.",)
    hair = torch.nn.functional.max_pool2d(parts_of(sitter.picture)["hair"], 9, 1, 4)
    bald = torch.lerp(sitter.picture, sitter.picture[..., :1, 60:61].expand_as(sitter.picture), hair)
    some = match_parts(portrait, {SUBJECT: Look((Style("bald", bald),), match="parts")})
    assert "hair" not in some.looks
    assert any("There is no hair in the style bald" in note for note in some.notes)


def test_hair_takes_the_colours_of_hair(portrait: Tensor) -> None:
    """Red hair and a green wall: what is by parts is red there, what is whole is a mixture."""
    parts = parts_of(portrait)
    green, red_hair = (torch.tensor(one)[None, :, None, None] for one in ([0.1, 0.7, 0.1], [0.9, 0.1, 0.1]))
    tinted = portrait.lerp(green.expand_as(portrait), parts[BACKGROUND])
    tinted = tinted.lerp(red_hair.expand_as(portrait), parts["hair"])
    style = Style("tinted", (0.85 * tinted + 0.15 * portrait).clamp(0, 1))
    red = []
    for match in ("parts", "whole"):
        looks = {name: Look((style,), match=match) for name in (SUBJECT, BACKGROUND)}
        shown = styfie.paint(looks=looks, settings=Settings(size=128, engine="fast", device="cpu")).render()
        red.append(float(((shown[:, 0] - shown[:, 1]) * parts["hair"][:, 0]).sum() / parts["hair"].sum()))
    assert red[0] > red[1] + 0.1


def test_it_is_painted_once_and_known_again(tmp_path: Path) -> None:
    master = master_file("birth-of-venus")
    request = Request(
        {SUBJECT: Look((Style("master", master),), match="parts")},
        Settings(size=64, engine="fast"),
    )
    paint_into(tmp_path, None, request)
    assert is_painted(tmp_path, None, request)


def test_a_segmenter_without_parts_is_refused() -> None:
    looks = {SUBJECT: Look((Style("noise", torch.rand(1, 3, 32, 32)),), match="parts")}
    with pytest.raises(InputError, match="knows no parts"):
        styfie.paint(looks=looks, settings=Settings(size=64, engine="fast", segmenter="jseg"))
    with pytest.raises(InputError, match="one of whole, parts"):
        Look(match="hair")
