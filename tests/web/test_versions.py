"""Paintings as they were: kept, listed, put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from styfie.web.jobs import Job
from styfie.web.versions import MAX_VERSIONS, folder_of, keep, numbers, put_back, styles_of, surplus


def painted(folder: Path, text: str, **looks: str) -> Job:
    """A job whose painting is just done: its files are replaced, never written into."""
    for name in ("painting.ora", "both.png", "growing.jpg"):
        (folder / f".{name}").write_text(f"{name} {text}")
        (folder / f".{name}").replace(folder / name)
    asked = {region: {"styles": [{"name": style}]} for region, style in looks.items()}
    return Job("x", painted_looks=asked, painted=list(looks), settings={"size": len(text)})


def test_a_painting_is_kept_when_there_is_another_and_put_back(tmp_path: Path) -> None:
    assert keep(tmp_path, painted(tmp_path, "first", subject="ink")) == 1
    assert keep(tmp_path, painted(tmp_path, "the second", background="waves")) == 2
    assert numbers(tmp_path) == [1, 2]
    back = put_back(tmp_path, 1)
    assert back.looks == {"subject": {"styles": [{"name": "ink"}]}} and back.painted == ["subject"]
    assert back.settings == {"size": 5}
    assert (tmp_path / "painting.ora").read_text() == "painting.ora first"
    assert (folder_of(tmp_path, 2) / "both.png").read_text() == "both.png the second", "the others are as they were"
    painted(tmp_path, "third")
    assert (folder_of(tmp_path, 1) / "painting.ora").read_text() == "painting.ora first"


def test_the_oldest_are_too_many(tmp_path: Path) -> None:
    for number in range(MAX_VERSIONS + 3):
        keep(tmp_path, painted(tmp_path, str(number)))
    assert surplus(tmp_path) == [1, 2, 3] and len(numbers(tmp_path)) == MAX_VERSIONS + 3
    assert keep(tmp_path, painted(tmp_path, "x"), after=40) == 41, "no number that is in the trash"


def test_what_versions_were_painted_with(tmp_path: Path) -> None:
    keep(tmp_path, painted(tmp_path, "a", subject="mine.png", background="waves"))
    assert styles_of(tmp_path) == {"mine.png", "waves"}


def test_what_is_no_version(tmp_path: Path) -> None:
    assert keep(tmp_path, Job("x")) is None, "nothing is painted"
    (tmp_path / "version-7").mkdir()  # the server was killed in the middle
    assert numbers(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        put_back(tmp_path, 7)
    assert keep(tmp_path, painted(tmp_path, "x")) == 1
