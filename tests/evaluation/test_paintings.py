"""Scores of paintings that are made so that each number is known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.evaluation.paintings import find_paintings, halo, luma_structure, read_painted, score, seam
from styfie.evaluation.patches import patch_distance
from styfie.images import to_image
from styfie.regions import Regions
from tests.cli.test_cli import run
from tests.test_painting import make, styled


@pytest.fixture
def matte() -> Tensor:
    matte = torch.zeros(1, 1, 96, 128)
    matte[..., 64:] = 1
    return matte


def noise(seed: int = 0) -> Tensor:
    return torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(seed))


def test_a_picture_of_its_own_style_is_at_no_distance() -> None:
    style, whole = noise(), torch.ones(1, 1, 96, 128)
    assert patch_distance(style, [(style, whole)]) == 0
    assert patch_distance(0.5 * style, [(style, whole)]) > 100 * patch_distance(noise(1), [(style, whole)])


def test_a_seam_is_a_cut_or_a_smear_and_one_where_there_is_none(matte: Tensor) -> None:
    assert seam(noise(), matte) == pytest.approx(1, abs=0.2)
    cut = noise() * 0.2 + 0.7 * matte
    smeared = noise().clone()
    smeared[..., 60:68] = 0.5
    assert (seam(cut, matte) or 0) > 3
    assert seam(smeared, matte) == pytest.approx(0, abs=0.2)
    assert seam(noise(), torch.ones_like(matte)) is None


def test_a_rim_is_measured_in_levels(matte: Tensor) -> None:
    """Two flat sides have none, however far apart; one of three pixels outside alone is half of what it is bright."""
    flat = (0.2 + 0.6 * matte).expand(1, 3, -1, -1).clone()
    assert halo(flat, matte) == pytest.approx(0, abs=0.1)
    flat[..., 60:64] += 40 / 255
    assert halo(flat, matte) == pytest.approx(20, rel=0.1)


def test_light_and_dark_are_those_of_the_photo() -> None:
    ramp = torch.linspace(0, 1, 128).expand(1, 3, 96, 128)
    assert luma_structure(0.3 * ramp + 0.1, ramp) == pytest.approx(1)
    assert luma_structure(1 - ramp, ramp) == pytest.approx(-1)
    assert luma_structure(torch.full_like(ramp, 0.5), ramp) == 0


def test_a_folder_of_any_tool(capsys: pytest.CaptureFixture[str], tmp_path: Path, matte: Tensor) -> None:
    for name, result in (("copy", noise()), ("style", noise(5))):
        (tmp_path / name).mkdir()
        for stem, picture in (("photo", noise()), ("painting", result), ("mask", matte), ("style", noise(5))):
            to_image(picture).save(tmp_path / name / f"{stem}.png")
    (tmp_path / "other").mkdir()
    code, out, _ = run(capsys, "evaluate", "paintings", tmp_path, "-o", tmp_path / "scores.json")
    assert (code, "likeness" in out, "mean" in out) == (0, True, True)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert list(scores) == ["copy", "style"]
    assert scores["copy"]["patches"] == pytest.approx(1) and scores["copy"]["likeness"] == pytest.approx(1)
    assert scores["copy"]["luma"] == pytest.approx(1)
    assert scores["style"]["patches"] < 0.01 and abs(scores["style"]["likeness"]) < 0.1


def test_a_folder_of_styfies_own(halves: Regions, tmp_path: Path) -> None:
    make(halves, subject=styled(), background=styled()).save(tmp_path)
    painted = read_painted(*find_paintings(tmp_path))
    assert len(painted.parts) == 2 and painted.matte is not None
    assert score(painted)["patches"] is not None


def test_a_folder_without_paintings(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no painting"):
        find_paintings(tmp_path)
    to_image(noise()).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match="no painting: painting"):
        read_painted(*find_paintings(tmp_path))


def test_a_distance_of_patches_is_a_mean_over_parts() -> None:
    """However often a part is named, and so however large all parts are together."""
    rng = torch.Generator().manual_seed(0)
    picture, style = (torch.rand(1, 3, 40, 48, generator=rng) for _ in range(2))
    part = (style**2, torch.ones(1, 1, 40, 48))
    once = patch_distance(picture, [part])
    assert once > 0 and patch_distance(picture, [part] * 3) == pytest.approx(once)
