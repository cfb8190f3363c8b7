"""Beginnings of containers, byte by byte, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from styfie.film import probe
from styfie.film.probe import _begins_as_one, is_video

BEGINNINGS = [
    b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    b"\x00\x00\x00\x20moov\x00\x00\x00\x6c",
    b"\x00\x00\x10\x00mdat\x00\x00\x00\x00",
    b"\x1aE\xdf\xa3\x01\x00\x00\x00",
    b"RIFF\x24\x00\x00\x00AVI LIST",
    b"FLV\x01\x05\x00\x00\x00\x09",
    b"OggS\x00\x02\x00\x00",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9",
    b"\x00\x00\x01\xba\x44\x00",
    b"\x06\x0e\x2b\x34\x02\x05",
]


def packets(size: int, at: int, count: int) -> bytes:
    """Of a transport stream, each beginning with 0x47 after so many bytes of its own."""
    return (bytes(at) + b"\x47" + bytes(size - at - 1)) * count


@pytest.mark.parametrize("head", BEGINNINGS)
def test_a_container_is_known_by_how_it_begins(head: bytes) -> None:
    assert _begins_as_one(head) and _begins_as_one(head + bytes(900))
    assert not _begins_as_one(b"\x01" + head) and not _begins_as_one(head[1:]) and not _begins_as_one(head[:3])


@pytest.mark.parametrize(("size", "at"), [(188, 0), (192, 4)])
def test_a_transport_stream_repeats_itself(size: int, at: int) -> None:
    assert _begins_as_one(packets(size, at, 5)) and _begins_as_one(packets(size, at, 5)[: at + 2 * size + 1])
    assert not _begins_as_one(packets(size, at, 5)[: at + 2 * size]), "two packets may be chance"
    assert not _begins_as_one(packets(size - 1, at, 5)) and not _begins_as_one(packets(size + 1, at, 5))
    broken = bytearray(packets(size, at, 5))
    broken[at + 4 * size] = 0
    assert not _begins_as_one(bytes(broken))


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"avif", b"avis", b"msf1"])
def test_a_picture_in_a_films_container_is_none(tmp_path: Path, brand: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_has_pictures", lambda _file: True)
    (tmp_path / "a").write_bytes(b"\x00\x00\x00\x20ftyp" + brand + bytes(20))
    (tmp_path / "b").write_bytes(b"\x00\x00\x00\x20ftyp" + b"isom" + bytes(20))
    (tmp_path / "c").write_bytes(b"\x00\x00\x00\x20moov" + brand + bytes(20))
    assert [is_video(tmp_path / name) for name in "abc"] == [False, True, True]


def test_a_name_is_believed(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.MOV", "a.webm", "a.m2ts"):
        assert is_video(tmp_path / name), "also where it is not there"
    for name in ("a.jpg", "a.png", "a.heic", "a"):
        assert not is_video(tmp_path / name)
    (tmp_path / "a.jpg").write_bytes(BEGINNINGS[0])
    (tmp_path / "folder.mp4").mkdir()
    assert not is_video(tmp_path / "a.jpg") and not is_video(tmp_path / "folder.mp4")
