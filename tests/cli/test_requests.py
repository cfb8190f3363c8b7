from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image, ImageChops

from styfie.cli.field_options import RegionValue, gigabytes, option_type, parse_value
from styfie.cli.options import parse_look_options
from styfie.errors import InputError, StyfieError
from styfie.fields import options_of
from styfie.looks import Look
from styfie.painting import Painting
from styfie.pipeline import PORTRAIT
from tests.cli.test_cli import run
from tests.conftest import opened

SMALL = ("--size", "96", "--steps", "1")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("2GB", 2), ("800MB", 0.8), ("2.5G", 2.5), ("2", 2), ("1.5 gb", 1.5), ("1T", 1000), (".5g", 0.5)],
)
def test_memory_in_gigabytes(text: str, wanted: float) -> None:
    assert gigabytes(text) == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["", "lots", "2KB", "-1GB", "2GiB", "1e3", "GB"])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="2GB, 800MB"):
        gigabytes(text)


def said(**texts: list[str] | None) -> dict[str, list[RegionValue] | None]:
    """What options of the command line say, as their types read it."""
    parse = {name: get_args(option_type(Look, name, per_region=True))[1].parser for name in texts}
    return {name: None if given is None else [parse[name](one) for one in given] for name, given in texts.items()}


def test_a_bare_value_is_for_all_that_are_not_named() -> None:
    found = parse_look_options(("a", "b", "c"), said(strength=["0.5", "b=1"], color=["c=luma"], stroke=None))
    assert found == {
        "a": {"strength": 0.5},
        "b": {"strength": 1.0},
        "c": {"strength": 0.5, "color": "luma"},
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"strength": ["0.5", "0.6"]}, "all regions came twice"),
        ({"strength": ["a=0.5", "a=0.6"]}, "for a came twice"),
        ({"stroke": ["b=1"]}, "painted are a"),
        ({"stroke": ["9"]}, "--stroke 9 came: a size from 0.25"),
        ({"stroke": ["wide"]}, "--stroke wide came: a size from 0.25"),
        ({"likeness": ["nan"]}, "from 0 \\(painted freely\\)"),
        ({"depth_falloff": ["a=-1"]}, "nothing on what is nearest"),
        ({"color": ["a="]}, "--color a= came: one of style"),
    ],
)
def test_wrong_values_of_looks(given: dict[str, list[str]], says: str) -> None:
    with pytest.raises(StyfieError, match=says):
        parse_look_options(("a",), said(**given))


def test_every_field_of_a_look_is_an_option_that_names_itself() -> None:
    for name, (field, option) in options_of(Look).items():
        flag = f"--{name.replace('_', '-')}"
        with pytest.raises(StyfieError, match=f"^{flag} never came: .* is wanted\\.$"):
            parse_value(field, option, "never")
        assert parse_value(field, option, str(field.default)) == field.default


def recipe_of(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        found: dict[str, Any] = json.loads(archive.read("styfie/recipe.json"))
    return found


def test_all_that_is_asked_of_regions_is_in_the_painting(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mask = Image.new("L", (96, 96))
    mask.paste(255, (0, 0, 48, 96))
    mask.save(tmp_path / "left.png")
    Image.linear_gradient("L").save(tmp_path / "depth.png")
    asked = ["--subject", "pop:2+marble", "--background", "marble", "--stroke", "0.5", "--likeness", "subject=0.9"]
    asked += ["--depth-falloff", "background=1", "--depth", f"{tmp_path}/depth.png", "--max-memory", "2.5G"]
    asked += ["--style-mask", f"subject={tmp_path}/left.png+{tmp_path}/left.png", "--loss", "gram"]
    code, _, err = run(capsys, "paint", PORTRAIT, *asked, *SMALL, "-o", tmp_path / "out")
    assert (code, "Traceback" in err) == (0, False)
    painting = Painting.load(tmp_path / "out" / "painting.ora")
    subject, background = painting.looks["subject"], painting.looks["background"]
    assert [(s.name, s.weight) for s in subject.styles] == [("pop", 2.0), ("marble", 1.0)]
    for style in subject.styles:
        assert style.alpha is not None
        assert style.alpha.mean() == pytest.approx(0.5)
    assert (subject.stroke, subject.likeness, subject.depth_falloff) == (0.5, 0.9, 0.0)
    assert (background.stroke, background.likeness, background.depth_falloff) == (0.5, 0.5, 1.0)
    assert painting.regions.depth is not None
    assert painting.recipe["settings"]["max_memory"] == 2.5
    assert painting.recipe["depth"] == "given"
    assert str(tmp_path) not in json.dumps(recipe_of(tmp_path / "out" / "painting.ora"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--subject", "pop:two"), "STYLE:WEIGHT"),
        (("--subject", "pop:0"), "weight of a style is 0"),
        (("--subject", "pop+nonesuch"), "no style 'nonesuch'"),
        (("--style-mask", "subject=m.png"), "--style for it is wanted"),
        (("--subject", "pop+marble", "--style-mask", "subject=m.png"), "names 1, and the region has 2 styles"),
        (("--subject", "pop", "--style-mask", "subject=none.png"), "no file none.png"),
        (("--subject", "pop", "--style-mask", "m.png"), "--style-mask NAME=FILE"),
        (("--subject", "pop", "--likeness", "background=1"), "painted are subject"),
        (("--max-memory", "much"), "2GB, 800MB"),
        (("--max-memory", "1MB"), "--max-memory 1MB came: 2GB, 800MB or a number from 0.5"),
        (("--depth-falloff", "0.5"), "--depth FILE or --depth auto"),
        (("--depth", "none.png"), "no file none.png"),
        (("--timelapse", "film.avi"), ".gif or .mp4"),
        (("--recipe", "none.ora"), "no file none.ora"),
        (("--recipe", str(PORTRAIT)), "painting.ora is wanted"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "paint", *SMALL, *arguments)
    assert (code, "Traceback" in err) == (2, False)
    assert says in err
    assert err.count("styfie:") == 1
    assert not list(tmp_path.iterdir()), "nothing half-written"


def test_a_timelapse_is_written_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    film = tmp_path / "film.gif"
    code, out, _ = run(capsys, "paint", "--subject", "pop", *SMALL, "-o", tmp_path / "out", "--timelapse", film)
    assert (code, "film.gif" in out) == (0, True)
    with Image.open(film) as frames:
        assert getattr(frames, "n_frames", 1) >= 2


def test_mixes_all_regions_by_a_bare_value(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "paint", "--subject", "pop", "--background", "marble", *SMALL, "--depth", "auto", "-o", tmp_path)
    ora = tmp_path / "painting.ora"
    before = recipe_of(ora)
    assert {"fingerprint", "likeness"} <= set(before)
    assert run(capsys, "mix", ora, "--strength", "0", "-o", tmp_path / "none")[0] == 0
    photo = opened(tmp_path / "photo.png").tobytes()
    assert opened(tmp_path / "none" / "both.png").tobytes() == photo
    mixed = recipe_of(tmp_path / "none" / "painting.ora")
    assert mixed["likeness"] == 1.0, "nothing shows but the photo"
    assert "fingerprint" not in mixed, "it is no more what the run was asked for"
    assert run(capsys, "mix", ora, "--depth-falloff", "1", "-o", tmp_path / "depth_falloff")[0] == 0
    depth_falloff = Painting.load(tmp_path / "depth_falloff" / "painting.ora")
    assert recipe_of(tmp_path / "depth_falloff" / "painting.ora")["likeness"] == round(depth_falloff.likeness or 0.0, 3)
    both = opened(tmp_path / "depth_falloff" / "both.png").tobytes()
    assert photo != both != opened(tmp_path / "both.png").tobytes()


def test_an_unpainted_region_is_blurred_at_once_or_after_the_fact(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(capsys, "paint", "--subject", "pop", *SMALL, "-o", tmp_path / "a")
    blurred = ("--blur", "background=12", "--bokeh", "disc")
    assert run(capsys, "mix", tmp_path / "a" / "painting.ora", *blurred, "-o", tmp_path / "b")[0] == 0
    assert run(capsys, "paint", "--subject", "pop", *SMALL, *blurred, "--lens", "disc", "-o", tmp_path / "c")[0] == 0
    mixed, painted = (opened(tmp_path / name / "both.png") for name in "bc")
    assert max(ImageChops.difference(mixed, painted).tobytes()) <= 3, "as if asked so, up to the file's 8 bits"
    assert mixed.tobytes() != opened(tmp_path / "a" / "both.png").tobytes()
    assert opened(tmp_path / "b" / "background.png").tobytes() != opened(tmp_path / "a" / "photo.png").tobytes()
    look = Painting.load(tmp_path / "b" / "painting.ora").looks["background"]
    assert (look.blur, look.bokeh, look.styles) == (12, "disc", ())
    again = ("paint", "--recipe", tmp_path / "c" / "painting.ora", "-o", tmp_path / "d")
    assert run(capsys, *again)[0] == 0
    assert opened(tmp_path / "d" / "both.png").tobytes() == painted.tobytes()
    assert opened(tmp_path / "d" / "blur.png").tobytes() != opened(tmp_path / "a" / "blur.png").tobytes()
    code, _, err = run(capsys, "mix", tmp_path / "a" / "painting.ora", "--blur", "hat=3", "-o", tmp_path / "e")
    assert (code, "no region 'hat'" in err) == (2, True)


def test_mix_does_not_grade_without_depth(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "paint", "--subject", "pop", *SMALL, "-o", tmp_path)
    code, _, err = run(capsys, "mix", tmp_path / "painting.ora", "--depth-falloff", "1", "-o", tmp_path / "b")
    assert (code, "knows no depth" in err) == (2, True)
    assert not (tmp_path / "b").exists()
