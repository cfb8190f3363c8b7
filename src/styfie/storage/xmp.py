"""XMP metadata in pictures and films: that they were changed, by what, and by which recipe; nothing personal.

Properties are those of the IPTC Photo Metadata Standard 2025.1, embedded as in XMP Specification Part 3. One recipe
gives one packet: it holds no time, place, name or path. Pixels are not touched.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import quoteattr

from styfie._version import __version__

PNG = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"XML:com.adobe.xmp\x00\x00\x00\x00\x00"  # of an iTXt chunk that is not compressed and of no language
UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # of the box that holds XMP in files of ISO/IEC 14496-12
GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
GIF_TRAILER = bytes([1, *range(255, -1, -1), 0])  # leads a reader that takes the packet for sub-blocks to their end
RECIPE = "recipe sha256:"
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}


class SourceType(StrEnum):
    """Terms of IPTC's vocabulary of digital source types that fit what Styfie makes."""

    PAINTED = "compositeWithTrainedAlgorithmicMedia"  # a photo edited by a trained algorithm
    ALTERED = "algorithmicallyEnhanced"  # out of focus or cut out: what is shown stays the photo's


def xmp_packet(kind: SourceType, recipe: str = "") -> bytes:
    """An XMP packet: the digital source type, the tool, and the SHA-256 of a recipe where there is one."""
    values = {"Iptc4xmpExt:DigitalSourceType": VOCABULARY + kind, "xmp:CreatorTool": f"Styfie {__version__}"}
    if kind is SourceType.PAINTED:
        values |= {"Iptc4xmpExt:AISystemUsed": "Styfie", "Iptc4xmpExt:AISystemVersionUsed": __version__}
    if recipe:
        values["dc:source"] = RECIPE + recipe
    spaces = "".join(f" xmlns:{name}={quoteattr(uri)}" for name, uri in NAMESPACES.items())
    said = "".join(f"\n  {name}={quoteattr(value)}" for name, value in values.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f'<rdf:Description rdf:about=""{spaces}{said}/>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="r"?>'
    ).encode()


def recipe_hash(recipe: bytes) -> str:
    """SHA-256 of a recipe's bytes, in hexadecimal: what `sha256sum` says of `styfie/recipe.json` in a painting."""
    return hashlib.sha256(recipe).hexdigest()


def hash_in(packet: bytes) -> str:
    """The recipe's hash that a packet of Styfie's holds; empty if it holds none."""
    found = re.search(re.escape(RECIPE.encode()) + rb"([0-9a-f]{64})", packet)
    return found[1].decode() if found else ""


def mark_png(data: bytes, packet: bytes) -> bytes:
    """A PNG file with a packet in place of any that it has; without one if that is empty."""
    chunks = [(name, body) for name, body in _chunks(data) if not (name == b"iTXt" and body.startswith(KEYWORD))]
    if packet:
        chunks.insert(1, (b"iTXt", KEYWORD + packet))
    return PNG + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def packet_in_png(data: bytes) -> bytes:
    """The XMP packet of a PNG file; empty if it has none, or is no PNG."""
    if not data.startswith(PNG):
        return b""
    found = (body for name, body in _chunks(data) if name == b"iTXt" and body.startswith(KEYWORD))
    return next(found, b"").removeprefix(KEYWORD)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def mark_mp4(file: Path, packet: bytes) -> None:
    """Append a packet to an MP4 file, as a box of its own at the end: no place in the film moves."""
    with file.open("ab") as stream:
        stream.write(struct.pack(">I", 24 + len(packet)) + b"uuid" + UUID + packet)


def mark_gif(file: Path, packet: bytes) -> None:
    """Put a packet into a GIF file as an application extension, after the colours that its pictures share."""
    data = file.read_bytes()
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    file.write_bytes(data[:at] + GIF_XMP + packet + GIF_TRAILER + data[at:])


def mark_svg(text: str, packet: bytes) -> str:
    """An SVG drawing with a packet as its metadata."""
    head, end, rest = text.partition(">\n")
    return f"{head}{end}<metadata>{packet.decode()}</metadata>\n{rest}"
