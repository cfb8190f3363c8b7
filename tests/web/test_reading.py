from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from styfie.errors import InputError
from styfie.web.kinds import suffix_of
from styfie.web.refusals import FullError
from styfie.web.work import reading
from styfie.web.work.decoding import guarded
from tests.conftest import opened
from tests.web import hostile

MOST = 1_000_000
LINE: Any = None  # nothing is told


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF", "BMP", "GIF"])
def test_reads_every_kind_by_its_bytes(tmp_path: Path, kind: str) -> None:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    Image.new("RGB", (80, 48), (200, 40, 60)).save(tmp_path / "any", kind)
    file = (tmp_path / "any").rename(tmp_path / f"upload{suffix_of((tmp_path / 'any').read_bytes())}")
    assert reading.photo(LINE, str(file), MOST) == {"width": 80, "height": 48}
    red, green, blue = opened(tmp_path / "photo.jpg").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert abs(red - 200) < 12 and abs(green - 40) < 12 and abs(blue - 60) < 12


def test_a_photo_is_upright_and_keeps_no_place(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "maker"
    Image.new("RGB", (80, 48)).save(tmp_path / "upload.jpg", exif=exif)
    assert reading.photo(LINE, str(tmp_path / "upload.jpg"), MOST) == {"width": 48, "height": 80}
    shown = opened(tmp_path / "photo.jpg")
    assert shown.size == (48, 80) and not dict(shown.getexif())


def test_what_others_read_is_decoded_here(tmp_path: Path) -> None:
    """Whole and upright, or as large as may be painted, and without what a camera says of itself."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.linear_gradient("L").resize((80, 48)).convert("RGB").save(tmp_path / "upload.png", exif=exif)
    reading.photo(LINE, str(tmp_path / "upload.png"), MOST)
    whole = opened(tmp_path / "read.png")
    assert whole.size == (48, 80) and not dict(whole.getexif())
    with Image.open(tmp_path / "upload.png") as sent:
        assert whole.tobytes() == sent.transpose(Image.Transpose.ROTATE_270).tobytes()
    reading.photo(LINE, str(tmp_path / "upload.png"), MOST, 40)
    assert opened(tmp_path / "read.png").size == (24, 40)


def test_a_photo_may_have_much_to_say_of_itself(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("notes", "x" * 3_000_000, zip=True)
    Image.new("RGB", (80, 48)).save(tmp_path / "upload.png", pnginfo=info)
    assert reading.photo(LINE, str(tmp_path / "upload.png"), MOST) == {"width": 80, "height": 48}


def test_a_full_disk_is_no_damaged_file() -> None:
    def write() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FullError, match="disk"):
        guarded(write)


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    (tmp_path / "upload.png").write_bytes(hostile.bomb(10_000, 10_000))
    with pytest.raises(InputError, match="10000 x 10000"):
        reading.photo(LINE, str(tmp_path / "upload.png"), MOST)


def test_a_recipe_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    for name, data in (("zip", hostile.zip_bomb()), ("pixels", hostile.pixel_bomb_in_zip())):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=r"too large|too many"):
            reading.recipe(LINE, str(tmp_path / name), str(tmp_path), MOST)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["pixels", "zip"]


def test_a_mask_is_read_at_the_photos_proportions(tmp_path: Path) -> None:
    Image.new("L", (40, 24), 255).save(tmp_path / "brushed.png")
    reading.mask(LINE, str(tmp_path / "brushed.png"), 80, 48, MOST)
    assert opened(tmp_path / "brushed.png").size == (40, 24)
    with pytest.raises(InputError, match="proportions"):
        reading.mask(LINE, str(tmp_path / "brushed.png"), 48, 80, MOST)


def test_thumbnails_are_no_larger_than_asked(tmp_path: Path) -> None:
    Image.new("RGB", (80, 48)).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(reading.thumbnail(LINE, str(tmp_path / "a.png"), 32))
    assert opened(tmp_path / "b.jpg").size == (32, 19)
