"""Windows and macOS by stand-ins: open files, long paths, names that are one there, devices' names, and locks."""

from __future__ import annotations

import errno
import os
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest

from styfie.batch import distinct_names
from styfie.errors import OutputError
from styfie.film import lock
from styfie.storage import atomic
from styfie.storage.atomic import check_targets, reason, sync, writing_into


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Names of files that another program has open, as on Windows, and for how many tries yet."""
    left: dict[str, int] = {}
    replace = Path.replace

    def refuse(file: Path, target: Path) -> Path:
        if left.get(target.name, 0) > 0:
            left[target.name] -= 1
            raise PermissionError(errno.EACCES, "The process cannot access the file", str(target))
        return replace(file, target)

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(atomic, "PAUSE", 0.0)
    return left


def write(folder: Path, text: str) -> None:
    with writing_into(folder) as beside:
        for name in ("a", "b", "c"):
            (beside / name).write_text(text)


def test_a_file_that_stays_open_leaves_all_as_they_were(tmp_path: Path, held: dict[str, int]) -> None:
    write(tmp_path, "old")
    held["b"] = 1000
    with pytest.raises(OutputError, match="cannot access the file"):
        write(tmp_path, "new")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == dict.fromkeys("abc", "old")


def test_a_file_that_is_open_for_a_moment_is_waited_for(
    tmp_path: Path, held: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "RETRIES", 5)
    write(tmp_path, "old")
    held["b"] = 3
    write(tmp_path, "new")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == dict.fromkeys("abc", "new")


def test_a_path_too_long_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "C:\\" + "x" * 260)
    assert reason(error) == "No such file or directory"
    monkeypatch.setattr(atomic, "WINDOWS", True)
    assert "263 characters" in reason(error)
    assert reason(FileNotFoundError(errno.ENOENT, "No such file", "C:\\x")) == "No such file"


def test_names_that_are_one_elsewhere_do_not_meet(tmp_path: Path) -> None:
    one, two = (unicodedata.normalize(form, "Zoë.jpg") for form in ("NFC", "NFD"))
    assert one != two
    names = distinct_names([Path(one), Path(two), Path("ZOË.png")])
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == 3
    with pytest.raises(OutputError, match="Two results"):
        check_targets([tmp_path / one, tmp_path / two])


def test_no_folder_has_a_devices_name() -> None:
    photos = [Path(name) for name in ("con.jpg", "AUX.tar.png", "com1.jpg", "lpt¹.jpg", "console.jpg", "nul..jpg")]
    names = distinct_names(photos)
    assert names == ["con-photo", "AUX.tar-photo", "com1-photo", "lpt¹-photo", "console", "nul.-photo"]


def test_where_folders_have_no_locks_what_killed_runs_left_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    left = tmp_path / ".styfie-abcdefgh"
    left.mkdir()
    write(tmp_path, "new")
    assert sorted(one.name for one in tmp_path.iterdir()) == [left.name, "a", "b", "c"]
    monkeypatch.undo()
    write(tmp_path, "newer")
    assert not left.exists()


def test_files_are_synced_through_what_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows refuses others; folders are opened to be read, where they can be opened at all."""
    fcntl = pytest.importorskip("fcntl")
    modes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda held: modes.append(fcntl.fcntl(held, fcntl.F_GETFL) & os.O_ACCMODE))
    (tmp_path / "a").write_text("a")
    sync(tmp_path / "a")
    sync(tmp_path)
    assert modes == [os.O_RDWR, os.O_RDONLY]


def test_a_film_is_locked_by_windows_own_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[int] = set()

    def locking(held: int, mode: int, count: int) -> None:
        if (file := os.fstat(held).st_ino) in taken:
            raise PermissionError(errno.EACCES, "Permission denied")
        taken.add(file)

    monkeypatch.setattr(lock, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    with lock.hold(tmp_path / "lock") as first, lock.hold(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
