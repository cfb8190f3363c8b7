"""Files for elsewhere: formats, sizes, and mattes that keep to the photo's edges."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.images import to_image
from styfie.regions import Regions
from styfie.web.jobs import READ, ResultRequest
from styfie.web.work.exporting import encoded, export, matte_at
from styfie.web.work.paintings import REGIONS, save, unpainted
from styfie.web.workers import WorkerChannel

LINE = cast(WorkerChannel, None)
SMALL, WHOLE = 48, 192
WANTED = ResultRequest({}, {}, {"radius": 10.0, "lens": "gaussian"}, "")


def disc(size: int, soft: float = 0.0) -> torch.Tensor:
    """A disc as a matte (1, 1, size, size)."""
    at = (torch.arange(size) + 0.5) / size - 0.5
    far = (at[:, None] ** 2 + at**2).sqrt()
    return ((0.3 - far) / soft + 0.5).clamp(0, 1)[None, None] if soft else (far < 0.3).float()[None, None]


def photo(size: int) -> torch.Tensor:
    """A light disc on dark."""
    return (0.2 + 0.6 * disc(size, 1.5 / size)).expand(1, 3, -1, -1).clone()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    matte = disc(SMALL, 1.5 / SMALL)
    regions = Regions(("subject", "background"), torch.cat([matte, 1 - matte]), (1.0, 1.0))
    save(unpainted(photo(SMALL), regions), tmp_path / REGIONS)
    to_image(photo(WHOLE)).save(tmp_path / READ)
    return tmp_path


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_what_is_made_of_a_photo_says_so_and_the_photo_does_not(folder: Path, kind: str) -> None:
    pictures = {
        name: export(LINE, str(folder), WANTED, {name: "me"}, kind, 90)[1] for name in ("both", "cutout", "photo")
    }
    terms = {"both": b"compositeWithTrainedAlgorithmicMedia", "cutout": b"algorithmicallyEnhanced"}
    for name, term in terms.items():
        assert b"DigitalSourceType" in pictures[name] and term in pictures[name]
    assert b"DigitalSourceType" not in pictures["photo"]


def test_a_mask_has_the_photo_s_own_size_and_edges(folder: Path) -> None:
    suffix, data = export(LINE, str(folder), WANTED, {"mask": "me - mask"}, "png", 90)
    found = np.asarray(opened(data).convert("L")).astype(float) / 255
    assert suffix == "png" and found.shape == (WHOLE, WHOLE)
    enlarged = to_image(disc(SMALL, 1.5 / SMALL).expand(1, 3, -1, -1)).resize((WHOLE, WHOLE)).convert("L")
    plain = np.asarray(enlarged) / 255
    wanted = disc(WHOLE, 1.5 / WHOLE)[0, 0].numpy()
    assert np.abs(found - wanted).mean() < 0.5 * np.abs(plain - wanted).mean(), "no better than enlarged"
    assert found[96, 96] == 1 and found[:20].max() == 0


def test_a_matte_of_the_same_size_is_as_it_is() -> None:
    matte = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    assert matte_at(photo(24), matte, photo(24)) is matte


def test_a_cut_out_keeps_its_transparency_in_every_format(folder: Path) -> None:
    for kind, wanted in (("jpeg", "png"), ("webp", "webp"), ("png", "png")):
        suffix, data = export(LINE, str(folder), WANTED, {"cutout": "me - cut out"}, kind, 90)
        picture = opened(data)
        assert (suffix, picture.mode, picture.size) == (wanted, "RGBA", (WHOLE, WHOLE))
        alpha = np.asarray(picture)[..., 3]
        assert alpha[96, 96] == 255 and alpha[4, 4] == 0


def test_several_are_one_zip(folder: Path) -> None:
    names = {"both": "mé - painted", "cutout": "mé - cut out"}
    suffix, data = export(LINE, str(folder), WANTED, names, "jpeg", 80)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert suffix == "zip" and archive.namelist() == ["mé - painted.jpg", "mé - cut out.png"]
        assert opened(archive.read("mé - painted.jpg")).size == (SMALL, SMALL), "paint is of the painting's size"


def test_quality_is_heard() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    for kind in ("jpeg", "webp"):
        low, high = (len(encoded(noise, kind, quality)) for quality in (30, 95))
        assert low < 0.7 * high
    assert np.array_equal(np.asarray(opened(encoded(noise, "png", 1))), np.asarray(noise))
