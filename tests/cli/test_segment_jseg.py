"""`styfie segment` and `paint` with regions of anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styfie.gallery import draw
from styfie.images import to_image
from styfie.storage.openraster import region_names
from tests.cli.test_cli import run
from tests.conftest import opened

HALVES = ("--segmenter", "jseg:2")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regions are looked for in few pixels: how they are found has tests of its own."""
    monkeypatch.setattr("styfie.segmentation.jseg.segmenter.JSEG_SIZE", 96)
    monkeypatch.setattr("styfie.segmentation.jseg.segmenter.JsegSegmenter.work_size", 96)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Dots on the left, a plain wall on the right: nobody is in it."""
    picture = Image.new("RGB", (128, 96), (40, 60, 160))
    picture.paste(to_image(draw("autumn", 96, 64)), (0, 0))
    file = tmp_path / "wall.png"
    picture.save(file)
    return file


def test_all_regions_are_shown_where_none_is_named(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    code, out, _ = run(capsys, "segment", photo, *HALVES)
    assert code == 0
    assert "region-1 to region-2" in out
    shown = opened(photo.with_name("wall-regions.png"))
    assert (shown.mode, shown.size) == ("RGB", (128, 96))
    left, right = (np.asarray(shown.crop(box)).mean((0, 1)) for box in ((4, 4, 50, 92), (80, 4, 124, 92)))
    assert np.abs(left - right).max() > 40


@pytest.mark.slow
def test_a_region_has_its_mask_by_name_or_by_points(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    masks = {}
    for name, options in {
        "wall": ("--region", "wall", "--add", "110,50"),
        "both": ("--region", "both", "--add", "110,50", "--add", "20,20"),
        "first": ("--region", "region-1"),
        "second": ("--region", "region-2"),
    }.items():
        assert run(capsys, "segment", photo, *HALVES, *options, "-o", photo.with_name(f"of-{name}.png"))[0] == 0
        masks[name] = np.asarray(opened(photo.with_name(f"of-{name}.png")), float) / 255
    assert masks["wall"][:, 72:].min() > 0.98
    assert masks["wall"][:, :56].max() < 0.02
    assert masks["both"].min() > 0.99
    assert np.abs(masks["first"] + masks["second"] - 1).max() < 0.01


def test_a_region_known_by_name_is_corrected_as_any_other(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    asked = ("--region", "region-1", "--add", "110,50", "--add", "10,10")
    for name, options in (("plain", asked[:2]), ("more", asked)):
        assert run(capsys, "segment", photo, *HALVES, *options, "-o", photo.with_name(f"{name}.png"))[0] == 0
    plain, more = (np.asarray(opened(photo.with_name(f"{name}.png")), float) for name in ("plain", "more"))
    assert more.mean() > plain.mean()
    assert (more >= plain - 1).all()


def test_each_region_is_painted_in_its_own_style(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    asked = ("--style", "region-1=glass", "--style", "region-2=waves", "--size", "96", "--steps", "2")
    code, _, _ = run(capsys, "paint", photo, *HALVES, *asked, "-o", photo.parent / "out")
    assert code == 0
    assert set(region_names(photo.parent / "out" / "painting.ora")) >= {"region-1", "region-2"}
    painted = {path.name for path in (photo.parent / "out").iterdir()}
    assert {"mask-region-1.png", "mask-region-2.png"} <= painted


def test_nobody_in_the_photo_is_no_reason_to_refuse(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    options = ("--segmenter", "jseg", "--size", "64", "--steps", "2")
    code, _, err = run(capsys, "paint", photo, *options, "-o", photo.parent / "out")
    assert code == 0, err


def test_regions_that_are_not_there_are_one_sentence(capsys: pytest.CaptureFixture[str], photo: Path) -> None:
    for options, says in ((("region-9",), "region-1 to region-2"), (("sky", "--add", "900,3"), "outside the photo")):
        code, _, err = run(capsys, "segment", photo, *HALVES, "--region", *options)
        assert code == 2
        assert says in err
    assert list(photo.parent.glob("*.png")) == [photo], "nothing half-written"


@pytest.mark.slow
def test_a_painting_of_any_size_has_the_regions_that_were_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A busy picture, which another size by itself would be divided otherwise."""
    busy = ("--segmenter", "jseg:9", "--region", "region-4")
    to_image(draw("autumn", 200, 250)).save(tmp_path / "autumn.png")
    run(capsys, "segment", tmp_path / "autumn.png", *busy, "-o", tmp_path / "mask.png")
    asked = (*busy[:2], "--style", "region-4=ink", "--size", "100", "--steps", "1")
    run(capsys, "paint", tmp_path / "autumn.png", *asked, "-o", tmp_path / "out")
    shown = opened(tmp_path / "mask.png").resize((100, 80), Image.Resampling.BOX)
    painted = opened(tmp_path / "out" / "mask-region-4.png")
    assert np.abs(np.asarray(shown, float) - np.asarray(painted, float)).mean() / 255 < 0.02
