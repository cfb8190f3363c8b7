"""What is no person is found by points, on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from styfie.images import to_image, write_png
from styfie.storage.openraster import stored_recipe
from tests.cli.test_cli import run
from tests.conftest import opened


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A blue box on grey, from 36 to 60 across and 12 to 36 down."""
    photo = torch.full((1, 3, 48, 72), 0.6)
    photo[0, :, 12:36, 36:60] = torch.tensor([0.1, 0.2, 0.8])[:, None, None]
    write_png(to_image(photo), tmp_path / "box.png")
    return tmp_path / "box.png"


@pytest.mark.parametrize("named", [[], ["--region", "box"]])
def test_a_mask_of_what_is_at_a_point(
    capsys: pytest.CaptureFixture[str], box: Path, tmp_path: Path, named: list[str]
) -> None:
    code, _, err = run(capsys, "segment", box, *named, "--add", "48,24", "-o", tmp_path / "m.png")
    assert (code, err) == (0, "")
    mask = np.asarray(opened(tmp_path / "m.png").convert("L"))
    assert mask.shape == (48, 72) and mask[16:32, 40:56].mean() > 230 and mask[:, :28].mean() < 25


def test_without_a_point_the_way_is_said(capsys: pytest.CaptureFixture[str], box: Path, tmp_path: Path) -> None:
    for command in (("segment", box), ("paint", box, "--size", "64", "-o", tmp_path / "p")):
        code, _, err = run(capsys, *command)
        assert code == 2 and "--subject-at X,Y" in err
    code, _, err = run(capsys, "segment", box, "--add", "48,99")
    assert code == 2 and "48,99 lies outside the photo of 72 x 48" in err


def test_the_subject_of_a_painting_is_at_a_point(capsys: pytest.CaptureFixture[str], box: Path, tmp_path: Path) -> None:
    given = ("--subject-at", "48,24", "--subject", "glass", "--engine", "fast", "--size", "64", "-o", tmp_path / "p")
    code, _, err = run(capsys, "paint", box, *given)
    assert code == 0, err
    mask = np.asarray(opened(tmp_path / "p" / "mask.png").convert("L"))
    assert mask.shape == (43, 64) and mask[16:28, 37:49].mean() > 230 and mask[:, :24].mean() < 25
    assert stored_recipe(tmp_path / "p" / "painting.ora")["masks"] == ["subject"], "kept as a mask of one's own"


def test_points_that_cannot_be_meant_are_refused(capsys: pytest.CaptureFixture[str], box: Path, tmp_path: Path) -> None:
    for given, says in (
        (("--subject-at", "5"), "two numbers such as"),
        (("--subject-at", "72,5"), "72,5 lies outside the photo of 72 x 48"),
        (("--subject-at", "5,5", "--mask", str(box)), "give one"),
        ((str(box), "--subject-at", "5,5"), "a point of one photo"),
    ):
        code, _, err = run(capsys, "paint", box, *given, "-o", tmp_path / "p")
        assert code == 2 and says in err
