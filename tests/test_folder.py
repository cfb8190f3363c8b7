from __future__ import annotations

import errno
from pathlib import Path

import pytest

from styfie import folder
from styfie.errors import OutputError
from styfie.painting import Painting
from styfie.regions import Regions
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

    def full(*_: object) -> None:
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
