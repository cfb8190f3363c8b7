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
