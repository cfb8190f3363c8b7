from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from styfie.errors import InputError
from styfie.images import write_picture
from styfie.looks import Look, Style
from styfie.settings import Settings
from styfie.storage.xmp import SourceType, xmp_packet
from styfie.web.errors import FullError
from styfie.web.filetypes import suffix_of
from styfie.web.jobs import GROWING
from styfie.web.work import reading
from styfie.web.work.decoding import guarded
from tests.conftest import opened
from tests.web import hostile

MOST = 1_000_000
LINE: Any = None  # nothing is told


def read_whole(file: Path, *longest: int) -> dict[str, int]:
    """What is said of a photo that was read, and written for all others."""
    found = reading.photo(LINE, str(file), MOST, *longest)
    reading.whole(LINE, str(file), MOST, *longest)
    return found


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
    read_whole(tmp_path / "upload.png")
    whole = opened(tmp_path / "read.png")
    assert whole.size == (48, 80) and not dict(whole.getexif())
    with Image.open(tmp_path / "upload.png") as sent:
        assert whole.tobytes() == sent.transpose(Image.Transpose.ROTATE_270).tobytes()
    read_whole(tmp_path / "upload.png", 40)
    assert opened(tmp_path / "read.png").size == (24, 40)


def test_a_photo_of_a_moment_ago_is_written_from_memory_and_any_other_is_read_again(tmp_path: Path) -> None:
    for name, grey in (("first.png", 80), ("second.png", 160)):
        (tmp_path / name).mkdir()
        Image.new("RGB", (48, 40), (grey, grey, grey)).save(tmp_path / name / "upload.png", dpi=(90, 90))
        reading.photo(LINE, str(tmp_path / name / "upload.png"), MOST)
    (tmp_path / "second.png" / "upload.png").unlink()
    for name, grey in (("first.png", 80), ("second.png", 160)):
        reading.whole(LINE, str(tmp_path / name / "upload.png"), MOST)
        with Image.open(tmp_path / name / "read.png") as found:
            assert found.getpixel((3, 3)) == (grey, grey, grey) and not found.info


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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_from_5_on_lie_on_their_side(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (80, 48)).save(tmp_path / "upload.jpg", exif=exif)
    size = (48, 80) if orientation >= 5 else (80, 48)
    assert read_whole(tmp_path / "upload.jpg") == dict(zip(("width", "height"), size, strict=True))
    assert opened(tmp_path / "read.png").size == opened(tmp_path / "photo.jpg").size == size


def test_what_is_kept_is_as_large_as_may_be_painted_and_what_is_shown_a_kilopixel(tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((5000, 40)).convert("RGB").save(tmp_path / "upload.png")
    assert read_whole(tmp_path / "upload.png") == {"width": 5000, "height": 40}
    assert opened(tmp_path / "read.png").size == (4096, 33)
    assert opened(tmp_path / "photo.jpg").size == (1024, 8)
    Image.new("RGB", (300, 200)).save(tmp_path / "upload.png")
    read_whole(tmp_path / "upload.png")
    assert opened(tmp_path / "read.png").size == opened(tmp_path / "photo.jpg").size == (300, 200), "none is enlarged"


def test_a_style_is_nothing_but_its_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    Image.new("RGB", (80, 48), (9, 99, 199)).save(tmp_path / "sent.png", exif=exif)
    reading.style(LINE, str(tmp_path / "sent.png"), str(tmp_path / "style-1.png"), 80 * 48)
    style = opened(tmp_path / "style-1.png")
    assert style.size == (80, 48) and style.getpixel((3, 3)) == (9, 99, 199) and not dict(style.getexif())
    with pytest.raises(InputError, match="80 x 48"):
        reading.style(LINE, str(tmp_path / "sent.png"), str(tmp_path / "style-2.png"), 80 * 48 - 1)


@pytest.mark.parametrize(("sent", "wanted"), [((80, 48), (80, 48)), ((160, 96), (80, 48)), ((20, 12), (20, 12))])
def test_a_mask_is_no_larger_than_its_photo_nor_than_it_was(
    tmp_path: Path, sent: tuple[int, int], wanted: tuple[int, int]
) -> None:
    Image.new("L", sent, 255).save(tmp_path / "brushed.png")
    reading.mask(LINE, str(tmp_path / "brushed.png"), 80, 48, MOST)
    mask = opened(tmp_path / "brushed.png")
    assert (mask.size, mask.mode, mask.getextrema()) == (wanted, "L", (255, 255))


def test_a_recipes_file_unpacks_to_400_mb_and_200_files_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Archive:
        def __init__(self, _file: str) -> None:
            pass

        def __enter__(self) -> Archive:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def infolist(self) -> list[Any]:
            return entries

    monkeypatch.setattr("zipfile.ZipFile", Archive)
    for sizes, fits in (([2_000_000] * 200, True), ([2_000_000] * 199 + [2_000_001], False), ([1] * 201, False)):
        entries = [SimpleNamespace(filename="stack.xml", file_size=size) for size in sizes]
        if fits:
            reading._check_zip("a.ora", MOST)
        else:
            with pytest.raises(InputError, match="too large"):
                reading._check_zip("a.ora", MOST)


def test_styles_of_a_recipe_become_files_and_the_device_is_this_computers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [Style(name, torch.full((1, 3, 4, 4), level)) for name, level in (("one", 0.2), ("other", 0.6))]
    asks = {
        "subject": Look((Style("ink"), replace(own[0], weight=2.0)), strength=0.5),
        "background": Look((replace(own[1], weight=3.0),), blur=2.0),
    }
    found = SimpleNamespace(looks=asks, settings=Settings(size=96, device="cuda", seed=7))
    monkeypatch.setattr(reading, "_check_zip", lambda *_: None)
    monkeypatch.setattr(reading, "read_recipe", lambda _file: found)
    answer = reading.recipe(LINE, "a.ora", str(tmp_path), MOST)
    asked = json.loads(answer["request"])
    assert answer["styles"] == {
        "style 1 of the recipe": "recipe-1.png",
        "style 2 of the recipe": "recipe-2.png",
    }
    assert asked["looks"]["subject"]["styles"] == [
        {"name": "ink", "weight": 1.0},
        {"name": "style 1 of the recipe", "weight": 2.0},
    ]
    assert asked["looks"]["subject"]["strength"] == 0.5 and asked["looks"]["background"]["blur"] == 2
    settings = asked["settings"]
    assert (settings["size"], settings["seed"], settings["device"]) == (96, 7, "auto")
    assert opened(tmp_path / "recipe-1.png").getpixel((0, 0)) == (51, 51, 51)
    assert opened(tmp_path / "recipe-2.png").getpixel((0, 0)) == (153, 153, 153)


def test_the_gallery_is_drawn_as_large_as_it_can_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`styles/NAME.jpg?size=` takes up to 512."""
    asked: list[Any] = []

    def draw(name: str, size: int) -> Any:
        asked.append((name, size))
        return Style(name, torch.ones(1, 3, 4, 4))

    monkeypatch.setattr(reading, "load_style", draw)
    reading.gallery(LINE, "ink", str(tmp_path))
    assert asked == [("ink", 512)] and [file.name for file in tmp_path.iterdir()] == ["ink.png"]


def test_thumbnails_are_jpegs_of_quality_85(tmp_path: Path) -> None:
    """Of the tables that ISO 10918-1 gives for a half, quality 85 has (200 - 2 * 85) %, rounded."""
    Image.new("RGBA", (80, 48), (255, 0, 0, 255)).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(reading.thumbnail(LINE, str(tmp_path / "a.png"), 500))
    with Image.open(tmp_path / "b.jpg") as shown:
        assert shown.size == (80, 48), "none is enlarged"
        assert shown.quantization[0][:3] == [round(0.3 * step) for step in (16, 11, 10)]  # type: ignore[attr-defined]


def test_small_copies_and_sheets_of_marked_paintings_are_marked(tmp_path: Path) -> None:
    for name, mark in (("marked", xmp_packet(SourceType.PAINTED)), ("plain", b"")):
        (tmp_path / name).mkdir()
        write_picture(Image.new("RGB", (80, 48)), tmp_path / name / GROWING, mark)
    marked, plain = (str(tmp_path / name) for name in ("marked", "plain"))
    for folders, wanted in (((plain, marked), True), ((plain,), False)):
        sheet = reading.contact_sheet(LINE, [("one", folder) for folder in folders])
        small = reading.thumbnail(LINE, str(Path(folders[-1]) / GROWING), 32)
        assert [b"digitalsourcetype/compositeWith" in data for data in (sheet, small)] == [wanted, wanted]


def test_megapixels_are_told_in_whole_numbers(tmp_path: Path) -> None:
    Image.new("L", (2000, 1501)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"2000 x 1501 pixels: at most 3 megapixels"):
        reading.photo(LINE, str(tmp_path / "a.png"), 3_000_000)
    assert not (tmp_path / "read.png").exists()


def test_whatever_a_decoder_raises_is_one_sentence() -> None:
    def raising(error: BaseException) -> Any:
        def read() -> None:
            raise error

        return read

    for error, says in (
        (MemoryError(), "needs more memory"),
        (ValueError("odd"), "cannot be read or is damaged"),
        (InputError("as it is"), "as it is"),
    ):
        with pytest.raises(InputError, match=says):
            guarded(raising(error))
    assert guarded(lambda: 3) == 3
