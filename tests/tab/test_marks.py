"""What `tab/site/engine/marks.js` puts into files, read back by Pillow and ExifTool."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from styfie.storage.xmp import SourceType, xmp_packet
from tests.storage.test_xmp import TERM, exif

NODE = shutil.which("node")
MARKS = Path(__file__).parents[2] / "tab" / "site" / "engine" / "marks.js"
pytestmark = pytest.mark.skipif(NODE is None, reason="no Node was found: the tab's marks are not tested")
PACKET = xmp_packet(SourceType.PAINTED)
MARK = """
import { readFileSync, writeFileSync } from "node:fs";
const [module, file, type, packet, width, height] = process.argv.slice(1);
const { marked } = await import(module);
writeFileSync(file, marked(new Uint8Array(readFileSync(file)), type, packet, [Number(width), Number(height)]));
"""
KINDS: dict[str, dict[str, Any]] = {
    "plain.png": {"format": "PNG"},
    "plain.jpg": {"format": "JPEG"},
    "lossy.webp": {"format": "WEBP"},
    "lossless.webp": {"format": "WEBP", "lossless": True},
    "extended.webp": {"format": "WEBP", "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"},
}


def mark(file: Path, size: tuple[int, int]) -> None:
    assert NODE is not None
    kind = f"image/{file.suffix.removeprefix('.').replace('jpg', 'jpeg')}"
    command = [NODE, "--input-type=module", "-e", MARK, MARKS.as_uri(), str(file), kind, PACKET.decode()]
    subprocess.run([*command, *map(str, size)], check=True, timeout=60)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_marked_file_says_so_and_shows_the_same(tmp_path: Path, name: str, mode: str) -> None:
    if mode == "RGBA" and name.endswith("jpg"):
        pytest.skip("JPEG knows no transparency")
    shape = (41, 57, len(mode))
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, np.uint8), mode)
    held = io.BytesIO()
    picture.save(held, **KINDS[name])
    file = tmp_path / name
    file.write_bytes(held.getvalue())
    mark(file, picture.size)
    with Image.open(file) as image, Image.open(io.BytesIO(held.getvalue())) as before:
        assert image.info["xmp"] == PACKET
        assert image.mode == before.mode and image.tobytes() == before.tobytes()
    if shutil.which("exiftool"):
        read = exif(file)
        assert read["XMP-iptcExt:DigitalSourceType"] == TERM and "ExifTool:Warning" not in read, json.dumps(read)
