from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styfie.errors import InputError
from styfie.training.things import read_scenes


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """Two pictures: a dog and a speck on one, a cat before a couch on the other."""
    for part in ("image", "instances"):
        (tmp_path / "train" / part).mkdir(parents=True)
    numbers = {"a": np.zeros((20, 30), np.uint8), "b": np.zeros((20, 30), np.uint8)}
    numbers["a"][5:15, 5:15], numbers["a"][0, 0] = 1, 2
    numbers["b"][8:], numbers["b"][10:14, 20:25] = 1, 2
    for name, values in numbers.items():
        Image.new("RGB", (30, 20), (9, 99, 9)).save(tmp_path / f"train/image/{name}.jpg")
        Image.fromarray(values).save(tmp_path / f"train/instances/{name}.png")
    lines = ["name\tthings\tlicence", "a\tdog,ball\tCC BY 2.0", "b\tcouch,cat\tCC BY-NC 2.0"]
    (tmp_path / "things.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_each_thing_has_its_mask_and_name(things: Path) -> None:
    a, b = read_scenes(things, "train")
    assert [thing.category for thing in a.things] == ["dog"], "a speck is nothing to click on"
    assert int(a.things[0].mask.sum()) == 100 and a.image.shape == (20, 30, 3)
    assert {thing.category: int(thing.mask.sum()) for thing in b.things} == {"couch": 340, "cat": 20}


@pytest.mark.parametrize(("words", "left"), [(["NC"], ["a"]), (["image/a"], ["b"]), (["NC", "ND", "BY"], [])])
def test_pictures_are_left_out_by_their_terms_or_path(things: Path, words: list[str], left: list[str]) -> None:
    assert [scene.name for scene in read_scenes(things, "train", words)] == left


def test_portraits_are_things_too_and_so_are_their_parts(portraits: Path) -> None:
    scenes = list(read_scenes(portraits, "train"))
    assert [[thing.category for thing in scene.things] for scene in scenes] == [
        ["person", "skin"],
        ["person"],
        ["person"],
    ]
    assert len(list(read_scenes(portraits, "train", people=2))) == 2
    assert [scene.name for scene in read_scenes(portraits, "train", ["a_1"])] == ["a_0", "a_2"]


def test_what_is_missing_is_named(things: Path) -> None:
    (things / "train/instances/b.png").unlink()
    with pytest.raises(InputError, match=r"image/b\.jpg has no train/instances/b\.png"):
        list(read_scenes(things, "train"))
    (things / "things.tsv").write_text("name\tthings\na\tdog,ball\n")
    with pytest.raises(InputError, match=r"b.jpg has no"):
        list(read_scenes(things, "train"))
    (things / "things.tsv").write_text("a\tdog\n")
    with pytest.raises(InputError, match="lacks a column"):
        list(read_scenes(things, "train"))
    (things / "things.tsv").unlink()
    with pytest.raises(InputError, match=r"no things\.tsv"):
        list(read_scenes(things, "train"))
