"""First bytes as the formats' own specifications have them."""

from __future__ import annotations

import pytest

from styfie.errors import InputError
from styfie.web.filetypes import FILE_TYPES, SIGNATURE_BYTES, ZIP, suffix_of

BRANDS = {b"avif": ".avif", b"avis": ".avif", b"heic": ".heic", b"heix": ".heic", b"mif1": ".heic", b"msf1": ".heic"}
STARTS = {
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01": ".jpg",
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": ".png",
    b"RIFF\x24\x00\x00\x00WEBPVP8 ": ".webp",
    b"II*\x00\x08\x00\x00\x00": ".tif",
    b"MM\x00*\x00\x00\x00\x08": ".tif",
    b"BM\x46\x00\x00\x00": ".bmp",
    b"GIF87a\x10\x00": ".gif",
    b"GIF89a\x10\x00": ".gif",
    **{b"\x00\x00\x00\x1cftyp" + brand + b"\x00\x00\x00\x00": suffix for brand, suffix in BRANDS.items()},
}


@pytest.mark.parametrize("data", STARTS)
def test_a_kind_is_known_by_its_first_bytes(data: bytes) -> None:
    assert suffix_of(data) == suffix_of(data[:SIGNATURE_BYTES]) == suffix_of(data + bytes(100)) == STARTS[data]
    for wrong in (b"\x00" + data, data[1:], data[:1], data[::-1]):
        with pytest.raises(InputError, match="no picture that Styfie can read"):
            suffix_of(wrong)


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\x24\x00\x00\x00WAVEfmt ",  # sound
        b"RIFX\x24\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x1cftypisom\x00\x00\x02\x00",  # a film
        b"\x00\x00\x00\x1cmoovheic\x00\x00\x00\x00",
        b"\x00\x00\x00\x1cmoovavif\x00\x00\x00\x00",
        b"%PDF-1.7\n",
        b"<svg xmlns=",
        b"GIF88a\x10\x00",
        b"",
    ],
)
def test_what_only_looks_alike_is_none(data: bytes) -> None:
    with pytest.raises(InputError, match=r"BMP or GIF\.$"):
        suffix_of(data)


def test_what_is_told_is_what_is_taken() -> None:
    assert set(FILE_TYPES) == {"JPEG", "PNG", "WebP", "AVIF", "TIFF", "HEIC", "BMP", "GIF"}
    assert {".jpg", ".png", ".webp", ".avif", ".tif", ".heic", ".bmp", ".gif"} == set(STARTS.values())
    assert ZIP == b"PK\x03\x04" and SIGNATURE_BYTES >= 12
