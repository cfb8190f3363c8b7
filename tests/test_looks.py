from __future__ import annotations

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
    assert [field.name for field in fields(Style)][:3] == ["name", "picture", "weight"]
