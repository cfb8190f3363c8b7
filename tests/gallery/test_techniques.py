"""Techniques: a picture of each, small, named apart from all other styles, and known to the engine that it names."""

from __future__ import annotations

import pytest
from PIL import Image

from styfie.engines import ENGINES
from styfie.gallery import BUILT_IN, GALLERY
from styfie.gallery.masters import MASTERS
from styfie.gallery.techniques import FOLDER, TECHNIQUES, technique_file
from styfie.images import read_picture
from styfie.storage.recipes import _style
from styfie.styles import load_style, load_styles


def test_names_are_apart_from_those_of_pictures() -> None:
    assert not TECHNIQUES.keys() & {*GALLERY, *MASTERS}
    assert list(BUILT_IN) == [*GALLERY, *MASTERS, *TECHNIQUES]
    assert not any("+" in name or ":" in name for name in TECHNIQUES), "they stand between styles and weights"


def test_there_is_a_file_for_each_and_no_other() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {f"{name}.jpg" for name in TECHNIQUES}
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 500_000


@pytest.mark.parametrize("name", TECHNIQUES)
def test_what_each_is(name: str) -> None:
    with Image.open(technique_file(name)) as image:
        assert image.format == "JPEG" and image.mode == "RGB" and max(image.size) == 384
        assert not image.getexif()
    assert TECHNIQUES[name].engine in ENGINES
    assert TECHNIQUES[name].title and TECHNIQUES[name].about.endswith(".")


def test_a_technique_is_a_style_by_name_and_beside_a_picture() -> None:
    style = load_style("comic", 64)
    assert style.name == "comic"
    assert style.picture.equal(read_picture(technique_file("comic")))
    assert _style(style).source is None, "a recipe names it"
    assert [(s.name, s.weight) for s in load_styles("comic+waves:2", 64)] == [("comic", 1.0), ("waves", 2.0)]
