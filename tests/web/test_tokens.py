"""The file of the token: made once, private, and never guessed at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from styfie.errors import InputError
from styfie.web.tokens import is_readable_by_others, read_token


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = read_token(file)
    assert re.fullmatch(r"[\w-]{43}", token) and file.read_text() == token == read_token(file)
    assert file.stat().st_mode & 0o077 == 0 and not is_readable_by_others(file)
    assert read_token(tmp_path / "other") != token


def test_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("correct-horse-battery-staple\n")
    file.chmod(0o644)
    assert read_token(file) == "correct-horse-battery-staple" and is_readable_by_others(file)
    assert file.read_text() == "correct-horse-battery-staple\n"


def test_an_empty_one_was_not_finished(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch(0o644)
    assert len(read_token(file)) == 43 and file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"short", b"two words are no token at all", b"\xff" * 40])
def test_what_is_no_token_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(InputError, match="token"):
        read_token(file)
    assert file.read_bytes() == content


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read_token(tmp_path / "none" / "token")
    with pytest.raises(InputError, match="cannot be used"):
        read_token(tmp_path)
    assert not list(tmp_path.iterdir())
