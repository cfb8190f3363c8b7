from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import styfie
from styfie.engines import ENGINES
from styfie.errors import OutputError
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.storage import results as folder
from styfie.storage.openraster import read_painting
from styfie.storage.results import holds_painting, write_folder, writing_into
from tests.conftest import opened
from tests.test_painting import make, styled

NAMES = ["photo", "mask", "cutout", "subject", "background", "both", "blur", "sheet"]


@pytest.fixture
def painting(halves: Regions) -> Painting:
    return make(halves, subject=styled(), background=styled())


def test_writes_eight_pictures_of_one_size_and_the_painting(painting: Painting, tmp_path: Path) -> None:
    files = painting.save(tmp_path / "out")
    assert [file.name for file in files] == [f"{name}.png" for name in NAMES] + ["painting.ora"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(file.name for file in files)
    images = {file.stem: opened(file) for file in files[:-1]}
    assert {image.size for name, image in images.items() if name != "sheet"} == {(64, 48)}
    assert images["mask"].mode == "L"
    assert images["cutout"].mode == "RGBA"
    assert images["mask"].getpixel((0, 0)) == 255
    assert images["cutout"].getchannel("A").getpixel((63, 0)) == 0


def test_other_files_stay(painting: Painting, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "both.png").write_text("old")
    painting.save(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert opened(tmp_path / "both.png").size == (64, 48)


def test_a_full_disk_leaves_everything_as_it_was(
    painting: Painting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "both.png").write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, "write_painting", full)
    with pytest.raises(OutputError, match="No space left"):
        painting.save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["both.png"]
    assert (tmp_path / "both.png").read_text() == "old"


def test_a_file_in_place_of_the_folder(painting: Painting, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out"):
        painting.save(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "a file"


def with_a_third(halves: Regions, name: str) -> Painting:
    regions = halves.put(name, halves["background"] / 2)
    return replace(make(halves, subject=styled()), regions=regions, layers=torch.rand(3, 3, 48, 64))


def test_a_painting_is_there_only_with_all_its_files(halves: Regions, tmp_path: Path) -> None:
    files = with_a_third(halves, "sky").save(tmp_path)
    assert "mask-sky.png" in [file.name for file in files]
    assert holds_painting(tmp_path, None)
    assert not holds_painting(tmp_path, ENGINES["strokes"])
    for file in files:
        whole = file.read_bytes()
        file.unlink()
        assert not holds_painting(tmp_path, None), f"{file.name} is gone"
        file.write_bytes(whole[: len(whole) // 2])
        assert not holds_painting(tmp_path, None), f"{file.name} is cut short"
        file.write_bytes(whole)
    assert holds_painting(tmp_path, None)


def test_masks_that_differ_in_case_alone_are_not_taken_for_an_earlier_paintings(
    halves: Regions, tmp_path: Path
) -> None:
    """Where case is not told apart they are one file, the new one."""
    with_a_third(halves, "Sky").save(tmp_path)
    before = {file.name for file in tmp_path.iterdir()}
    with_a_third(halves, "sky").save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {*before, "mask-sky.png"}


def with_strength(painting: Painting, strength: float, region: str = "subject") -> Painting:
    looks = dict(painting.looks)
    looks[region] = replace(looks[region], strength=strength)
    return replace(painting, looks=looks)


def pixels_of(folder: Path) -> dict[str, bytes]:
    return {file.name: opened(file).tobytes() for file in folder.glob("*.png")}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def saved(painting: Painting, tmp_path: Path) -> Path:
    known = replace(painting, recipe={**painting.recipe, "styfie": styfie.__version__})
    known.save(tmp_path / "a")
    file = tmp_path / "a" / "painting.ora"
    Painting.load(file).save(tmp_path / "a")  # of 8 bits, so that what is made anew can be the same
    return file


def test_only_what_another_look_changes_is_written_anew(saved: Path, tmp_path: Path) -> None:
    """And everything is as if all had been written anew."""
    with_strength(Painting.load(saved), 0.3).save(tmp_path / "whole")
    before = {file.name: file.stat().st_ino for file in saved.parent.iterdir()}
    mixed = with_strength(read_painting(saved, styles=False), 0.3)
    for name in ("b", "a"):
        files = write_folder(mixed, tmp_path / name, saved)
        assert [file.name for file in files] == [f"{name}.png" for name in NAMES] + ["painting.ora"]
        assert bytes_of(tmp_path / name) == bytes_of(tmp_path / "whole")
    same = {file.name for file in saved.parent.iterdir() if file.stat().st_ino == before[file.name]}
    assert same == {"photo.png", "mask.png"}, "all others have the new recipe's mark"


def test_a_blurred_background_is_written_anew_and_the_subject_is_not(saved: Path, tmp_path: Path) -> None:
    def blurred(painting: Painting) -> Painting:
        look = replace(painting.looks["background"], blur=8.0, bokeh="disc")
        return replace(painting, looks={**painting.looks, "background": look})

    blurred(Painting.load(saved)).save(tmp_path / "whole")
    before = pixels_of(saved.parent)
    write_folder(blurred(read_painting(saved, styles=False)), saved.parent, saved)
    assert bytes_of(saved.parent) == bytes_of(tmp_path / "whole")
    after = pixels_of(saved.parent)
    assert {name for name in after if after[name] != before[name]} == {"background.png", "both.png", "sheet.png"}


@pytest.mark.parametrize("gone", ["photo", "cutout", "sheet", "blur"])
def test_what_is_not_there_is_made(saved: Path, tmp_path: Path, gone: str) -> None:
    with_strength(Painting.load(saved), 0.3).save(tmp_path / "whole")
    (saved.parent / f"{gone}.png").unlink()
    write_folder(with_strength(read_painting(saved, styles=False), 0.3), saved.parent, saved)
    assert bytes_of(saved.parent) == bytes_of(tmp_path / "whole")


def test_pictures_of_another_painting_are_not_taken_for_its_own(
    saved: Path, painting: Painting, tmp_path: Path
) -> None:
    with_strength(Painting.load(saved), 0.3).save(tmp_path / "whole")
    other = replace(painting, photo=1 - painting.photo)
    other.save(tmp_path / "other")
    moved = tmp_path / "other" / "painting.ora"
    moved.write_bytes(saved.read_bytes())
    write_folder(with_strength(read_painting(moved, styles=False), 0.3), tmp_path / "other", moved)
    assert bytes_of(tmp_path / "other") == bytes_of(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no lock")
def test_what_a_killed_run_left_is_removed_and_what_another_is_writing_is_not(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from styfie.storage.results import writing_into\n"
        "with writing_into(Path(sys.argv[1])) as beside:\n    (beside / 'a.png').touch(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == 9
    assert len(list(tmp_path.iterdir())) == 1
    with writing_into(tmp_path) as first:
        assert list(tmp_path.iterdir()) == [first], "the dead one's is gone"
        (first / "b.png").touch()
        with writing_into(tmp_path) as second:
            (second / "c.png").touch()
        assert (first / "b.png").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.png", "c.png"]
