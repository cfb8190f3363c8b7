"""Pictures come upright from folder and ZIP alike; what is damaged is named in one sentence."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from styfie.errors import InputError
from styfie.training.files import Files
from styfie.training.pictures import PictureSet
from tests.training.conftest import picture

NAME = "image/a.png"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    picture(0).save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as written:
        written.write(tmp_path / "a.png", NAME)
    return tmp_path / "set.zip"


def encrypt(content: bytearray) -> None:
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + flags] |= 1


def spoil(content: bytearray) -> None:
    content[200:400] = bytes(200)


@pytest.mark.parametrize("damage", [encrypt, spoil])
def test_a_damaged_or_encrypted_member_is_named(pack: Path, damage: Callable[[bytearray], None]) -> None:
    content = bytearray(pack.read_bytes())
    damage(content)
    pack.write_bytes(content)
    with pytest.raises(InputError, match=r"image/a.png in .*set.zip cannot be read as a picture"):
        Files(pack).open(NAME)


def test_a_zip_whose_list_is_damaged_is_named(pack: Path) -> None:
    content = bytearray(pack.read_bytes())
    content[content.index(b"PK\x01\x02")] = 0
    pack.write_bytes(content)
    for read in (Files, PictureSet):
        with pytest.raises(InputError, match=r"set.zip is no ZIP that can be read"):
            read(pack)
    pack.write_bytes(b"no zip")
    with pytest.raises(InputError, match="neither a folder nor a ZIP"):
        Files(pack)
    with pytest.raises(InputError, match="no ZIP"):
        PictureSet(pack)


def test_what_a_zip_lacks_is_named(pack: Path) -> None:
    with pytest.raises(InputError, match=r"image/b.png in .* cannot be read"):
        Files(pack).open("image/b.png")
    with pytest.raises(InputError, match=r"image/b.png in .* cannot be read"):
        Files(pack).size_of("image/b.png")


def test_a_picture_too_large_is_named(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 64 // 2 - 1)
    with pytest.raises(InputError, match=r"image/a.png .* megapixels"):
        Files(pack).open(NAME)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    """The upper left quarter white: where EXIF says it is, by the definition of its eight values."""
    corners = ["tl", "tr", "br", "bl", "tl", "tr", "br", "bl"]  # where the first stored row and column meet, upright
    photo = Image.new("L", (48, 32))
    photo.paste(255, (0, 0, 24, 16))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    (tmp_path / "image").mkdir()
    photo.convert("RGB").save(tmp_path / f"image/a.{suffix}", exif=exif)
    opened = Files(tmp_path).open(f"image/a.{suffix}")
    size = (32, 48) if orientation < 5 else (48, 32)
    found = np.asarray(opened.decoded().convert("L"))
    assert found.shape == (opened.height, opened.width) == size
    y, x = (size[0] // 4, size[1] // 4)
    bright = {
        corner: found[yy, xx] > 127 for corner, yy, xx in (("tl", y, x), ("tr", y, -x), ("bl", -y, x), ("br", -y, -x))
    }
    assert [corner for corner, lit in bright.items() if lit] == [corners[orientation - 1]]
    assert np.array_equal(PictureSet(tmp_path, one_in=1, held_out=True)[0][..., 0], found)


def test_a_truncated_picture_is_named(tmp_path: Path) -> None:
    picture(0).save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"a.jpg in .* cannot be read as a picture"):
        PictureSet(tmp_path, one_in=1, held_out=True)[0]
