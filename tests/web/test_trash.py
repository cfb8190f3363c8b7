"""What was deleted: moved aside, found again, brought back, and gone for good after a while."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from styfie.web.errors import ConflictError, NotFoundError
from styfie.web.trash import HOURS, Trash


def deleted(trash: Trash, folder: Path, now: float, text: str = "x") -> str:
    of = secrets.token_urlsafe(16)
    (folder / of).mkdir()
    (folder / of / "photo.jpg").write_text(text)
    return trash.put(folder / of, "picture", of, now).id


def test_what_is_put_in_comes_back_as_it_was(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    name = deleted(trash, tmp_path, 12.4)
    (one,) = Trash(tmp_path).all()
    assert (one.id, one.kind, one.at) == (name, "picture", 12) and not (tmp_path / one.of).exists()
    assert trash.picture(one).read_text() == "x"
    trash.take_back(one, tmp_path / one.of)
    assert (tmp_path / one.of / "photo.jpg").read_text() == "x" and trash.all() == []
    with pytest.raises(NotFoundError):
        trash.get(name)


def test_nothing_is_replaced_by_what_comes_back(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    one = trash.get(deleted(trash, tmp_path, 1))
    (tmp_path / one.of).mkdir()
    with pytest.raises(ConflictError):
        trash.take_back(one, tmp_path / one.of)
    assert trash.get(one.id) == one


def test_it_is_gone_after_a_while_or_where_there_is_no_room(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    day = 3600 * HOURS
    old, middle, new = (deleted(trash, tmp_path, now, "x" * 100) for now in (0, day / 2, day))
    (trash.folder / "a note").write_text("of the user's own")
    trash.tidy(day + 1, 1e9)
    assert [one.id for one in trash.all()] == [new, middle]
    trash.tidy(day + 1, 150)
    assert [one.id for one in trash.all()] == [new]
    trash.tidy(3 * day, 1e9, needed=frozenset([new]))
    assert [one.id for one in trash.all()] == [new]
    assert (trash.folder / "a note").is_file() and old not in [one.id for one in trash.all()]


def test_parts_of_a_picture_go_with_it(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    of = secrets.token_urlsafe(16)
    (tmp_path / of / "version-3").mkdir(parents=True)
    trash.put(tmp_path / of / "version-3", "version", of, 1, 3)
    trash.remove(trash.put(tmp_path / of, "picture", of, 2))
    assert trash.all() == []


@pytest.mark.parametrize(
    "name", ["", "..", "1.picture.x", "1.other.aaaaaaaaaaaaaaaaaaaaaa", "../1.look.aaaaaaaaaaaaaaaaaaaaaa"]
)
def test_no_other_name_is_ever_part_of_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        Trash(tmp_path).get(name)
