"""No command replaces what it reads, nor anything that is no plain file; it says so before it works."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer
from PIL import Image

import styfie
from styfie.errors import OutputError
from styfie.pipeline import PORTRAIT
from tests.cli.test_cli import run
from tests.conftest import opened

SMALL = ("--size", "64", "--steps", "1", "--device", "cpu")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a photo under every name that a result has, too; the commands are given in it."""
    here = tmp_path / "here"
    here.mkdir()
    small = opened(PORTRAIT).resize((96, 96))
    for name in ("me.jpg", "photo.png", "background.png", "own.png"):
        small.save(here / name, quality=100, subsampling=0)  # what JPEG leaves of so few pixels is nobody
    for name in ("mask.png", "mask-sky.png", "own-mask.png"):
        Image.linear_gradient("L").resize((96, 96)).save(here / name)
    monkeypatch.chdir(here)
    return here


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.lstat().st_ino, p.lstat().st_mtime_ns) for p in sorted(folder.rglob("*"))}


REPLACING = [
    ("paint", "photo.png", "-o", "."),
    ("paint", "./photo.png", "-o", "../here"),
    ("paint", "me.jpg", "--mask", "mask.png", "-o", "."),
    ("paint", "me.jpg", "--mask", "sky=mask-sky.png", "--style", "sky=pop", "-o", "."),
    ("paint", "me.jpg", "--subject", "background.png", "-o", "."),
    ("paint", "me.jpg", "--subject", "pop:2+background.png", "-o", "."),
    ("paint", "me.jpg", "--subject", "own.png", "--style-mask", "subject=mask.png", "-o", "."),
    ("paint", "me.jpg", "--depth", "mask.png", "-o", "."),
    ("paint", "me.jpg", "photo.png", "--background", "photo.png", "-o", "deeper/.."),
    ("paint", "me.jpg", "-o", "out", "--timelapse", "me.gif", "--subject", "me.gif"),
    ("paint", "me.gif", "-o", "out", "--timelapse", "./me.gif"),
    ("paint", "clip.mp4", "-o", ".", "--engine", "fast"),
    ("paint", "clip.MP4", "-o", ".", "--engine", "fast", "--background", "clip.mp4"),
    ("segment", "me.jpg", "-o", "me.jpg"),
    ("segment", "me.jpg", "-o", "../here/./me.jpg"),
    ("segment", "me.jpg", "--mask", "mask.png", "-o", "mask.png"),
    ("blur", "me.jpg", "-o", "me.jpg"),
    ("blur", "me.jpg", "--mask", "mask.png", "-o", "mask.png"),
    ("blur", "me.jpg", "--lens", "disc", "--depth", "own-mask.png", "-o", "own-mask.png"),
    ("export", "net.safetensors", "-o", "net.safetensors"),
    ("export", "fast", "--style", "own.png", "-o", "own.png"),
    ("train", "style", "net.safetensors", "--photos", ".", "-o", "."),
    ("train", "fast", "--photos", ".", "--styles", ".", "--start", "fast.safetensors", "-o", "."),
    ("train", "segmenter", "--data", ".", "--start", "segmenter.safetensors", "-o", "."),
]


@pytest.mark.parametrize("arguments", REPLACING, ids=" ".join)
def test_a_result_never_replaces_what_it_is_made_from(
    capsys: pytest.CaptureFixture[str], here: Path, arguments: tuple[str, ...]
) -> None:
    opened(Path("own.png")).save("me.gif")
    for name in ("clip.mp4", "clip.MP4", "net.safetensors", "fast.safetensors", "segmenter.safetensors"):
        Path(name).write_bytes(b"what is in it is not read before this is refused")
    (here / "deeper").mkdir()
    if arguments[-2:] == ("-o", "deeper/.."):
        (here / "me").mkdir()
        (here / "me" / "mask.png").hardlink_to("photo.png")
    before = state_of(here)
    code, out, err = run(capsys, *arguments, *(SMALL if arguments[0] == "paint" else ()))
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert "which is read" in err
    assert state_of(here) == before


LEFT = ["out/both.png", "out/painting.ora", "out/unfinished.ora", "out/.unfinished.ora.part", "film.gif"]


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
@pytest.mark.parametrize("target", [*LEFT, "out/m.png", "out/b.png", "out/net.onnx", "out/clip.mp4"])
def test_what_is_no_plain_file_stays(capsys: pytest.CaptureFixture[str], here: Path, target: str, kind: str) -> None:
    (here / "out").mkdir()
    (here / "theirs").write_text("theirs")
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "link":
        (here / target).symlink_to(here / "theirs")
    else:
        (here / target).mkdir()
    (here / "clip.mp4").write_bytes(b"")
    command = {
        "out/m.png": ("segment", "me.jpg", "-o", "out/m.png"),
        "out/b.png": ("blur", "me.jpg", "-o", "out/b.png"),
        "out/net.onnx": ("export", "segmenter", "-o", "out/net.onnx"),
        "out/clip.mp4": ("paint", "clip.mp4", "-o", "out", "--engine", "fast"),
    }.get(target, ("paint", "me.jpg", "-o", "out", "--timelapse", "film.gif", *SMALL))
    before = state_of(here)
    code, out, err = run(capsys, *command)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert {"pipe": "a named pipe", "link": "a link", "folder": "a folder"}[kind] in err
    assert state_of(here) == before


@pytest.mark.parametrize(
    "command", [("paint", "me.jpg", *SMALL), ("paint", "me.jpg", "own.png", *SMALL), ("segment", "."), ("mix", "p.ora")]
)
def test_an_impossible_output_folder_is_refused_before_work(
    capsys: pytest.CaptureFixture[str], here: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if command[0] == "mix":
        styfie.paint("me.jpg", settings=styfie.Settings(size=64, steps=1)).save("painted")
        (here / "painted" / "painting.ora").rename("p.ora")

    def work(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be read for that")

    monkeypatch.setattr("styfie.reading.find_regions", work)
    monkeypatch.setattr("styfie.storage.results.writing_into", work)
    code, _, err = run(capsys, *command, "-o", here / "own.png" / "deeper")
    assert code == 2
    assert "own.png cannot be made a folder" in err


def test_a_recipe_is_not_replaced_by_what_it_asks_for(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    styfie.paint("me.jpg", settings=styfie.Settings(size=64, steps=1)).save("painted")
    before = state_of(here)
    for arguments in (("--recipe", "painted/painting.ora"), ("me.jpg", "--recipe", "painted/painting.ora")):
        code, _, err = run(capsys, "paint", *arguments)
        assert (code, "which is read" in err) == (2, True)
    assert state_of(here) == before
    assert run(capsys, "mix", "painted/painting.ora", "--strength", "0.5")[0] == 0, "on its own file it is asked for"


def test_another_mix_is_not_called_as_the_painting(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    styfie.paint("me.jpg", settings=styfie.Settings(size=64, steps=1)).save("painted")
    (here / "painted" / "painting.ora").rename("both.png")
    before = state_of(here)
    code, _, err = run(capsys, "mix", "both.png", "--strength", "0.5")
    assert (code, "which is read" in err) == (2, True)
    assert state_of(here) == before


def test_a_saved_painting_does_not_replace_its_photo(here: Path) -> None:
    settings = styfie.Settings(size=64, steps=1)
    painting = styfie.paint("photo.png", subject="own.png", settings=settings)
    before = state_of(here)
    os.chdir(here.parent)
    with pytest.raises(OutputError, match="which is read"):
        painting.save(here)
    assert state_of(here) == before
    assert painting.save(here / "out")


def test_a_users_own_strokes_stay(here: Path) -> None:
    (here / "strokes.json").write_text('{"mine": 1}')
    (here / "strokes.svg").write_text("<svg/>")
    from styfie.pipeline import Request, paint_into

    paint_into(here, "me.jpg", Request({"subject": "pop"}, styfie.Settings(size=64, steps=1), depth=None))
    assert (here / "strokes.svg").read_text() == "<svg/>"


def test_each_mask_of_a_folder_has_a_name_of_its_own(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("styfie.cli.segment._write", lambda photo, file, _asked: typer.echo(f"{photo.name} {file}"))
    (here / "more").mkdir()
    for name in ("x.jpg", "x.png", "x.jpg.png", "X.webp"):
        (here / "more" / name).touch()
    code, out, _ = run(capsys, "segment", "more", "-o", "masks")
    files = [line.split()[1].casefold() for line in out.splitlines()]
    assert (code, len(files), len(set(files))) == (0, 4, 4)


def test_a_mask_lies_beside_the_photo_as_it_was_named(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("styfie.cli.segment._write", lambda _photo, file, _asked: typer.echo(file.absolute()))
    theirs = here.parent / "theirs"
    theirs.mkdir()
    opened(Path("me.jpg")).save(theirs / "photo.jpg")
    (here / "link.jpg").symlink_to(theirs / "photo.jpg")
    (here / "linked").symlink_to(theirs)
    assert run(capsys, "segment", "link.jpg")[1].strip() == str(here / "link-mask.png")
    assert run(capsys, "segment", "linked")[1].strip() == str(here / "linked-masks" / "photo.png")
    monkeypatch.chdir(theirs)
    assert run(capsys, "segment", ".")[1].strip() == str(here.parent / "theirs-masks" / "photo.png")
