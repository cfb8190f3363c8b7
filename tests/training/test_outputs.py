from __future__ import annotations

from pathlib import Path

import pytest

from styfie.errors import OutputError
from styfie.storage.atomic import sync
from styfie.training.outputs import make_folder, write_atomically, writing


def test_folders_are_made_and_files_in_their_way_named(tmp_path: Path) -> None:
    make_folder(tmp_path / "a/b")
    make_folder(tmp_path / "a/b")
    assert (tmp_path / "a/b").is_dir()
    (tmp_path / "file").write_text("")
    for where in ("file", "file/below"):
        with pytest.raises(OutputError, match=f"{where} cannot be made a folder"):
            make_folder(tmp_path / where)


def test_a_file_is_whole_or_what_it_was(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    with write_atomically(file) as part:
        part.write_text("old")
        assert not file.exists()
    with pytest.raises(ZeroDivisionError), write_atomically(file) as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["table.json"]
    assert file.read_text() == "old"
    with (
        pytest.raises(OutputError, match=r"table.json cannot be written"),
        write_atomically(tmp_path / "no/table.json") as p,
    ):
        p.write_text("new")
    with pytest.raises(OutputError, match="cannot be written"), writing(tmp_path):
        tmp_path.write_text("a folder")


def test_a_checkpoint_reaches_the_disk_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def record(path: Path) -> None:
        synced.append(path.name)
        assert (tmp_path / "checkpoint.pt").exists() == (path == tmp_path)
        sync(path)

    monkeypatch.setattr("styfie.training.outputs.sync", record)
    with write_atomically(tmp_path / "checkpoint.pt") as part:
        part.write_bytes(b"weights")
    assert synced == [".checkpoint.pt.part", tmp_path.name]
