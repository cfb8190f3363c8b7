from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError
from styfie.gallery import draw
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.web.errors import NotFoundError
from styfie.web.jobs import ResultRequest
from styfie.web.work import results
from styfie.web.work.paintings import PAINTING, REGIONS, load, save, unpainted

PHOTO = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))
INK: dict[str, Any] = {"styles": [{"name": "ink", "weight": 1.0}]}
CHANNEL: Any = None


@pytest.fixture
def folder(tmp_path: Path, halves: Regions) -> Path:
    """A job whose subject is painted red, and whose background is not painted."""
    regions = halves.resize((32, 48))
    save(unpainted(PHOTO, regions), tmp_path / REGIONS)
    layers = PHOTO.repeat(2, 1, 1, 1)
    layers[0] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    save(Painting(PHOTO, regions, layers, {"subject": Look((Style("ink", draw("ink", 64)),))}), tmp_path / PAINTING)
    return tmp_path


def request(folder: Path, **looks: dict[str, Any]) -> ResultRequest:
    return ResultRequest(looks, {}, {"radius": 0.0, "lens": "disc"}, str(folder / "drawn"), painted=("subject",))


def opened(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float64) / 255


def test_a_painted_regions_layer_is_shown_in_its_own_colours_or_the_photos(folder: Path) -> None:
    asked = request(folder, subject=INK)
    own, kept = (
        opened(results.show_layer(CHANNEL, str(folder), asked, "subject", {"color": color}))[4:28, 2:20]
        for color in ("style", "keep")
    )
    assert np.abs(own - (1, 0, 0)).max() < 0.01
    assert np.abs(kept.mean((0, 1)) - PHOTO[0, :, :, :24].mean((1, 2)).numpy()).max() < 0.05
    with pytest.raises(NotFoundError):
        results.show_layer(CHANNEL, str(folder), asked, "background", {})


def test_what_was_painted_for_other_looks_is_photo(folder: Path) -> None:
    asked = replace(request(folder, subject=INK), painted=())
    assert torch.equal(results.current_painting(folder, asked).layers, load(folder / REGIONS).photo.repeat(2, 1, 1, 1))


def test_one_picture_by_its_name_and_all_of_them_together(folder: Path) -> None:
    asked = request(folder, subject=INK)
    both = opened(results.show_picture(CHANNEL, str(folder), asked, "both"))
    assert np.abs(both[10, 4] - (1, 0, 0)).max() < 0.01
    assert np.abs(both[10, 44] - PHOTO[0, :, 10, 44].numpy()).max() < 0.01
    cut = Image.open(io.BytesIO(results.show_picture(CHANNEL, str(folder), asked, "cutout")))
    assert cut.mode == "RGBA" and np.asarray(cut)[10, 44, 3] == 0
    assert min(opened(results.show_picture(CHANNEL, str(folder), asked, "sheet")).shape[:2]) > 32
    with pytest.raises(InputError, match="cutout, sheet"):
        results.show_picture(CHANNEL, str(folder), asked, "nose")
    (folder / "strokes.svg").write_text("<svg/>")
    with zipfile.ZipFile(io.BytesIO(results.show_all(CHANNEL, str(folder), asked))) as archive:
        assert {"both.png", "mask.png", "sheet.png", PAINTING, "strokes.svg"} <= set(archive.namelist())
        assert np.array_equal(opened(archive.read("both.png")), both)
    (folder / "again.ora").write_bytes(results.show_ora(CHANNEL, str(folder), asked))
    assert load(folder / "again.ora").regions.names == ("subject", "background")


def test_what_blending_needs_is_told_in_numbers(folder: Path) -> None:
    data = results.soft(CHANNEL, str(folder))
    width, height, count, places = struct.unpack("<4I", data[:16])
    assert (width, height, count) == (48, 32, 2)
    inside = np.frombuffer(data, np.uint8, 32 * 48, 16).reshape(32, 48)
    assert inside[10, 4] == 0 and inside[10, 44] == 1
    head = 16 + 32 * 48
    assert len(data) == head + -head % 4 + places * (4 + 2 * 4 + 2 * 3 * 4)


def test_a_painting_of_another_size_brings_its_regions(folder: Path, halves: Regions) -> None:
    painting = load(folder / PAINTING)
    assert not results.take_size(folder, painting)
    larger = unpainted(torch.rand(1, 3, 64, 96), halves.resize((64, 96)))
    assert results.take_size(folder, larger)
    assert load(folder / REGIONS).regions.size == (64, 96)
