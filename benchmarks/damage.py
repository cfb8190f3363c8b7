"""Files of every kind that the package reads, whole and damaged: each is made again from a seed and its number."""

from __future__ import annotations

import io
import json
import math
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from originals import film_sources, painting_sources, picture_sources, weight_sources

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.web.hostile import bomb, pixel_bomb_in_zip, png_header, zip_bomb

EXTREMES = (0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
EDGE = 256  # bytes at either end of a file, where headers are
SUFFIXES = (".jpg", ".png", ".heic", ".tif", ".gif", ".webp", ".bmp", ".mp4", ".ora", "", ".svg")
# What no field of a recipe or a header is meant to hold.
ODD: tuple[object, ...] = (
    *(None, True, -1, 0, 1e308, math.nan, -math.inf, 2**70),
    *("", "x" * 5000, "../../x", "\ud800", "a\0b", [], {}, [[]]),
)
PNG, JPEG, ZIP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"PK"
Change = Callable[[bytes, Random], bytes]


@dataclass(frozen=True)
class Case:
    """A damaged file, how it was made, and the whole one that it was made from."""

    file: Path
    how: str
    source: Path


def cut(data: bytes, random: Random) -> bytes:
    """Its beginning."""
    return data[: random.randrange(len(data))]


def flipped(data: bytes, random: Random) -> bytes:
    """With a few bytes others; those of a PNG may have checksums that are right."""
    content = bytearray(data)
    for _ in range(random.choice((1, 2, 8, 32))):
        content[random.randrange(len(content))] = random.randrange(256)
    return _perhaps_checked(bytes(content), random)


def repeated(data: bytes, random: Random) -> bytes:
    """With one of its parts several times."""
    start, stop = random.choice(_parts(data, random))
    return data[:stop] + data[start:stop] * random.choice((1, 2, 50)) + data[stop:]


def extreme(data: bytes, random: Random) -> bytes:
    """With a number of its header the least or the most that it could be."""
    content, size = bytearray(data), random.choice((1, 2, 4))
    near = random.randrange(min(EDGE, len(data)))
    at = near if random.random() < 0.7 else len(data) - 1 - near
    number = random.choice(EXTREMES) & ((1 << 8 * size) - 1)
    content[at : at + size] = number.to_bytes(size, random.choice(("little", "big")))
    return _perhaps_checked(bytes(content), random)


def emptied(data: bytes, random: Random) -> bytes:
    """Nothing, or next to nothing."""
    return data[: random.choice((0, 0, 1, 12))]


BYTES: dict[str, Change] = {
    "cut": cut, "flipped": flipped, "repeated": repeated, "extreme": extreme, "emptied": emptied
}  # fmt: skip


def _perhaps_checked(data: bytes, random: Random) -> bytes:
    """A PNG with the checksums that its damaged chunks would have, so that more than those is tried."""
    content, at = bytearray(data), 8
    if not data.startswith(PNG) or random.random() < 0.2:
        return data
    while (end := at + 8 + int.from_bytes(content[at : at + 4], "big")) + 4 <= len(content):
        content[end : end + 4] = zlib.crc32(content[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(content)


def _parts(data: bytes, random: Random) -> list[tuple[int, int]]:
    """Where the chunks of a PNG, or the segments of a JPEG, begin and end; of other files any span."""
    found, at = [], 8 if data.startswith(PNG) else 2
    while data.startswith((PNG, JPEG)) and at + 12 <= len(data):
        size = 12 + int.from_bytes(data[at : at + 4], "big") if data.startswith(PNG) else 0
        stop = at + (size or 2 + int.from_bytes(data[at + 2 : at + 4], "big"))
        found.append((at, stop))
        at = stop
    start = random.randrange(len(data))
    return found or [(start, start + random.randrange(1, EDGE))]


def odd(value: Any, random: Random) -> Any:
    """A tree of lists and dictionaries, one place of which holds something odd, or is no more."""
    place, key = random.choice(list(_places({"": value}))[1:])
    if random.random() < 0.25:
        del place[key]
    else:
        place[key] = random.choice(ODD)
    return value


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _places(tree[key])


def picture_case(source: Path, folder: Path, random: Random) -> Case:
    """A damaged picture, or a whole one under another name."""
    how = random.choice([*BYTES, "cut", "flipped", "extreme", "renamed", "lie"])
    file = folder / f"case{source.suffix}"
    if how == "renamed":
        file = folder / f"case{random.choice(SUFFIXES)}"
        file.write_bytes(source.read_bytes())
    elif how == "lie":
        sides = random.choice([(1, 1), (31, 48), (10**6, 1), (20000, 20000), (2**31 - 1, 1), (0, 48)])
        file.write_bytes(png_header(*sides) if random.random() < 0.7 else bomb(20_000, 10_000))
    else:
        file.write_bytes(BYTES[how](source.read_bytes(), random))
    return Case(file, how, source)


def painting_case(source: Path, folder: Path, random: Random) -> Case:
    """A painting's file damaged as a ZIP, in one of its entries, or in what its recipe says."""
    how = random.choice([*BYTES, *(f"entry {kind}" for kind in ("missing", "damaged", "exchanged", "huge", "doubled"))]
                        + ["recipe"] * 5 + ["recipe text", "xml", "bomb"])  # fmt: skip
    file = folder / "case.ora"
    if how in BYTES:
        file.write_bytes(BYTES[how](source.read_bytes(), random))
        return Case(file, how, source)
    if how == "bomb":
        file.write_bytes(random.choice((zip_bomb, pixel_bomb_in_zip))())
        return Case(file, how, source)
    with zipfile.ZipFile(source) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    file.write_bytes(_zipped(_changed(entries, how, random)))
    return Case(file, how, source)


def _changed(entries: list[tuple[str, bytes]], how: str, random: Random) -> list[tuple[str, bytes]]:
    """A painting's entries, one of them otherwise."""
    names = [name for name, _ in entries]
    fixed = {"xml": "stack.xml", "recipe": "styfie/recipe.json", "recipe text": "styfie/recipe.json"}
    at = names.index(fixed[how]) if how in fixed else random.randrange(len(names))
    name, data = entries[at]
    match how:
        case "entry missing":
            return entries[:at] + entries[at + 1 :]
        case "entry exchanged":
            data = random.choice(entries)[1]
        case "entry huge":
            data = png_header(random.choice((1, 48, 16384)), random.choice((1, 64, 20000, 2**31 - 1)))
        case "entry doubled":
            return [*entries, (name, BYTES["flipped"](data, random))]
        case "recipe":
            data = json.dumps(odd(json.loads(data), random)).encode()
        case "recipe text" if random.random() < 0.2:
            data = random.choice((b"[" * 100_000, b"null", b"[]", b'"text"', b"1" * 5000, b"\xff\xfe{\0}\0"))
        case _:
            data = random.choice(list(BYTES.values()))(data, random)
    return [*entries[:at], (name, data), *entries[at + 1 :]]


def _zipped(entries: list[tuple[str, bytes]]) -> bytes:
    held = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(held, "w") as archive:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, data in entries:
            archive.writestr(name, data)
    return held.getvalue()


def film_case(source: Path, folder: Path, random: Random) -> Case:
    """A damaged clip, or an odd one as it is."""
    how = random.choice([*BYTES, "cut", "flipped", "flipped", "extreme", "whole"])
    file = folder / f"case{source.suffix}"
    file.write_bytes(BYTES[how](source.read_bytes(), random) if how in BYTES else source.read_bytes())
    return Case(file, how, source)


def weight_case(source: Path, folder: Path, random: Random) -> Case:
    """A damaged file of weights, or one whose header or numbers are others."""
    data, file = source.read_bytes(), folder / f"case{source.suffix}"
    how = random.choice([*BYTES, "extreme", "header", "header", "numbers"])
    if how in BYTES:
        file.write_bytes(BYTES[how](data, random))
    elif source.suffix == ".onnx":
        file.write_bytes(_other_graph(data, random))
    else:
        size = struct.unpack("<Q", data[:8])[0]
        header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
        if how == "numbers":
            at = random.randrange(0, len(body) // 2) * 2
            body = body[:at] + random.choice((b"\0\x7c", b"\0\xfc", b"\xff\x7f")) + body[at + 2 :]
        text = json.dumps(odd(header, random) if how == "header" else header).encode()
        file.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return Case(file, how, source)


def _other_graph(data: bytes, random: Random) -> bytes:
    """An ONNX file that says something else of itself, or in which a layer or its weights are others."""
    import onnx

    model = onnx.load_from_string(data)
    node, weight = random.choice(model.graph.node), random.choice(model.graph.initializer)
    match random.randrange(5):
        case 0:
            random.choice(model.metadata_props).value = random.choice(("", "-1", "x", "1e9", "9" * 5000, "\u0663"))
        case 1:
            node.op_type = random.choice(("Relu", "Loop", "NoSuchLayer", ""))
        case 2 if weight.dims:
            weight.dims[0] = random.choice((0, -1, 1, 2**31, 2**62))
        case 3:
            model.graph.node.remove(node)
        case _:
            weight.data_type = random.choice((0, 2, 8, 10, 99))
    found: bytes = model.SerializeToString()
    return found


KINDS: dict[str, tuple[int, Callable[[Path], list[Path]], Callable[[Path, Path, Random], Case]]] = {
    "pictures": (500, picture_sources, picture_case),
    "paintings": (460, painting_sources, painting_case),
    "films": (60, film_sources, film_case),
    "weights": (60, weight_sources, weight_case),
}
