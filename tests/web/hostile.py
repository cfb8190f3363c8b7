"""Requests and files that mean harm: each with what is sent, to be refused with a sentence."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from random import Random

from PIL import Image

FIXED = 16  # that are named below, each another trick


def files(good: bytes, count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """So many named files that are no photo, though some begin like one; `good` is a JPEG."""
    random = Random(seed)
    yield from _fixed(good)
    for number in range(count - FIXED):
        kind = number % 4
        if kind == 0:  # cut short anywhere
            yield "cut.jpg", good[: random.randrange(4, len(good) * 9 // 10)]
        elif kind == 1:  # right first bytes, then noise
            start = random.choice([b"\x89PNG\r\n\x1a\n", b"II*\0", b"RIFF\xff\xff\0\0WEBPVP8 ", b"GIF89a", b"BM"])
            yield "noise.png", start + random.randbytes(random.randrange(1, 5000))
        elif kind == 2:  # no picture at all
            yield "any.bin", random.randbytes(random.randrange(1, 20000))
        else:  # a size that is a lie
            yield "lie.png", png_header(random.randrange(20_000, 2**31 - 1), random.randrange(20_000, 2**31 - 1))


def _fixed(good: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty.jpg", b""
    yield "one.jpg", b"\xff"
    yield "start.jpg", good[:20]
    yield "page.html", b"<!doctype html><script>alert(1)</script>" * 10
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:22/"/></svg>'
    yield "script.py", b"import os; os.system('true')\n" * 10
    yield "../../../etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n" * 4
    yield "http://127.0.0.1/me.jpg", b"http://127.0.0.1/me.jpg" + bytes(20)
    yield "bomb.png", bomb(10_000, 10_000)
    yield "wide.png", bomb(2_000_000, 1)
    yield "tiny.png", bomb(1, 1)
    yield "archive.zip", zip_bomb()
    yield "many.gif", b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(30)
    yield "evil.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n"
    yield "disguised.jpg", b"%!PS-Adobe-3.0\n" + bytes(100)
    yield "tail.jpg", good[:-2000]


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and holds next to nothing."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(b"\0" * 100))
    )


@functools.cache
def bomb(width: int, height: int) -> bytes:
    """A PNG of one colour: small as a file, large when decoded."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


@functools.cache
def zip_bomb() -> bytes:
    """A painting's file that is large when unpacked."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("data/photo.png", bytes(401_000_000))
    return held.getvalue()


def pixel_bomb_in_zip() -> bytes:
    """A painting's file whose photo is large when decoded."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("data/photo.png", bomb(10_000, 10_000))
        archive.writestr(
            "styfie/recipe.json", '{"regions": ["../../x"], "looks": {}, "score": [1], "sides": ["subject"]}'
        )
    return held.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def requests(job: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Method, path below the interface and what is sent: names that are paths, numbers that are none, too much."""
    names = (
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e%2fjob",
        "a%00b",
        "job.json",
        "a" * 300,
        "%F0%9F%98%80",
        "%2e%2e",
        "hair;rm",
    )
    for name in names:
        yield "GET", f"/jobs/{name}", {}
        yield "GET", f"/jobs/{name}/painting.ora", {}
        yield "GET", f"/jobs/{job}/mattes/{name}.png", {}
        yield "GET", f"/jobs/{job}/layers/{name}.png", {}
        yield "GET", f"/jobs/{job}/pictures/{name}.png", {}
        yield "PUT", f"/jobs/{job}/mattes/{name}.png", {"content": b"x"}
        yield "DELETE", f"/jobs/{job}/regions/{name}", {}
        yield "GET", f"/styles/{name}.jpg", {}
        yield "POST", f"/camera/{name}/frame", {"content": b"x"}
    for body in (
        "[]",
        "{",
        "null",
        '{"subject": 3}',
        '{"a/b": {}}',
        '{"subject": {"styles": [{"name": "/etc/passwd"}]}}',
    ):
        yield "PUT", f"/jobs/{job}/looks", {"content": body, "headers": {"content-type": "application/json"}}
    for settings in ({"size": -1}, {"size": 16000}, {"size": 5}, {"steps": 1e9}, {"segmenter": "../x.onnx"}, {"x": 1}):
        yield "POST", f"/jobs/{job}/paint", {"json": settings}
    for points in ({}, {"add": [[2, 0]]}, {"add": [["a", 0]]}, {"add": [[0, 0]] * 1000}, {"add": [[0]]}):
        yield "POST", f"/jobs/{job}/regions/subject/points", {"json": points}
    for size in ("0", "-1", "99999", "NaN", "x"):
        yield "GET", f"/jobs/{job}/photo.jpg?size={size}", {}
    for asked in (
        "{",
        '{"looks": []}',
        '{"settings": {"size": 9999}}',
        '{"looks": {"hair": {"styles": [{"name": "no"}]}}}',
    ):
        yield "POST", "/jobs", {"data": {"request": asked}, "files": {"photo": ("a.jpg", _photo())}}
    for recipe in (b"", b"{", b"PK\x03\x04", zip_bomb(), pixel_bomb_in_zip(), b'{"looks": {"x": {"styles": 1}}}'):
        yield "POST", "/jobs", {"files": {"photo": ("a.jpg", _photo()), "recipe": ("x.ora", recipe)}}
    yield "POST", "/jobs", {"content": b"x" * 100, "headers": {"content-type": "multipart/form-data"}}
    yield "POST", "/jobs", {"data": {"photo": "no file"}}
    yield "POST", "/jobs", {"json": {"photo": "http://127.0.0.1/"}}
    yield "PUT", f"/jobs/{job}/looks", {"content": b" " * 2_000_000, "headers": {"content-type": "application/json"}}
    yield "PATCH", f"/jobs/{job}", {}
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        yield "GET", "/jobs", {"headers": headers}
        yield "DELETE", f"/jobs/{job}", {"headers": headers}


def _photo() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 150)).save(held, "JPEG")
    return held.getvalue()
