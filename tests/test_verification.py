"""Paintings painted again: by three engines to the byte, and what is said of a file that is another's."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

import styfie
from styfie.pipeline import PORTRAIT
from styfie.storage.openraster import RECIPE
from styfie.verification import verify, wants_photo
from tests.cli.test_cli import run

ENGINES = {"optimise": {"steps": 2}, "fast": {}, "taught": {}}


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    settings = styfie.Settings(size=96, engine="fast", device="cpu")
    styfie.paint(None, settings=settings, subject="glass", background="waves").save(tmp_path / "out")
    return tmp_path / "out" / "painting.ora"


@pytest.mark.parametrize("engine", ENGINES)
def test_three_engines_repeat_to_the_byte(capsys: pytest.CaptureFixture[str], tmp_path: Path, engine: str) -> None:
    options = [f"--{name}={value}" for name, value in ENGINES[engine].items()]
    asked = ("--engine", engine, *options, "--subject", "glass", "--background", "waves", "--size", "96")
    assert run(capsys, "paint", *asked, "-o", tmp_path)[0] == 0
    code, out, _ = run(capsys, "verify", tmp_path / "painting.ora")
    assert (code, "has the same bytes" in out) == (0, True), out
    assert "named by the marks of 8 of 8 pictures" in out


def rewritten(file: Path, name: str, data: bytes) -> None:
    """Another program's file: one entry is another one."""
    with zipfile.ZipFile(file) as archive:
        held = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for one, before in held.items():
            archive.writestr(one, data if one == name else before)


def test_what_differs_is_said(painted: Path) -> None:
    with zipfile.ZipFile(painted) as archive:
        recipe = json.loads(archive.read(RECIPE))
        with archive.open("data/layer0.png") as entry, Image.open(entry) as image:
            layer = image.copy()
    pixel = layer.getpixel((3, 3))
    assert isinstance(pixel, tuple)
    layer.putpixel((3, 3), tuple(255 - value for value in pixel))
    held = painted.with_name("layer.png")
    layer.save(held)
    rewritten(painted, "data/layer0.png", held.read_bytes())
    weights = recipe["weights"] | {"segmenter": "0" * 64}
    rewritten(painted, RECIPE, json.dumps(recipe | {"torch": "1.0", "styfie": "0.9", "weights": weights}).encode())
    verdict = verify(painted)
    assert not verdict.same and not any(verdict.marks.values()), "marks name the recipe as it was"
    said = "\n".join(verdict.differences)
    assert 'torch is "1.0" in the file' in said and 'styfie is "0.9" in the file' in said
    assert f'weights.segmenter is "{"0" * 64}" in the file and "{recipe["weights"]["segmenter"]}" anew' in said
    assert "weights.fast" not in said and "fingerprint" not in said
    assert "data/layer0.png differs in 0.0% of its pixels" in said
    assert "matte" not in said


def test_another_photo_in_the_file_is_noticed(painted: Path) -> None:
    with Image.open(painted.with_name("photo.png")) as image:
        image.rotate(180).save(painted.with_name("other.png"))
    rewritten(painted, "data/photo.png", painted.with_name("other.png").read_bytes())
    said = "\n".join(verify(painted).differences)
    assert "photo, looks, settings or weights are not those whose fingerprint" in said
    assert "data/layer0.png differs" in said


def test_a_mixed_and_an_unmarked_painting_repeat_too(capsys: pytest.CaptureFixture[str], painted: Path) -> None:
    assert run(capsys, "mix", painted, "--strength", "subject=0.5")[0] == 0
    assert run(capsys, "verify", painted)[0] == 0
    asked = ("--engine", "fast", "--size", "64", "--no-mark", "--subject", "pop")
    assert run(capsys, "paint", *asked, "-o", painted.parent / "plain")[0] == 0
    code, out, _ = run(capsys, "verify", painted.parent / "plain" / "painting.ora")
    assert (code, "marks" in out) == (0, False)


def test_a_large_one_wants_its_photo(
    capsys: pytest.CaptureFixture[str], painted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so beforehand, and takes no other photo; what is large is small here, and painted by another engine."""
    with Image.open(PORTRAIT) as image:
        image.rotate(90).save(painted.with_name("other.png"))
    monkeypatch.setattr("styfie.verification.BASE_SIZE", 64)
    assert not wants_photo(painted), "its engine begins with no small one"
    with zipfile.ZipFile(painted) as archive:
        recipe = json.loads(archive.read(RECIPE))
    rewritten(painted, RECIPE, json.dumps(recipe | {"settings": recipe["settings"] | {"engine": "optimise"}}).encode())
    assert wants_photo(painted)
    code, _, err = run(capsys, "verify", painted, painted.with_name("other.png"))
    assert (code, "not the one painted" in err) == (2, True)
