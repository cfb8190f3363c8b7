from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from styfie.errors import InputError
from styfie.web import locking
from styfie.web.locking import FolderLock


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.take()
    first.take()  # it has it already
    with pytest.raises(InputError, match=f"serves {tmp_path} already"):
        second.take()
    first.release()
    first.release()
    second.take()
    with pytest.raises(InputError):
        first.take()
    second.release()
    (file,) = tmp_path.iterdir()
    assert file.name == ".lock" and file.stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_locked_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_held: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "_lock", refuse)
    with caplog.at_level(logging.WARNING):
        FolderLock(tmp_path).take()
    assert "No locks available" in caplog.text
