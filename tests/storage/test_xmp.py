"""Marks in pictures: what exiftool and Pillow read back, and that nothing else of a file changes."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.film.timelapse import Timelapse
from styfie.images import write_picture, write_png
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.storage.openraster import read_painting
from styfie.storage.results import write_folder
from styfie.storage.xmp import SourceType, hash_in, mark_png, mark_svg, packet_in_png, xmp_packet
from tests.conftest import opened
from tests.test_painting import make, styled

PACKET = xmp_packet(SourceType.PAINTED, "ab" * 32)
TERM = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
ALTERED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"


def exif(file: Path) -> dict[str, Any]:
    """All that exiftool reads of a file, by group and tag."""
    done = subprocess.run(["exiftool", "-json", "-G1", "-n", file], capture_output=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)[0]
    return found


needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not there")


@pytest.fixture
def picture() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def painting(halves: Regions) -> Painting:
    return make(halves, subject=styled(), background=styled())


def recipe_sum(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        return hashlib.sha256(archive.read("styfie/recipe.json")).hexdigest()


def test_a_packet_says_the_term_the_tool_and_the_recipe_and_nothing_else() -> None:
    text = PACKET.decode()
    assert TERM in text and 'xmp:CreatorTool="Styfie ' in text and hash_in(PACKET) == "ab" * 32
    assert xmp_packet(SourceType.PAINTED, "ab" * 32) == PACKET
    altered = xmp_packet(SourceType.ALTERED)
    assert ALTERED in altered.decode() and b"AISystem" not in altered and hash_in(altered) == ""


def test_a_png_gets_one_packet_and_keeps_all_else(picture: Image.Image) -> None:
    held = io.BytesIO()
    write_png(picture, held)
    plain = held.getvalue()
    marked = mark_png(mark_png(plain, xmp_packet(SourceType.ALTERED)), PACKET)
    assert packet_in_png(marked) == PACKET and packet_in_png(plain) == b"" == packet_in_png(b"GIF89a")
    assert mark_png(marked, b"") == plain
    with Image.open(io.BytesIO(marked)) as image:
        assert image.tobytes() == picture.tobytes() and image.info["xmp"] == PACKET


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_pictures_of_every_format_hold_it_and_the_same_pixels(
    picture: Image.Image, tmp_path: Path, suffix: str
) -> None:
    plain, marked = tmp_path / f"plain{suffix}", tmp_path / f"marked{suffix}"
    write_picture(picture, plain)
    write_picture(picture, marked, PACKET)
    assert opened(plain).tobytes() == opened(marked).tobytes()
    with Image.open(marked) as image:
        assert image.info["xmp"] == PACKET
    if shutil.which("exiftool"):
        found = exif(marked)
        assert found["XMP-iptcExt:DigitalSourceType"] == TERM
        assert found["XMP-dc:Source"] == "recipe sha256:" + "ab" * 32


@needs_exiftool
def test_exiftool_reads_a_folder_of_results(painting: Painting, tmp_path: Path) -> None:
    painting.save(tmp_path)
    known = recipe_sum(tmp_path / "painting.ora")
    painted = {name: exif(tmp_path / name) for name in ("subject.png", "background.png", "both.png", "sheet.png")}
    ora = exif(tmp_path / "painting.ora")
    if "Archive::Zip" not in str(ora):  # without which exiftool looks into no archive
        painted["painting.ora"] = ora
    for name, found in painted.items():
        assert found["XMP-iptcExt:DigitalSourceType"] == TERM, name
        assert found["XMP-xmp:CreatorTool"].startswith("Styfie "), name
        assert found["XMP-dc:Source"] == f"recipe sha256:{known}", name
    assert {exif(tmp_path / f"{n}.png")["XMP-iptcExt:DigitalSourceType"] for n in ("cutout", "blur")} == {ALTERED}
    assert not any(key.startswith("XMP") for n in ("photo", "mask") for key in exif(tmp_path / f"{n}.png"))


def test_without_a_mark_the_pixels_are_the_same(painting: Painting, tmp_path: Path) -> None:
    painting.save(tmp_path / "marked")
    replace(painting, recipe={"settings": {"radius": 3.0, "mark": False}}).save(tmp_path / "plain")
    for file in (tmp_path / "plain").glob("*.png"):
        plain, marked = file.read_bytes(), (tmp_path / "marked" / file.name).read_bytes()
        assert packet_in_png(plain) == b""
        assert mark_png(marked, b"") == plain
    with zipfile.ZipFile(tmp_path / "plain" / "painting.ora") as archive:
        assert "META-INF/metadata.xml" not in archive.namelist()
        assert packet_in_png(archive.read("mergedimage.png")) == b""


def test_after_another_look_all_marks_name_the_new_recipe(painting: Painting, tmp_path: Path) -> None:
    """Also those of pictures that the look does not change, and with the likeness that is scored anew."""
    face = torch.ones(1, 1, *painting.regions.size)
    painting = replace(painting, regions=replace(painting.regions, face=face))
    painting.save(tmp_path)
    before, file = recipe_sum(tmp_path / "painting.ora"), tmp_path / "painting.ora"
    found = read_painting(file, styles=False)
    looks = {**found.looks, "background": replace(found.looks["background"], strength=0.5)}
    write_folder(replace(found, looks=looks), tmp_path, file)
    known = recipe_sum(file)
    assert known != before
    for name in ("subject", "background", "both", "sheet", "cutout", "blur"):
        assert hash_in(packet_in_png((tmp_path / f"{name}.png").read_bytes())) == known, name


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_a_timelapse_is_marked_and_plays_alike(painting: Painting, tmp_path: Path, suffix: str) -> None:
    if suffix == ".mp4":
        pytest.importorskip("av")
    for name, packet in (("plain", b""), ("marked", PACKET)):
        film = Timelapse(tmp_path / f"{name}{suffix}")
        film.start(painting)
        film.save(packet)
    plain, marked = (frames(tmp_path / f"{name}{suffix}") for name in ("plain", "marked"))
    assert plain == marked
    if shutil.which("exiftool"):
        found = exif(tmp_path / f"marked{suffix}")
        assert found["XMP-iptcExt:DigitalSourceType"] == TERM and "ExifTool:Warning" not in found


def frames(file: Path) -> list[bytes]:
    """A film's frames, decoded."""
    if file.suffix == ".mp4":
        import av

        with av.open(str(file)) as film:
            return [frame.to_ndarray(format="rgb24").tobytes() for frame in film.decode(video=0)]
    with Image.open(file) as image:
        found = []
        for n in range(getattr(image, "n_frames", 1)):
            image.seek(n)
            found.append(image.convert("RGB").tobytes())
        return found


@needs_exiftool
def test_drawings_of_strokes_are_marked(tmp_path: Path) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8" viewBox="0 0 8 8">\n<g/>\n</svg>\n'
    (tmp_path / "a.svg").write_text(mark_svg(drawing, PACKET), encoding="utf-8")
    assert exif(tmp_path / "a.svg")["XMP-iptcExt:DigitalSourceType"] == TERM
