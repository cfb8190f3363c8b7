"""Whether a file is a video, by its name or, where that does not say, by what is in it."""

from __future__ import annotations

import os
from pathlib import Path

from styfie.film.clip import pyav
from styfie.images import SUFFIXES as PHOTOS

SUFFIXES = {
    *(".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".3gp", ".3g2", ".wmv", ".flv", ".f4v"),
    *(".ogv", ".ts", ".mts", ".m2ts", ".m2v", ".vob", ".asf", ".mxf", ".dv", ".divx", ".y4m", ".qt"),
}
MAGIC = (  # beginnings of containers: places and bytes
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (0, b"\x1aE\xdf\xa3"),  # Matroska and WebM
    (8, b"AVI "),
    (0, b"FLV\x01"),
    (0, b"OggS"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF and WMV
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x06\x0e\x2b\x34"),  # MXF
)
STILL = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}  # brands of pictures
PACKETS = ((0, 188), (4, 192))  # where MPEG transport streams begin each packet with 0x47


def is_video(file: Path) -> bool:
    """Whether a file is a video: by its suffix if that is a video's or a picture's, else by how it begins.

    Only what is an ordinary file is opened.
    """
    suffix = file.suffix.lower()
    if suffix in SUFFIXES or suffix in PHOTOS:
        return suffix in SUFFIXES and not os.path.isdir(file)  # noqa: PTH112 - Path's raises of some names
    if not os.path.isfile(file):  # noqa: PTH113
        return False
    try:
        with file.open("rb") as opened:
            head = opened.read(1024)
    except OSError:
        return False
    if head[4:8] == b"ftyp" and head[8:12] in STILL:
        return False
    return _begins_as_one(head) and _has_pictures(file)


def _begins_as_one(head: bytes) -> bool:
    transport = any(
        len(head) > at + 2 * size and {head[n] for n in range(at, len(head), size)} == {0x47} for at, size in PACKETS
    )
    return transport or any(head[at : at + len(magic)] == magic for at, magic in MAGIC)


def _has_pictures(file: Path) -> bool:
    """Whether a container holds more than sound; where PyAV is not there, or it is damaged, so it is taken to be."""
    try:
        av = pyav()
        with av.open(str(file)) as opened:
            return bool(opened.streams.video)
    except Exception:  # a video, then, that `Clip` has a sentence for
        return True
