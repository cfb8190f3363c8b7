from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import styfie.gallery
from styfie.errors import InputError
from styfie.gallery import draw
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.openraster import write_painting
from styfie.storage.recipes import depth_source, read_recipe
from styfie.styles import resolve_looks

MINE = (torch.rand(1, 3, 32, 64, generator=torch.Generator().manual_seed(1)) * 255).round() / 255


def stored(halves: Regions, file: Path, settings: Mapping[str, Any]) -> Painting:
    photo = (torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0)) * 255).round() / 255
    looks = {
        "subject": Look((Style("pop", draw("pop", 64), 2.0), Style("mine.png", MINE)), stroke=2.0, likeness=0.25),
        "background": Look((Style("glass", MINE),), strength=0.5, color="luma"),
    }
    painting = Painting(photo, halves, photo.expand(2, -1, -1, -1), looks, {"settings": settings, "depth": "auto"})
    write_painting(painting, file)
    return painting


def test_asks_what_was_asked(halves: Regions, tmp_path: Path) -> None:
    painting = stored(halves, tmp_path / "p.ora", {"size": 64, "steps": 7, "max_memory": 2.5})
    recipe = read_recipe(tmp_path / "p.ora")
    assert recipe.settings == Settings(size=64, steps=7, max_memory=2.5)
    assert recipe.depth == "auto"
    assert recipe.is_of(painting.photo)
    assert not recipe.is_of(painting.photo.flip(3))
    for longest in (64, 128):
        looks = resolve_looks(recipe.looks, longest)
        subject, background = looks["subject"], looks["background"]
        assert (subject.stroke, subject.likeness, background.strength, background.color) == (2.0, 0.25, 0.5, "luma")
        assert [(s.name, s.weight) for s in subject.styles] == [("pop", 2.0), ("mine.png", 1.0)]
        assert torch.equal(subject.styles[0].picture, draw("pop", 2 * longest)), "drawn anew, to the bit"
    same = resolve_looks(recipe.looks, 64)
    assert torch.equal(same["subject"].styles[1].picture, MINE), "eight bits are kept to the bit"
    assert torch.equal(same["background"].styles[0].picture, MINE), "a picture of one's own called glass stays itself"


def test_a_gallery_picture_that_was_drawn_otherwise_is_taken_from_the_file(
    halves: Regions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(halves, tmp_path / "p.ora", {})
    other = replace(styfie.gallery.GALLERY["pop"], draw=styfie.gallery.GALLERY["waves"].draw)
    monkeypatch.setitem(styfie.gallery.GALLERY, "pop", other)
    style = resolve_looks(read_recipe(tmp_path / "p.ora").looks, 64)["subject"].styles[0]
    monkeypatch.undo()
    assert float((style.picture - draw("pop", 64)).abs().max()) <= 0.51 / 255


@pytest.mark.parametrize("settings", [{"wings": 2}, {"size": "big"}, {"size": None}, [1]])
def test_settings_that_cannot_be_are_refused(halves: Regions, tmp_path: Path, settings: Any) -> None:
    stored(halves, tmp_path / "p.ora", settings)
    with pytest.raises(InputError, match=r"p\.ora"):
        read_recipe(tmp_path / "p.ora")


def test_depth_is_told_without_its_file() -> None:
    assert [depth_source(d) for d in (None, "auto", "secret/depth.png", torch.rand(1, 1, 4, 4))] == [
        None,
        "auto",
        "given",
        "given",
    ]
    assert depth_source(None, has_depth=True) == "given"


def test_a_recipe_of_the_time_of_one_encoder_names_it(halves: Regions, tmp_path: Path) -> None:
    stored(halves, tmp_path / "p.ora", {"size": 64, "steps": 40, "encoder": "styfie", "loss": "gram"})
    settings = read_recipe(tmp_path / "p.ora").settings
    assert (settings.encoder, settings.loss, settings.steps_of(80)) == ("styfie-1", "gram", 40)
