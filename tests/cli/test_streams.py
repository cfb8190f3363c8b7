"""What is said, where it cannot be said; and names that are no files."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from styfie.cli import doctor
from styfie.pipeline import PORTRAIT
from tests.cli.test_cli import RESULTS, run
from tests.conftest import opened

SMALL = ("--size", "64", "--steps", "1", "--device", "cpu")


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_standard_error_stops_no_painting(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    code, out, _ = run(capsys, "paint", "-o", tmp_path / "out", *SMALL)
    assert (code, "Wrote" in out) == (0, True)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == RESULTS


def test_a_full_standard_output_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    code, _, err = run(capsys, "--version")
    assert (code, err.count("\n"), "No space left" in err) == (2, 1, True)


def test_help_is_shown_where_few_letters_are_known() -> None:
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    for command in (["--help"], ["paint", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "styfie", *command], env={**os.environ, **plain}, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.isascii() and b"styfie" in done.stdout


def test_doctor_tries_what_it_calls_present(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "brokenpart.py").write_text("raise RuntimeError('no shared object')")
    monkeypatch.syspath_prepend(tmp_path)
    parts = {"a": (("brokenpart",), "x"), "b": (("json", "nonesuch"), "y"), "c": (("json",), "z")}
    monkeypatch.setattr(doctor, "OPTIONAL", parts)
    out = run(capsys, "doctor")[1]
    assert "part a (x): broken, brokenpart cannot be imported (no shared object)" in out
    assert "part b (y): absent" in out
    assert "part c (z): present" in out


@pytest.mark.parametrize("command", ["paint", "segment", "blur"])
@pytest.mark.parametrize(
    ("name", "says"), [("x" * 300, "no file"), ("loop", "cannot be read"), ("file/deeper.jpg", "no file")]
)
def test_names_that_lead_nowhere(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    name: str,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    code, _, err = run(capsys, command, name, "-o", "out.png")
    assert (code, err.count("\n"), says in err) == (2, 1, True), err
    code, _, err = run(capsys, "mix", name)
    assert (code, err.count("\n"), "no file" in err) == (2, 1, True), err


@pytest.mark.parametrize("command", [("paint",), ("paint", PORTRAIT), ("segment",)])
def test_a_folder_one_may_not_look_into(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    (tmp_path / "closed").mkdir()

    def closed(_self: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    code, _, err = run(capsys, *command, tmp_path / "closed", "-o", tmp_path / "out")
    assert (code, "cannot be looked into (Permission denied)" in err) == (2, True)


def test_what_is_no_photo_in_a_folder_is_skipped(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    (photos / "folder.jpg").mkdir(parents=True)
    (photos / "._a.jpg").write_bytes(b"of a Mac")
    os.mkfifo(photos / "pipe.jpg")
    (photos / "a.jpg").touch()
    seen: list[Path] = []
    monkeypatch.setattr("styfie.cli.segment._write", lambda photo, _file, _asked: seen.append(photo))
    assert run(capsys, "segment", photos)[0] == 0
    assert seen == [photos / "a.jpg"]


def test_a_photo_from_a_pipe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = PORTRAIT.read_bytes()
    with ThreadPoolExecutor(1) as writer:
        writer.submit((tmp_path / "pipe").write_bytes, data)
        code, _, err = run(capsys, "segment", tmp_path / "pipe", "-o", tmp_path / "mask.png")
    assert (code, err) == (0, "")
    assert opened(tmp_path / "mask.png").size == opened(PORTRAIT).size
    for name in (tmp_path / "pipe", "/dev/stdin"):
        code, _, err = run(capsys, "segment", name)
        assert (code, "--output" in err) == (2, True)


def test_a_photo_of_which_nothing_would_be_left_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    opened(PORTRAIT).resize((32, 4000)).save(tmp_path / "tall.png")
    mask = ("--mask", tmp_path / "tall.png")
    code, _, err = run(capsys, "paint", tmp_path / "tall.png", *mask, "--size", "256", "-o", tmp_path / "out")
    assert (code, "larger --size" in err) == (2, True)
    assert not (tmp_path / "out").exists()
