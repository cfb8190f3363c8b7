"""Pictures through pipes: standard input and standard output of a process of its own hold nothing but a picture."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styfie.pipeline import PORTRAIT
from styfie.storage.xmp import packet_in_png
from tests.cli.test_cli import run
from tests.conftest import opened


def piped(given: bytes, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "styfie", *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, check=False, env={**os.environ, "COLUMNS": "200"})


def test_a_photo_goes_in_and_a_painting_comes_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ("--engine", "fast", "--size", "64", "--background", "pop", "--device", "cpu")
    opened(PORTRAIT).save(tmp_path / "photo.png")  # a JPEG would be decoded small from a file, and whole from a pipe
    done = piped((tmp_path / "photo.png").read_bytes(), "paint", "-", *asked)
    assert done.returncode == 0, done.stderr
    with Image.open(io.BytesIO(done.stdout)) as image:
        assert (image.format, image.size) == ("PNG", (64, 64))
    assert b"compositeWithTrainedAlgorithmicMedia" in packet_in_png(done.stdout)
    assert run(capsys, "paint", tmp_path / "photo.png", *asked, "-o", tmp_path / "out")[0] == 0
    assert done.stdout == (tmp_path / "out" / "both.png").read_bytes(), "mark and all"


class Stream(io.TextIOWrapper):
    """A text stream over bytes that stay to be read when it is done with."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(io.BytesIO(data))


def test_a_photo_goes_in_and_a_mask_comes_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Stream()
    monkeypatch.setattr(sys, "stdin", Stream(PORTRAIT.read_bytes()))
    monkeypatch.setattr(sys, "stdout", out)
    assert run(capsys, "segment", "-")[0] == 0
    assert isinstance(out.buffer, io.BytesIO)
    with Image.open(io.BytesIO(out.buffer.getvalue())) as mask, Image.open(PORTRAIT) as photo:
        assert (mask.mode, mask.size) == ("L", photo.size)
        assert 0.2 < float(np.asarray(mask).mean()) / 255 < 0.9


def test_what_cannot_be_piped_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given, arguments, says in (
        (b"", ("segment", "-"), "Nothing came on standard input"),
        (b"no picture", ("paint", "-"), "standard input is no picture"),
        (PORTRAIT.read_bytes(), ("paint", "-", "--timelapse", tmp_path / "a.gif"), "--output FOLDER"),
    ):
        monkeypatch.setattr(sys, "stdin", Stream(given))
        code, out, err = run(capsys, *arguments)
        assert (code, out, says in err, err.count("\n")) == (2, "", True, 1)


def test_a_terminal_gets_no_picture(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, _, err = run(capsys, "segment", PORTRAIT, "-o", "-")
    assert (code, "to the terminal" in err) == (2, True)


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not there")
def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    command = tmp_path / "styfie"
    command.write_text(f"#!{sys.executable}\nfrom styfie.__main__ import run\n\nrun()\n")
    command.chmod(0o755)
    typed = "".join(
        f"COMP_WORDS=({words}); COMP_CWORD={words.count(' ')}; _styfie_completion styfie; echo ${{COMPREPLY[@]}}\n"
        for words in ("styfie seg", "styfie paint --tim")
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    # Typer shows the completion of the shell that it was started from, but for this variable.
    env = {**os.environ, "PATH": path, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = f'eval "$(styfie --show-completion bash)"\n{typed}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, env=env)
    assert done.stdout.splitlines() == ["segment", "--timelapse"], done.stderr
