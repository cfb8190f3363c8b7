from __future__ import annotations

import errno
from pathlib import Path

import pytest

from styfie.film import lock
from styfie.film.lock import hold, sync


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "lock"
    with hold(file) as first:
        assert first and file.stat().st_mode & 0o777 == 0o600
        with hold(file) as second:
            assert not second
    with hold(file) as again:
        assert again


def test_a_lock_whose_folder_was_removed_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever held it may remove it just before another has it: what is locked then is nobody's."""
    file, locked = tmp_path / "lock", lock._lock
    removed: list[bool] = []

    def remove(held: int) -> bool:
        if not removed:
            removed.append(True)
            file.unlink()
        return locked(held)

    monkeypatch.setattr(lock, "_lock", remove)
    with hold(file) as free:
        assert free and file.exists()
        with hold(file) as second:
            assert not second


def test_where_nothing_can_be_locked_everybody_is_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold(tmp_path / "lock") as first, hold(tmp_path / "lock") as second:
        assert first and second


def test_files_and_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    (tmp_path / "file").touch()
    sync(tmp_path / "file")
    sync(tmp_path)
    assert len(synced) == 2
