from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from styfie.batch import Outcome
from styfie.pipeline import PORTRAIT
from tests.cli.test_cli import RESULTS, run
from tests.conftest import opened

SMALL = ("--subject", "pop", "--size", "64", "--steps", "1")


def test_paints_photos_and_says_what_became_of_each(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    opened(PORTRAIT).save(photos / "a.png")
    (photos / "bad.jpg").write_bytes(b"no picture")
    code, said, err = run(capsys, "paint", photos, tmp_path / "none.jpg", "-o", out, *SMALL, "--jobs", "1")
    assert code == 2
    assert f"a.png: wrote {out}/a" in said
    assert sorted(p.name for p in (out / "a").iterdir()) == RESULTS
    assert sorted(p.name for p in out.iterdir()) == ["a"]
    last = err.strip().splitlines()[-1]
    assert last.startswith("painted 1 of 3; not painted: bad.jpg (is no picture")
    assert "none.jpg (There is no file" in last
    before = (out / "a" / "both.png").stat().st_mtime_ns
    (photos / "bad.jpg").unlink()
    code, said, err = run(capsys, "paint", photos, "-o", out, *SMALL)
    assert code == 0
    assert err.strip() == "painted 0 of 1; painted before by the same command and kept: 1"
    assert (out / "a" / "both.png").stat().st_mtime_ns == before


def test_what_a_watched_folder_gives_is_counted_from_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def found(*_: object) -> Generator[Outcome | None, None, None]:
        yield None
        for name in ("a.png", "b.png"):
            yield Outcome(Path(name), tmp_path / name, "painted")

    monkeypatch.setattr("styfie.watch.watch", found)
    code, said, err = run(capsys, "paint", "--watch", tmp_path, "-o", tmp_path / "out")
    assert (code, said.splitlines()) == (
        0,
        [f"{n} {name}: wrote {tmp_path / name}" for n, name in ((1, "a.png"), (2, "b.png"))],
    )
    assert f"Watching {tmp_path}" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("empty",), "no picture in the folder"),
        (("a.png", "b.png", "--mask", "m.png"), "belong to one photo"),
        (("a.png", "b.png", "--depth", "d.png"), "belong to one photo"),
        (("a.png", "b.png", "--timelapse", "f.gif"), "A timelapse is of one photo"),
        (("a.png", "film.mp4"), "film.mp4 is a video among photos"),
        (("a.png", "b.png", "--background", "nonesuch"), "no style 'nonesuch'"),
        (("a.png", "b.png", "--encoder", "ear"), "no encoder"),
    ],
)
def test_what_no_photo_can_be_painted_with_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    code, _, err = run(capsys, "paint", *arguments, *SMALL)
    assert (code, says in err, err.count("styfie:")) == (2, True, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]


@pytest.mark.slow
@pytest.mark.usefixtures("heeded")
def test_interrupted_the_finished_ones_stay(tmp_path: Path) -> None:
    """The second photo is given to the worker when the first one's line is out, and takes as long as that."""
    for name in "ab":
        opened(PORTRAIT).resize((128, 128)).save(tmp_path / f"{name}.png")
    command = [sys.executable, "-m", "styfie", "paint", str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    command += ["-o", str(tmp_path / "out"), *SMALL, "--jobs", "1"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--size", "96", "--steps", "600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=one_thread,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "a.png" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        err = process.stderr.read()
        assert process.wait(60) == 130
    assert "painted 1 of 2" in err
    assert "the same command goes on" in err
    assert "Traceback" not in err
    assert sorted(p.name for p in (tmp_path / "out" / "a").iterdir()) == RESULTS
    assert not (tmp_path / "out" / "b" / "both.png").exists()
