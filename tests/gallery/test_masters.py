"""The masters' paintings: all there, small, named apart from what is drawn, with what is to be said of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from styfie.errors import InputError, MissingError
from styfie.gallery import BUILT_IN, GALLERY, draw
from styfie.gallery.masters import FOLDER, MASTERS, master_file
from styfie.images import read_picture
from styfie.looks import Look
from styfie.settings import Settings
from styfie.storage.recipes import _style
from styfie.styles import load_style, load_styles, parse_styles


def test_names_are_apart_from_those_of_what_is_drawn() -> None:
    assert not MASTERS.keys() & GALLERY.keys()
    assert list(BUILT_IN)[: len(GALLERY) + len(MASTERS)] == [*GALLERY, *MASTERS]
    assert not any("+" in name or ":" in name for name in MASTERS), "they stand between styles and weights"


def test_there_is_a_file_for_each_and_no_other() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {f"{name}.jpg" for name in MASTERS}
    assert 8 <= len(MASTERS) <= 12


@pytest.mark.parametrize("name", MASTERS)
def test_pictures_are_jpegs_of_512_to_640_pixels_without_remarks(name: str) -> None:
    with Image.open(master_file(name)) as image:
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert 512 <= max(image.size) <= 640
        assert not image.getexif()


def test_together_they_are_less_than_a_megabyte() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1_000_000


@pytest.mark.parametrize("name", MASTERS)
def test_what_is_said_of_each(name: str) -> None:
    master = MASTERS[name]
    assert master.title and master.source
    assert master.licence == "public domain"
    assert master.painter in master.about and master.year in master.about


def test_a_master_is_a_style_by_name_and_in_a_blend() -> None:
    style = load_style("great-wave", 64)
    assert style.name == "great-wave"
    assert style.picture.equal(read_picture(master_file("great-wave"))), "as large as it is, whatever is painted"
    assert load_style("great-wave", 4096).picture.shape == style.picture.shape
    assert [(s.name, s.weight) for s in load_styles("scream:2+waves", 64)] == [("scream", 2.0), ("waves", 1.0)]
    assert parse_styles("great-wave")[0].name == "great-wave"


def test_a_stored_master_is_asked_for_by_its_name_again_and_another_picture_of_that_name_is_not() -> None:
    style = load_style("scream", 64)
    assert _style(style).source is None
    other = type(style)("scream", style.picture.flip(-1))
    assert _style(other) is other


def test_an_unknown_name_is_answered_with_all_there_are() -> None:
    with pytest.raises(MissingError) as refused:
        load_style("scraem", 64)
    assert all(name in str(refused.value) for name in BUILT_IN)


def test_a_master_is_not_drawn_and_not_taught() -> None:
    from styfie.engines.per_style.paint import PerStylePainter

    with pytest.raises(InputError, match="draws no picture 'scream'"):
        draw("scream")
    with pytest.raises(InputError, match="has no network of 'scream': use --engine fast"):
        PerStylePainter({"subject": Look((load_style("scream", 64),))}, Settings())


def test_a_file_that_is_there_is_not_taken_for_a_master(tmp_path: Path) -> None:
    mine = tmp_path / "scream.png"
    Image.new("RGB", (40, 40), "red").save(mine)
    assert load_style(mine, 64).picture.shape[-2:] == (40, 40)
