"""Layered scenes: what is nearer covers what is farther, and that is what they say of themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError
from styfie.training import layered
from styfie.training.layered import BEHIND, UNKNOWN, LayeredScenes

SIDE = 48
RED = (250, 5, 5)


@pytest.fixture(autouse=True)
def few_textures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layered, "GALLERY", ("pop", "ink"))  # drawing all of it takes longer than all the rest


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """A red square on green, in either part, and one in licensed words."""
    folder = tmp_path / "things"
    for part in ("train", "val"):
        for kind in ("image", "instances"):
            (folder / part / kind).mkdir(parents=True)
        for name, colour in (("a", RED), ("b", (5, 5, 250))):
            numbers = np.zeros((30, 40), np.uint8)
            numbers[5:25, 10:30] = 1
            image = np.where(numbers[..., None] == 1, np.uint8(colour), np.uint8((9, 99, 9)))
            Image.fromarray(image).save(folder / part / "image" / f"{name}.png")
            Image.fromarray(numbers).save(folder / part / "instances" / f"{name}.png")
    (folder / "things.tsv").write_text("name\tthings\tlicence\na\tbox\tCC BY 2.0\nb\tbox\tCC BY-NC 2.0\n")
    return folder


def test_each_layer_has_one_depth_and_the_later_ones_are_nearer(portraits: Path, pictures: Path) -> None:
    made = LayeredScenes([portraits], [pictures], side=SIDE)
    numbers = set()
    for n in range(12):
        picture, depth, layers = made.pasted(np.random.default_rng(n))
        assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == depth.dtype == np.float32
        found = [depth[layers == number] for number in np.unique(layers) if number > BEHIND]
        assert all(np.ptp(one) == 0 for one in found)
        depths = [float(one[0]) for one in found]
        assert depths == sorted(depths, reverse=True)
        behind = depth[layers == BEHIND]
        assert not behind.size or behind.max() <= 1
        numbers |= set(np.unique(layers).tolist())
    assert {UNKNOWN, BEHIND, 1, 2, 3} <= numbers


def test_what_is_said_to_be_a_thing_shows_it(things: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red squares alone, before grey: without haze and blur, pixels of a layer are red and others are not."""
    for name in ("DRAWN", "HAZY", "UNFOCUSED", "GROUND"):
        monkeypatch.setattr(layered, name, 0.0)
    made = LayeredScenes([things], [], side=SIDE, leave_out=["NC"])
    assert len(made.cutouts) == 1 and not made.people
    monkeypatch.setattr(made, "_any_picture", lambda _: np.full((SIDE, SIDE, 3), 0.5, np.float32))
    for n in range(6):
        picture, _, layers = made.pasted(np.random.default_rng(n))
        red = (picture[..., 0] > 0.7) & (picture[..., 1] < 0.1)
        assert red[layers > BEHIND].all() and not red[layers == BEHIND].any()
        assert (layers > BEHIND).any()


def test_portraits_are_a_person_before_what_is_behind(portraits: Path, pictures: Path) -> None:
    made = LayeredScenes([portraits], [pictures], side=SIDE)
    assert len(made.people) == 3
    _, depth, layers = made.as_it_is(np.random.default_rng(0))
    assert 0.25 < (layers == 1).mean() < 0.4, "24 of 64 columns, 40 of 48 rows"
    assert (depth[layers == 1] < depth[layers == BEHIND].min()).all()


def test_a_batch_depends_on_step_row_and_seed_alone(portraits: Path, pictures: Path) -> None:
    made = LayeredScenes([portraits], [pictures], side=SIDE, batch=4)
    whole = made.at(3, range(4))
    parts = [made.at(3, range(2)), made.at(3, range(2, 4))]
    for name in ("pictures", "depth", "layers"):
        assert torch.equal(getattr(whole, name), torch.cat([getattr(one, name) for one in parts]))
    assert whole.pictures.shape == (4, 3, SIDE, SIDE) and whole.depth.shape == whole.layers.shape == (4, SIDE, SIDE)
    assert float(whole.pictures.min()) >= 0 and float(whole.pictures.max()) <= 1
    assert not torch.equal(whole.pictures, made.at(4, range(4)).pictures)
    other = LayeredScenes([portraits], [pictures], side=SIDE, batch=4, seed=1)
    assert not torch.equal(whole.pictures, other.at(3, range(4)).pictures)


def test_what_is_held_out_is_behind_nothing_learned(things: Path, pictures: Path, tmp_path: Path) -> None:
    learned = LayeredScenes([things], [pictures], side=SIDE)
    scored = LayeredScenes([things], [pictures], part="val", side=SIDE)
    assert not set(learned.behind[0].names) & set(scored.behind[0].names)
    (few := tmp_path / "few").mkdir()
    Image.new("RGB", (60, 60)).save(few / "0.png")
    assert len(LayeredScenes([things], [few], side=SIDE).behind) == 1
    assert LayeredScenes([things], [few], part="val", side=SIDE).behind == []
    with pytest.raises(InputError, match="nothing to paste"):
        LayeredScenes([things], [few], leave_out=["CC"])
