from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from styfie.storage.stored import LOOK_FIELDS, check_recipe

RECIPE: dict[str, Any] = {
    "regions": ["subject", "background"],
    "sides": ["subject", "background"],
    "score": [1.0, 0.5],
    "looks": {
        "subject": {"styles": [{"name": "ink", "weight": 2}], "strength": 0.5, "color": "keep", "stroke": 1},
        "background": None,
    },
    "settings": {"size": 64, "radius": 10.0, "lens": "disc"},
}


def test_what_is_written_is_read() -> None:
    assert check_recipe(deepcopy(RECIPE)) == RECIPE
    bare = {name: RECIPE[name] for name in ("regions", "sides", "score", "looks")}
    assert check_recipe(deepcopy(bare)) == bare
    assert set(LOOK_FIELDS) == {
        *("strength", "color", "stroke", "content", "likeness", "depth_falloff", "brush", "blur", "bokeh", "match")
    }


@pytest.mark.parametrize("radius", [0, 0.0, 1000, 1000.0])
def test_blur_within_its_range_is_read(radius: float) -> None:
    assert check_recipe({**RECIPE, "settings": {"radius": radius}})["settings"] == {"radius": radius}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"regions": ["subject", 3]}, "regions"),
        ({"score": [1.0, "0.5"]}, "regions"),
        ({"score": [1.0, float("nan")]}, "regions"),
        ({"score": [1.0, True]}, "regions"),
        ({"settings": []}, "settings"),
        ({"settings": {"size": None}}, "settings"),
        ({"settings": {"radius": -0.1}}, "blur"),
        ({"settings": {"radius": 1000.5}}, "blur"),
        ({"settings": {"radius": "10"}}, "blur"),
        ({"settings": {"lens": "star"}}, "blur"),
        ({"looks": {"subject": {"styles": [{"name": 3, "weight": 1}]}}}, "style"),
        ({"looks": {"subject": {"styles": [{"name": "ink", "weight": "1"}]}}}, "style"),
        ({"looks": {"subject": {"styles": [], "strength": "0.5"}}}, "strength"),
        ({"looks": {"subject": {"styles": [], "color": 1}}}, "color"),
        ({"looks": {"subject": {"styles": [], "blur": True}}}, "blur"),
    ],
)
def test_what_is_of_another_kind_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_recipe(deepcopy(RECIPE) | change)


def test_half_a_character_is_no_name() -> None:
    with pytest.raises(ValueError):
        check_recipe(deepcopy(RECIPE) | {"looks": {"subject": {"styles": [{"name": "\ud800", "weight": 1}]}}})
