from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps

from styfie.painting import Painting
from styfie.pipeline import PORTRAIT
from tests.cli.test_cli import run
from tests.conftest import opened
from tests.storage.test_openraster import renamed

SMALL = ("--size", "96", "--steps", "2")


@pytest.fixture
def first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Path:
    """A painting with finer regions, a mask and a style of one's own, depth, and values that are not the defaults."""
    sky = Image.linear_gradient("L").resize((96, 96))
    sky.save(tmp_path / "sky.png")
    opened(PORTRAIT).rotate(90).save(tmp_path / "own.png")
    asked = ["--background", "marble", "--style", f"hair={tmp_path}/own.png:3+pop", "--style", "sky=pop"]
    asked += ["--mask", f"sky={tmp_path}/sky.png", "--strength", "sky=0.4", "--seed", "7", "--depth", "auto"]
    assert run(capsys, "paint", PORTRAIT, *asked, *SMALL, "-o", tmp_path / "first")[0] == 0
    return tmp_path / "first" / "painting.ora"


@pytest.mark.slow
def test_a_recipe_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path, first: Path) -> None:
    for name, photo in (("again", []), ("same", [PORTRAIT])):
        assert run(capsys, "paint", *photo, "--recipe", first, "-o", tmp_path / name)[0] == 0
        for file in first.parent.iterdir():
            assert file.read_bytes() == (tmp_path / name / file.name).read_bytes(), file.name


def test_the_command_line_overrides_a_recipe(capsys: pytest.CaptureFixture[str], tmp_path: Path, first: Path) -> None:
    options = ("--steps", "1", "--style", "sky=marble", "--likeness", "0.1", "--style", "subject=pop", "--size", "128")
    assert run(capsys, "paint", "--recipe", first, *options, "-o", tmp_path / "b")[0] == 0
    painting = Painting.load(tmp_path / "b" / "painting.ora")
    settings = painting.recipe["settings"]
    assert (settings["steps"], settings["size"], settings["seed"]) == (1, 128, 7)
    sky = painting.looks["sky"]
    assert (sky.styles[0].name, sky.strength, sky.likeness) == ("marble", 0.4, 0.1), "the rest of its look stays"
    assert painting.looks["subject"].styles[0].name == "pop"
    assert painting.regions.size == (128, 128)
    assert painting.regions.names == Painting.load(first).regions.names


def test_a_default_that_is_given_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path, first: Path) -> None:
    assert run(capsys, "paint", "--recipe", first, "--seed", "0", "-o", tmp_path / "b")[0] == 0
    assert Painting.load(tmp_path / "b" / "painting.ora").recipe["settings"]["seed"] == 0


def test_another_photo_is_painted_alike_and_needs_masks_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, first: Path
) -> None:
    ImageOps.mirror(opened(PORTRAIT)).save(tmp_path / "other.png")
    code, _, err = run(capsys, "paint", tmp_path / "other.png", "--recipe", first, "-o", tmp_path / "b")
    assert code == 2
    assert "--mask sky=FILE" in err
    mask = ("--mask", f"sky={tmp_path}/sky.png")
    assert run(capsys, "paint", tmp_path / "other.png", "--recipe", first, *mask, "-o", tmp_path / "b")[0] == 0
    one, other = (Painting.load(file) for file in (first, tmp_path / "b" / "painting.ora"))
    assert other.recipe["settings"] == one.recipe["settings"]
    assert list(other.looks) == list(one.looks)
    assert other.regions.depth is not None, "looked for again"
    difference = (other.regions["hair"].flip(3) - one.regions["hair"]).abs().mean()
    assert float(difference) < 0.02, "found in the photo, not taken from the recipe"


@pytest.mark.slow
def test_at_another_size_the_masks_and_the_depth_of_ones_own_are_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mask, depth = Image.new("L", (96, 96)), Image.linear_gradient("L").resize((96, 96))
    mask.paste(255, (10, 40, 50, 90))  # not where the person is
    mask.save(tmp_path / "m.png")
    depth.save(tmp_path / "d.png")
    asked = (
        "--background",
        "pop",
        "--depth-falloff",
        "1",
        "--depth",
        tmp_path / "d.png",
        "--size",
        "64",
        "--steps",
        "1",
    )
    masks = ("--mask", tmp_path / "m.png")
    for name, given in (("masked", masks), ("plain", ())):
        assert run(capsys, "paint", PORTRAIT, *asked, *given, "-o", tmp_path / name)[0] == 0
        recipe = tmp_path / name / "painting.ora"
        larger = ("paint", PORTRAIT, "--recipe", recipe, "--size", "96")
        code, _, err = run(capsys, *larger, "-o", tmp_path / f"large-{name}")
        assert (code, "mask of subject is the recipe's" in err) == (0, name == "masked")
        painting = Painting.load(tmp_path / f"large-{name}" / "painting.ora")
        assert painting.recipe["masks"] == (["subject"] if given else [])
        own = Painting.load(recipe).regions.resize((96, 96))
        differs = float((painting.regions["subject"] - own["subject"]).abs().mean())
        assert (differs < 0.002) == (name == "masked"), "what was looked for is looked for anew"
        assert own.depth is not None and painting.regions.depth is not None
        assert float((painting.regions.depth - own.depth).abs().max()) < 0.03
    other = ("paint", PORTRAIT, "--recipe", tmp_path / "masked" / "painting.ora", "--segmenter", "portrait")
    code, _, err = run(capsys, *other, "-o", tmp_path / "other")
    assert (code, "mask of subject is not used" in err) == (0, True)


def test_names_of_before_are_still_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """On the command line, and in a recipe."""
    Image.linear_gradient("L").save(tmp_path / "depth.png")
    asked = ("--subject", "ink", "--size", "96", "--depth", tmp_path / "depth.png", "-o")
    new = ("--engine", "per-style", "--depth-falloff", "0.5")
    old = ("--engine", "taught", "--graded", "0.5")
    for name, names in (("new", new), ("old", old)):
        assert run(capsys, "paint", PORTRAIT, *names, *asked, tmp_path / name)[0] == 0
    first = tmp_path / "new" / "painting.ora"
    assert first.read_bytes() == (tmp_path / "old" / "painting.ora").read_bytes()
    assert Painting.load(first).recipe["settings"]["engine"] == "per-style"
    before = tmp_path / "before.ora"
    renamed(first, before, {'"depth_falloff"': '"graded"', '"per-style"': '"taught"'})
    assert run(capsys, "paint", "--recipe", before, "-o", tmp_path / "again")[0] == 0
    assert (tmp_path / "again" / "painting.ora").read_bytes() == first.read_bytes()
    assert run(capsys, "mix", before, "--graded", "0.5", "-o", tmp_path / "mixed")[0] == 0
    pictures = [opened(tmp_path / name / "both.png") for name in ("mixed", "new")]
    assert max(ImageChops.difference(*pictures).tobytes()) <= 2, "of layers in 8 bits"
    assert "graded" not in run(capsys, "paint", "--help")[1]
