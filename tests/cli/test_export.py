from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from styfie.pipeline import PORTRAIT
from tests.cli.test_cli import run
from tests.conftest import opened

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_writes_where_it_is_told_or_by_its_name(capsys: Captured, here: Path) -> None:
    assert run(capsys, "export", "gallery") == (0, "Wrote gallery.onnx\n", "")
    told = run(capsys, "export", "fast", "--style", "ink", "--size", "48", "-o", "new/one.onnx")
    assert told == (0, "Wrote new/one.onnx\n", "")
    assert run(capsys, "export", "fast", "--style", "ink", "--size", "48")[1] == "Wrote fast-ink.onnx\n"
    assert {str(file.relative_to(here)) for file in here.rglob("*.*")} == {
        "gallery.onnx",
        "fast-ink.onnx",
        "new/one.onnx",
    }


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("hat",), "segmenter, gallery, fast, tab or a FILE.safetensors"),
        (("fast",), "--style NAME"),
        (("gallery", "--style", "waves"), "only fast"),
        (("fast", "--style", "nonesuch"), "nonesuch"),
        (("gone.safetensors",), "gone.safetensors"),
    ],
)
def test_says_what_is_wanted(capsys: Captured, asked: tuple[str, ...], words: str, here: Path) -> None:
    code, out, err = run(capsys, "export", *asked)
    assert (code, out) == (2, "")
    assert words in err and err.count("\n") == 1
    assert not any(here.iterdir())


def test_an_exported_segmenter_gives_the_same_mask(capsys: Captured) -> None:
    run(capsys, "export", "segmenter")
    assert run(capsys, "segment", PORTRAIT, "--region", "hair", "-o", "a.png")[0] == 0
    assert run(capsys, "segment", PORTRAIT, "--region", "hair", "--segmenter", "segmenter.onnx", "-o", "b.png")[0] == 0
    a, b = (np.asarray(opened(Path(name)), float) for name in ("a.png", "b.png"))
    assert a.max() == 255
    assert abs(a - b).mean() < 0.5, "bfloat16, where there is, against float32"


@pytest.mark.parametrize(
    ("file", "words"), [("gone.onnx", "There is no file"), ("junk.onnx", "styfie export segmenter")]
)
def test_a_file_that_is_no_exported_segmenter(capsys: Captured, file: str, words: str) -> None:
    Path("junk.onnx").write_bytes(b"\x08\x08junk")
    code, _, err = run(capsys, "segment", PORTRAIT, "--segmenter", file, "-o", "a.png")
    assert code == 2
    assert words in err and err.count("\n") == 1
