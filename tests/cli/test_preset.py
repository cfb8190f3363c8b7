"""`styfie paint --preset paper`: the founding paper's system from end to end, on random weights of VGG's shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from styfie.blur import plain_blur
from styfie.cli import app
from styfie.encoders.vgg import Vgg
from styfie.images import to_image
from styfie.painting import Painting

FEW = ("--steps", "1", "--evaluations", "2")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["paint", *words])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
    return done.output


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = Vgg(16, widths=(4, 6, 8, 8, 8)).eval().requires_grad_(False)
    monkeypatch.setattr("styfie.engines.classic.load_vgg", lambda _name: network)


def pixels(file: Path) -> NDArray[np.int64]:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB")).astype(np.int64)


@pytest.mark.usefixtures("narrow")
def test_the_papers_whole_system_is_one_command(tmp_path: Path) -> None:
    said = run("--preset", "paper", "--size", "64", *FEW, "-o", str(tmp_path))
    assert "panels.png" in said
    painting = Painting.load(tmp_path / "painting.ora")
    settings = painting.recipe["settings"]
    assert (settings["engine"], settings["lens"], settings["size"]) == ("classic", "plain", 64), "what is given wins"
    assert painting.alone is not None
    joint = torch.where(painting.regions["subject"] >= 0.5, painting.layers[:1], painting.layers[1:])
    assert np.abs(pixels(tmp_path / "both.png") - np.asarray(to_image(joint)).astype(int)).max() <= 3
    alone = painting.render(only=["subject"])
    assert np.abs(pixels(tmp_path / "subject.png") - np.asarray(to_image(alone)).astype(int)).max() <= 3
    blurred = to_image(plain_blur(painting.photo, painting.matte, 10))
    # The matte is stored in 255 levels, and a pixel's may fall on the other side of a half.
    assert (np.abs(pixels(tmp_path / "blur.png") - np.asarray(blurred).astype(int)).max(-1) > 1).mean() < 0.002
    before = pixels(tmp_path / "panels.png")
    mixed = CliRunner().invoke(app, ["mix", str(tmp_path / "painting.ora"), "--strength", "background=0"])
    assert mixed.exit_code == 0 and "panels.png" in mixed.output, f"{mixed.output}{mixed.exception!r}"
    after = pixels(tmp_path / "panels.png")
    changed = (before != after).any(-1).any(0)
    assert after.shape == before.shape and changed.any(), "they are of the mixed painting"
    verdict = CliRunner().invoke(app, ["verify", str(tmp_path / "painting.ora")])
    assert verdict.exit_code == 0, verdict.output
    run("--engine", "filters", "--size", "64", "-o", str(tmp_path))
    assert not (tmp_path / "panels.png").exists(), "they are of another painting"


@pytest.mark.usefixtures("narrow")
def test_a_picture_of_the_users_that_is_called_so_stays(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "panels.png")
    run("--engine", "filters", "--size", "64", "-o", str(tmp_path))
    assert (tmp_path / "panels.png").exists()


def test_unknown_presets_are_refused() -> None:
    done = CliRunner().invoke(app, ["paint", "--preset", "magic"])
    assert done.exit_code == 2 or "known are paper" in repr(done.exception)
