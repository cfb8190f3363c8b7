from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from styfie import stores
from styfie.errors import InputError, MissingError, OutputError
from tests.elsewhere import Flaky

PLACE = Path("flaky://bucket/out")


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stores, "PAUSES", (0.0, 0.0))
    Flaky.reset()
    yield
    for kind in (Flaky, MemoryFileSystem):
        kind.store.clear()
        kind.pseudo_dirs[:] = [""]


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (Path("s3://bucket/a b/me.jpg"), "s3://bucket/a b/me.jpg"),
        (Path("sftp://user@host:22/home") / "me.jpg", "sftp://user@host:22/home/me.jpg"),
        (Path("file:///tmp/x"), "file:///tmp/x"),
        (PureWindowsPath("s3://bucket/a/me.jpg"), "s3://bucket/a/me.jpg"),
        (Path("/tmp/s3:/x"), None),
        (PureWindowsPath("c:/pictures/me.jpg"), None),
        (Path("me.jpg"), None),
    ],
)
def test_a_url_travels_as_a_path(path: Path, url: str | None) -> None:
    assert stores.url_of(path) == url
    assert stores.name_of(path) == (url or str(path))


def test_what_is_written_is_read_and_listed(tmp_path: Path) -> None:
    place = Path("memory://bucket/out")
    for name in ("b.png", "a[1].png"):  # which is no pattern
        (tmp_path / name).write_bytes(name.encode())
    stores.send((tmp_path / name, place / name) for name in ("b.png", "a[1].png"))
    stores.write(place / "deeper" / "c.json", b"{}")
    assert stores.files_in(place) == {"a[1].png": 8, "b.png": 5}
    assert stores.folders_in(place) == ["deeper"]
    assert stores.is_folder(place) and not stores.is_folder(place / "b.png")
    assert stores.read(place / "b.png") == b"b.png" and stores.read(place / "b.png", start=-3) == b"png"
    assert stores.open_with(place / "b.png", lambda stream: (stream.seek(2), stream.read())[1]) == b"png"
    stores.fetch(place / "a[1].png", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"a[1].png"
    stores.remove(place / "b.png")
    stores.remove(place / "b.png")
    assert list(stores.files_in(place)) == ["a[1].png"]
    assert stores.files_in(place / "nowhere") == {}


@pytest.mark.parametrize("name", ["put_file", "cp_file", "rm_file"])
def test_a_connection_that_breaks_is_tried_again(name: str, tmp_path: Path) -> None:
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_bytes(file.name.encode() * 9)
    Flaky.reset(**{name: (2, 1)})
    stores.send((file, PLACE / file.name) for file in files)
    assert {one: stores.read(PLACE / one) for one in stores.files_in(PLACE)} == {n: n.encode() * 9 for n in "abc"}
    assert stores.folders_in(PLACE) == []


def test_until_all_is_sent_nothing_has_changed(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(b"new")
        stores.write(PLACE / name, b"old")
    Flaky.reset(put_file=(2, 99))
    with pytest.raises(OutputError, match=r"flaky://bucket/out/\S+ cannot be written .*Connection reset"):
        stores.send((tmp_path / name, PLACE / name) for name in "ab")
    assert [stores.read(PLACE / name) for name in "ab"] == [b"old", b"old"]
    Flaky.reset()
    stores.send((tmp_path / name, PLACE / name) for name in "ab")
    assert [stores.read(PLACE / name) for name in "ab"] == [b"new", b"new"]
    assert stores.folders_in(PLACE) == [], "what was left there of sending is gone"


def test_what_is_not_there_or_broken_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="There is no file flaky://bucket/out/none"):
        stores.fetch(PLACE / "none", tmp_path / "none")
    stores.write(PLACE / "a", b"a")
    Flaky.reset(get_file=(1, 99))
    with pytest.raises(InputError, match=r"a cannot be read \(.*Connection reset"):
        stores.fetch(PLACE / "a", tmp_path / "a")
    assert Flaky.calls["get_file"] == 3, "tried again, and not for ever"
    with pytest.raises(InputError, match="s3, gs and sftp are known"):
        stores.read(Path("nonesuch://bucket/a"))


def test_no_result_replaces_what_is_read() -> None:
    stores.check_targets([PLACE / "b.png"], [PLACE / "a.png", "me.jpg"])
    with pytest.raises(OutputError, match=r"flaky://bucket/out/A.png would replace flaky://bucket/out/a.png"):
        stores.check_targets([PLACE / "A.png"], [PLACE / "a.png"])


def test_whether_a_place_can_be_written_is_tried() -> None:
    stores.check_writable(PLACE)
    assert not stores.files_in(PLACE) and not stores.folders_in(PLACE)
    Flaky.reset(cp_file=(1, 99))
    with pytest.raises(OutputError, match="cannot be written"):
        stores.check_writable(PLACE)
