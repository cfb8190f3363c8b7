from __future__ import annotations

import math
from dataclasses import fields

import pytest
import torch

from styfie.errors import InputError
from styfie.looks import Look, Style

PICTURE = torch.zeros(1, 3, 2, 2)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("strength", 0, 1),
        ("content", 0, 1),
        ("likeness", 0, 1),
        ("depth_falloff", 0, 1),
        ("stroke", 0.25, 4),
        ("blur", 0, 1000),
    ],
)
def test_the_ends_of_each_range_are_taken_and_what_lies_beyond_is_not(name: str, least: float, most: float) -> None:
    for value in (least, most):
        assert getattr(Look(**{name: value}), name) == value  # type: ignore[arg-type]
    for value in (least - 0.01, most + 0.01, float("nan")):
        with pytest.raises(InputError, match=f"{name} is"):
            Look(**{name: value})  # type: ignore[arg-type]


def test_what_is_not_said_is_as_the_documentation_says() -> None:
    look = Look()
    assert (look.strength, look.stroke, look.content, look.likeness, look.depth_falloff) == (1, 1, 0.5, 0.5, 0)
    assert (look.color, look.brush, look.bokeh, look.blur, look.styles) == ("style", "auto", "gaussian", 0, ())


@pytest.mark.parametrize("name", ["color", "brush", "bokeh"])
def test_an_unknown_name_is_one_sentence(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name} is 'none of them': one of .* is wanted\."):
        Look(**{name: "none of them"})  # type: ignore[arg-type]
    for known in ("style", "keep", "histogram", "luma"):
        Look(color=known)
    for known in ("auto", "oil", "tape", "marker", "watercolour"):
        Look(brush=known)
    for known in ("gaussian", "disc", "hexagon"):
        Look(bokeh=known)


def test_a_region_is_painted_by_styles_or_by_blur() -> None:
    assert not Look().painted and not Look(strength=0.5, color="keep").painted
    assert Look(blur=0.01).painted and Look((Style("a", PICTURE),)).painted


def test_a_style_has_a_weight_above_nought() -> None:
    assert Style("a", PICTURE).weight == 1
    for weight in (0.001, 1000):
        assert Style("a", PICTURE, weight).weight == weight
    for weight in (0, 0.0009, 1000.1, -1, float("nan")):
        with pytest.raises(InputError, match="the weight of a style"):
            Style("a", PICTURE, weight)
    assert [field.name for field in fields(Style)][:3] == ["name", "source", "weight"]


def test_a_style_is_loaded_once_picture_and_mask_have_been_read() -> None:
    mask = torch.zeros(1, 1, 2, 2)
    assert Style("a", PICTURE).loaded and Style("a", PICTURE, mask=mask).loaded
    assert not Style("waves").loaded and not Style("a", "a.jpg").loaded
    for other in ("m.png", mask[0], torch.zeros(1, 1, 2, 3)):
        assert not Style("a", PICTURE, mask=other).loaded
    with pytest.raises(InputError, match="The style 'waves' has not been read"):
        assert Style("waves").picture is None


@pytest.mark.parametrize(
    ("longest", "stroke", "most", "least", "wanted"),
    [
        (80, 1.0, math.inf, (1, 32), (40, 80)),
        (80, 0.5, math.inf, (1, 32), (20, 40)),
        (80, 2.0, 100.0, (1, 32), (50, 100)),
        (80, 0.25, math.inf, (1, 32), (16, 32)),
        (80, 0.25, math.inf, (18, 18), (18, 20)),
    ],
)
def test_a_style_is_seen_at_the_size_of_a_painting_times_the_stroke(
    longest: int, stroke: float, most: float, least: tuple[int, int], wanted: tuple[int, int]
) -> None:
    left = torch.zeros(1, 1, 50, 100)
    left[..., :50] = 1
    seen = Style("a", torch.rand(1, 3, 50, 100), 2.0, left).at(longest, stroke, most, least)
    assert seen.picture.shape == (1, 3, *wanted) and (seen.name, seen.weight) == ("a", 2.0)
    assert seen.alpha is not None and torch.equal(seen.inside, seen.alpha)
    half = wanted[1] // 2
    assert float(seen.alpha[..., : half - 2].min()) == 1 and float(seen.alpha[..., half + 2 :].max()) == 0


def test_what_was_drawn_for_small_scales_is_seen_there() -> None:
    style = Style("a", torch.zeros(1, 3, 64, 64), small=torch.ones(1, 3, 40, 40))
    assert [float(style.at(longest).picture.mean()) for longest in (32, 40, 41, 64)] == [1, 1, 0, 0]
    assert torch.equal(style.inside, torch.ones(1, 1, 64, 64)), "all of it counts where there is no mask"


def test_the_weights_of_a_looks_styles_sum_to_one() -> None:
    assert Look((Style("a", weight=3.0), Style("b"))).weights == [0.75, 0.25]
