"""Which files are taken, by their first bytes: what a client calls them does not matter."""

from __future__ import annotations

from styfie.errors import InputError
from styfie.web.messages import message

FILE_TYPES = ("JPEG", "PNG", "WebP", "AVIF", "TIFF", "HEIC", "BMP", "GIF")
HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")  # brands in ISO 23008-12
ZIP = b"PK\x03\x04"
SIGNATURE_BYTES = 16  # bytes that say which kind a file is of


def suffix_of(data: bytes) -> str:
    """The suffix for a picture file that begins with `data`, of which the first `SIGNATURE_BYTES` bytes are enough.

    Raises:
        InputError: it is of none of `FILE_TYPES`.
    """
    starts = {
        b"\xff\xd8\xff": ".jpg",
        b"\x89PNG\r\n\x1a\n": ".png",
        b"II*\x00": ".tif",
        b"MM\x00*": ".tif",
        b"BM": ".bmp",
        b"GIF87a": ".gif",
        b"GIF89a": ".gif",
    }
    for start, suffix in starts.items():
        if data.startswith(start):
            return suffix
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        return ".avif"
    if data[4:8] == b"ftyp" and data[8:12] in HEIC:
        return ".heic"
    raise InputError(message("error.no_picture_file", kinds=", ".join(FILE_TYPES[:-1]), last=FILE_TYPES[-1]))


def video_suffix_of(data: bytes) -> str:
    """The suffix for a video file that begins with `data`.

    Raises:
        InputError: it is of none that is taken.
    """
    if data[4:8] == b"ftyp" and data[8:12] not in (b"avif", b"avis", *HEIC):
        return ".mp4"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return ".mkv"
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return ".avi"
    raise InputError(message("error.no_clip_file"))
