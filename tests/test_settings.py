"""Values of another kind are refused at the border, or brought to Python's own, as a recipe holds them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from styfie.errors import InputError
from styfie.settings import Settings


@pytest.mark.parametrize(
    "values",
    [
        {"size": 64.5},
        {"size": 64.0},
        {"size": "64"},
        {"size": True},
        {"size": None},
        {"steps": np.float32(3)},
        {"seed": "0"},
        {"max_memory": "2GB"},
        {"max_memory": float("nan")},
        {"radius": None},
        {"radius": [1.0]},
        {"device": 3},
        {"engine": None},
        {"encoder": b"styfie"},
        {"segmenter": 1},
        {"loss": ["gram"]},
        {"lens": 1.0},
        {"mark": 1},
        {"start": Path("photo")},
    ],
)
def test_values_of_another_kind_are_one_sentence(values: dict[str, Any]) -> None:
    (name,) = values
    with pytest.raises(InputError, match=name) as caught:
        Settings(**values)
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_and_paths_become_plain_values() -> None:
    settings = Settings(
        size=np.int64(64),  # type: ignore[arg-type]
        steps=np.uint8(3),  # type: ignore[arg-type]
        max_memory=np.float32(2),  # type: ignore[arg-type]
        segmenter=Path("a") / "own.safetensors",  # type: ignore[arg-type]
    )
    assert settings == Settings(size=64, steps=3, max_memory=2.0, segmenter=str(Path("a") / "own.safetensors"))
    assert json.loads(json.dumps(asdict(settings))) == asdict(settings)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("size", 32, 16_384),
        ("steps", 0, 100_000),
        ("seed", 0, 2**63 - 1),
        ("radius", 0, 1000),
        ("max_memory", 0.5, 10_000),
    ],
)
def test_the_ends_of_each_range_are_taken_and_what_lies_beyond_is_not(name: str, least: float, most: float) -> None:
    for value in (least, most):
        assert getattr(Settings(**{name: value}), name) == value  # type: ignore[arg-type]
    step = 1 if isinstance(least, int) else 0.01
    for value in (least - step, most + step):
        with pytest.raises(InputError, match=name):
            Settings(**{name: value})  # type: ignore[arg-type]
    assert Settings(size=0).size == 0, "the photo's own"
    with pytest.raises(InputError, match="at least 32"):
        Settings(size=1)


def test_the_defaults_are_those_of_the_documentation() -> None:
    """Recipes say only what they know of: a default that changes changes how old ones are painted."""
    assert asdict(Settings()) == {
        "size": 512,
        "quality": "standard",
        "steps": 0,
        "seed": 0,
        "device": "auto",
        "engine": "optimise",
        "encoder": "styfie-2",
        "loss": "wasserstein",
        "segmenter": "auto",
        "start": "photo",
        "max_memory": 4,
        "content_weight": 0.025,
        "tv_weight": 1.0,
        "evaluations": 20,
        "depth_weight": 0.0,
        "radius": 10,
        "lens": "gaussian",
        "mark": True,
    }


@pytest.mark.parametrize(("quality", "steps", "few"), [("draft", 10, 1), ("standard", 40, 1), ("fine", 100, 2)])
def test_quality_is_a_share_of_an_engines_own_steps(quality: str, steps: int, few: int) -> None:
    settings = Settings(quality=quality)
    assert settings.steps_of() == steps and settings.steps_of(1) == few and settings.steps_of(400) == 10 * steps
    assert Settings(quality=quality, steps=7).steps_of(400) == 7
