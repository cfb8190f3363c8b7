"""Whether a file may be written, and then all of them or none."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from styfie.errors import OutputError
from styfie.storage.atomic import check_targets, sync, writing_file, writing_into


def left_in(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


@pytest.mark.parametrize("name", ["me.png", "other.png", "hard.png"])
def test_what_is_read_is_not_replaced_by_whatever_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "me.png").write_text("photo")
    (tmp_path / "other.png").symlink_to("me.png")
    os.link(tmp_path / "me.png", tmp_path / "hard.png")
    with pytest.raises(OutputError, match=r"me\.png, which is read|other\.png is a link"):
        check_targets([tmp_path / "x.png", tmp_path / name], [tmp_path / "none.png", tmp_path / "me.png"])


def test_a_link_to_what_is_read_counts_as_read(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_text("photo")
    (tmp_path / "link.png").symlink_to("photo.png")
    with pytest.raises(OutputError, match=r"photo\.png would replace .*link\.png"):
        check_targets([tmp_path / "photo.png"], [str(tmp_path / "link.png")])


def test_what_is_no_plain_file_is_refused_and_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "nowhere").symlink_to("none")
    (tmp_path / "loop").symlink_to("loop")
    for name, says in (("pipe", "a named pipe"), ("folder", "a folder"), ("nowhere", "a link"), ("loop", "a link")):
        with pytest.raises(OutputError, match=f"{name} is {says}"):
            check_targets([tmp_path / name])
        with pytest.raises(OutputError, match=f"{name} is {says}"), writing_file(tmp_path / name) as beside:
            beside.write_text("new")
    assert (tmp_path / "pipe").is_fifo() and (tmp_path / "nowhere").is_symlink()
    assert len(list(tmp_path.iterdir())) == 4, "nothing half-written"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("file/a.png", "file cannot be made a folder"),
        ("file/deeper/a.png", "file cannot be made a folder"),
        ("nowhere/a.png", "nowhere cannot be made a folder"),
        ("loop/a.png", "loop cannot be made a folder|Too many levels"),
        ("x" * 300, "File name too long"),
        ("x" * 300 + "/a.png", "File name too long"),
        ("a\0b", "null"),
    ],
)
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "nowhere").symlink_to("none")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OutputError, match=says) as caught:
        check_targets([tmp_path / name])
    assert len(str(caught.value)) < 300


def test_new_files_and_folders_may_be_written_and_checking_makes_none(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_text("old")
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to("real")
    check_targets([tmp_path / "old.png", tmp_path / "a" / "b" / "c.png", tmp_path / "linked" / "d.png"], [tmp_path])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["linked", "old.png", "real"]
    assert not list((tmp_path / "real").iterdir())


def test_a_folder_that_takes_no_files_is_refused_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(**_: object) -> str:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("styfie.storage.atomic.tempfile.mkdtemp", read_only)
    with pytest.raises(OutputError, match="Read-only file system"):
        check_targets([tmp_path / "deeper" / "a.png"])


def test_two_results_never_have_one_name(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Two results"):
        check_targets([tmp_path / "Hair.png", tmp_path / "hair.png"])


def write_three(folder: Path) -> None:
    with writing_into(folder) as beside:
        for name in ("a", "b", "c"):
            (beside / f"{name}.png").write_text("new")


def test_a_folder_in_the_place_of_a_picture_leaves_all_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("old")
    (tmp_path / "c.png").mkdir()
    with pytest.raises(OutputError, match=r"c\.png is a folder"):
        write_three(tmp_path)
    assert left_in(tmp_path) == {"a.png": "old"}
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("fault", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_rename_that_fails_half_way_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, links: bool
) -> None:
    for name in ("a", "c"):
        (tmp_path / f"{name}.png").write_text("old")
    replace = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if self.name == "c.png" and self.read_text() == "new":
            raise fault
        return replace(self, target)

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "replace", fails)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(OutputError if isinstance(fault, OSError) else KeyboardInterrupt):
        write_three(tmp_path)
    assert left_in(tmp_path) == {"a.png": "old", "c.png": "old"}
    assert len(list(tmp_path.iterdir())) == 2


def test_files_reach_the_disk_before_they_are_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def record(path: Path) -> None:
        synced.append(path.name)
        assert (tmp_path / "a.png").exists() == (path == tmp_path)
        sync(path)

    monkeypatch.setattr("styfie.storage.atomic.sync", record)
    write_three(tmp_path)
    assert synced == ["a.png", "b.png", "c.png", tmp_path.name]


def test_folders_that_were_made_go_again(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), writing_into(tmp_path / "a" / "b") as beside:
        (beside / "x.png").write_text("half")
        raise ValueError("stop")
    assert not list(tmp_path.iterdir())


def test_only_what_a_killed_run_has_left_is_removed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".styfie-abcd1234")
    (tmp_path / ".styfie-mine").mkdir()
    (tmp_path / ".styfie-mine" / "photo.png").write_text("mine")
    (tmp_path / ".styfie-deadbeef").mkdir()
    signal.alarm(20)  # it waits for ever for somebody to write into the pipe
    try:
        write_three(tmp_path)
    finally:
        signal.alarm(0)
    assert (tmp_path / ".styfie-mine" / "photo.png").read_text() == "mine"
    assert not (tmp_path / ".styfie-deadbeef").exists()
