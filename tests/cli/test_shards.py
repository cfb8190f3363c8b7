from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from styfie.pipeline import PORTRAIT
from tests.cli.test_cli import run
from tests.conftest import opened

TINY = ("--engine", "filters", "--subject", "ink", "--size", "64", "--jobs", "1")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("photo0", "photo2", "photo4"):  # of the shards 4, 1 and 3 of 4, with their suffix
        opened(PORTRAIT).resize((64, 64)).save(folder / f"{name}.png")
    return folder


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.slow
def test_shards_paint_what_one_run_paints_and_report_it(
    capsys: pytest.CaptureFixture[str], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, "paint", photos, "-o", tmp_path / "whole", *TINY)[0] == 0
    assert not (tmp_path / "whole" / ".outcomes").exists()
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_SIZE", "2")
    said = ""
    for index in "01":
        monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", index)
        code, out, err = run(capsys, "paint", photos, "-o", tmp_path / "out", *TINY)
        assert code == 0
        assert err.startswith(f"Shard {int(index) + 1} of 2, of AWS_BATCH_JOB_ARRAY_INDEX: ")
        said += out
    assert said.count("wrote") == 3, "nothing twice, nothing left out"
    for file in (tmp_path / "whole").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "out" / file.relative_to(tmp_path / "whole")).read_bytes()
    code, out, _ = run(capsys, "report", tmp_path / "out")
    assert (code, out) == (0, "3 in 2 shards: 3 done, 0 skipped, 0 failed, 0 waiting\n")
    (photos / "photo0.png").write_bytes(b"no picture")
    assert run(capsys, "paint", photos, "-o", tmp_path / "out", *TINY, "--shard", "1/1")[0] == 2
    code, out, _ = run(capsys, "report", tmp_path / "out", "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["done"], found["skipped"], found["failed"]) == (0, 2, 1)
    assert found["outcomes"][0]["reason"].startswith("photo0.png is no picture")


def test_an_empty_shard_is_no_fault(capsys: pytest.CaptureFixture[str], photos: Path, tmp_path: Path) -> None:
    code, _, err = run(capsys, "paint", photos, "-o", tmp_path / "out", *TINY, "--shard", "2/4")
    assert code == 0 and "Shard 2 of 4: 0 of 3." in err


def test_masks_and_scores_in_shards(capsys: pytest.CaptureFixture[str], photos: Path, tmp_path: Path) -> None:
    (photos / "photo2.png").write_bytes(b"no picture")
    masks = tmp_path / "masks"
    codes = [run(capsys, "segment", photos, "-o", masks, "--shard", f"{n}/4")[0] for n in (1, 2, 3, 4)]
    assert codes == [2, 0, 0, 0]
    assert {file.name for file in masks.glob("*.png")} == {"photo0.png", "photo4.png"}
    code, out, _ = run(capsys, "report", masks)
    assert code == 1 and out.startswith("3 in 4 shards: 2 done, 0 skipped, 1 failed, 0 waiting\nfailed: photo2 (")
    for name in ("photo0", "photo4"):
        (tmp_path / "scored" / name).mkdir(parents=True)
        for file in ("photo.png", "painting.png"):
            shutil.copy(photos / "photo0.png", tmp_path / "scored" / name / file)
    for number, wanted in ((2, {"photo4"}), (3, {"photo0"})):
        assert (
            run(
                capsys,
                "evaluate",
                "paintings",
                tmp_path / "scored",
                "-o",
                tmp_path / "s.json",
                "--shard",
                f"{number}/4",
            )[0]
            == 0
        )
        assert set(json.loads((tmp_path / "s.json").read_text())) == wanted


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("paint", "photos/photo0.png", "--shard", "1/2"), "a folder, or several"),
        (("paint", "photos", "--watch", "--shard", "1/2"), "a folder, or several"),
        (("segment", "photos/photo0.png", "--shard", "1/2"), "a folder is wanted"),
        (("paint", "photos", "--shard", "3/2"), "I from 1 to N"),
        (("paint", "photos", "--on", "slurm"), "--on slurm came"),
        (("paint", "photos/photo0.png", "--on", "ray"), "a folder, or several"),
        (("paint", "-o", "memory://out"), "photos by name"),
        (("paint", "photos", "--watch", "-o", "memory://out"), "photos by name"),
        (("paint", "memory://a.mp4", "--shard", "1/2"), "not in a store"),
        (("report", "photos"), "no report"),
    ],
)
def test_what_is_no_shard_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    photos: Path,
    arguments: tuple[str, ...],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(photos.parent)
    code, _, err = run(capsys, *arguments)
    assert code == 2 and says in err and err.count("\n") == 1
