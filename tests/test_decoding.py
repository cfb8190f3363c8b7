"""Pictures as other programs write them, and as broken ones do: the right picture, or one sentence."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms, TiffImagePlugin

from styfie.decoding import FORMATS, is_heif, open_picture
from styfie.depth import read_depth
from styfie.errors import InputError, MissingError, StyfieError
from styfie.images import read_matte, read_picture
from tests.test_images import H, W, assert_scene, saved, scene

RAMP = np.tile(np.linspace(0, 1, W), (H, 1))  # brighter to the right


def tiff(path: Path, values: NDArray[Any], **tags: int) -> Path:
    """A grey TIFF of one strip, as the standard has it and Pillow does not write it."""
    kinds = {"u": 1, "i": 2, "f": 3}
    data, size = values.tobytes(), values.dtype.itemsize * 8
    entries = {256: values.shape[1], 257: values.shape[0], 258: size, 259: 1, 262: 1, 277: 1, 278: values.shape[0]}
    entries |= {279: len(data), 339: kinds[values.dtype.kind]} | {int(tag[1:]): value for tag, value in tags.items()}
    entries[273] = 8 + 2 + 12 * (len(entries) + 1) + 4
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    path.write_bytes(struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + rows + bytes(4) + data)
    return path


def assert_ramp(picture: torch.Tensor, values: NDArray[Any] = RAMP) -> None:
    assert torch.allclose(picture[0, 0], torch.from_numpy(values).float(), atol=0.003)


@pytest.mark.parametrize(
    ("dtype", "top"),
    [
        (np.uint16, 65535),
        (np.uint32, 65535),
        (np.uint32, 2**32 - 1),
        (np.int32, 65535),
        (np.int32, 2**31 - 1),
        (np.float32, 1.0),
        (np.float32, 255.0),
    ],
)
def test_grey_tiffs_of_every_depth(tmp_path: Path, dtype: Any, top: float) -> None:
    file = tiff(tmp_path / "a.tif", (RAMP * top).astype(dtype))
    assert_ramp(read_picture(file))
    assert_ramp(read_matte(file, (H, W)))
    assert_ramp(1 - read_depth(file, (H, W)))


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_white_may_be_zero(tmp_path: Path, dtype: Any, top: float) -> None:
    file = tiff(tmp_path / "a.tif", (RAMP * top).round().astype(dtype), t262=0)
    assert_ramp(read_picture(file), 1 - RAMP)
    assert_ramp(read_matte(file, (H, W)), 1 - RAMP)
    assert_ramp(read_depth(file, (H, W)))


@pytest.mark.parametrize("top", [1.02, 4.0])
def test_highlights_of_floats_are_clipped(tmp_path: Path, top: float) -> None:
    values = RAMP.copy()
    values[:2] = top
    assert_ramp(read_picture(tiff(tmp_path / "a.tif", values.astype(np.float32))), values.clip(0, 1))


def test_a_transparent_grey_of_sixteen_bits_is_white(tmp_path: Path) -> None:
    values = (RAMP * 40000).astype(np.uint16)
    values[:, :8] = 100
    file = saved(tmp_path / "a.png", Image.fromarray(values), transparency=100)
    picture = read_picture(file)
    assert float(picture[..., :8].min()) == 1
    assert float(picture[..., 12:].max()) < 0.62
    assert float(read_matte(file, (H, W))[..., :8].max()) == 0, "its alpha is the mask"


def swapping_profile() -> bytes:
    """sRGB with red and blue exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(int.from_bytes(profile[128:132], "big")):
        at = 132 + 12 * i
        if bytes(profile[at : at + 4]) in (b"rXYZ", b"bXYZ"):
            profile[at : at + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}[bytes(profile[at : at + 4])]
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "PA"])
def test_a_profile_counts_in_every_mode_of_colour(tmp_path: Path, mode: str) -> None:
    """One with red and blue exchanged: the picture comes out exchanged, as viewers show it."""
    swapped = Image.merge("RGB", scene().split()[::-1])
    image = swapped.convert(mode) if mode.startswith("RGB") else swapped.quantize(8).convert(mode)
    path = tmp_path / ("a.tiff" if mode == "PA" else "a.png")
    assert_scene(read_picture(saved(path, image, icc_profile=swapping_profile())), tolerance=0.06)


def grey_profile() -> bytes:
    """A grey profile with a gamma of 1."""
    tags = {b"wtpt": struct.pack(">4s4xiii", b"XYZ ", 63190, 65536, 54061), b"kTRC": b"curv" + bytes(8)}
    head, at, body = b"", 128 + 4 + 12 * len(tags), b""
    for name, data in tags.items():
        head += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = at + len(body)
    start = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ ") + bytes(12) + b"acsp"
    start += bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return start + bytes(128 - len(start)) + struct.pack(">I", len(tags)) + head + body


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_profile_counts_in_every_grey_mode(tmp_path: Path, mode: str) -> None:
    values = Image.fromarray(np.full((H, W), 64 * 257, np.uint16)) if mode == "I;16" else Image.new(mode, (W, H))
    if mode != "I;16":
        values.paste(64 if mode == "L" else (64, 255), (0, 0, W, H))
    file = saved(tmp_path / "a.png", values, icc_profile=grey_profile())
    found = float(read_picture(file).mean())
    assert abs(found - 0.537) < 0.02, "linear 0.25 is a middle grey in sRGB"


def test_lab_is_read_as_picture_and_as_mask(tmp_path: Path) -> None:
    lab = ImageCms.profileToProfile(
        scene(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    file = saved(tmp_path / "a.tiff", lab)
    assert_scene(read_picture(file), tolerance=0.06)
    assert read_matte(file, (H, W)).shape == (1, 1, H, W)
    with pytest.raises(InputError, match="coloured"):
        read_depth(file, (H, W))


BROKEN = {
    "nothing": b"Exif\0\0",
    "text": b"Exif\0\0no tags at all",
    "loop": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0",
    "beyond": b"Exif\0\0II*\0\xff\xff\xff\x7f",
    "odd type": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\xff\xff\x01\0\0\0\x06\0\0\0\0\0\0\0",
    "text for a number": b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0"
    b"\x9b\x9c\x05\0\xff\xff\xff\x7f\xff\xff\xff\x7f\0\0\0\0",
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_broken_exif_costs_no_picture(tmp_path: Path, suffix: str, kind: str) -> None:
    file = saved(tmp_path / f"a.{suffix}", scene(), exif=BROKEN[kind])
    assert read_picture(file).shape == (1, 3, H, W)
    assert read_matte(file, (H, W)).shape == (1, 1, H, W)


def test_a_good_orientation_among_tags_that_cannot_be_written_is_followed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    exif[0x9C9B] = b"title"
    data = bytearray(exif.tobytes())
    at = data.index(struct.pack("<H" if data[6:8] == b"II" else ">H", 0x9C9B))
    data[at + 2 : at + 4] = b"\x05\0" if data[6:8] == b"II" else b"\0\x05"  # a fraction, which no text is
    turned = scene().transpose(Image.Transpose.ROTATE_180)
    assert_scene(read_picture(saved(tmp_path / "a.jpg", turned, exif=bytes(data), quality=95)))


def test_an_orientation_in_a_tiff_with_a_broken_part_is_followed(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[0x0112] = 3
    file = saved(tmp_path / "a.tif", scene().transpose(Image.Transpose.ROTATE_180), tiffinfo=tags)
    assert_scene(read_picture(file))


def damaged(tmp_path: Path, kind: str) -> Path:
    """One file of each kind that made a decoder raise something of its own."""
    match kind:
        case "avif":
            file = saved(tmp_path / "a.avif", scene().resize((200, 200)))
            data = bytearray(file.read_bytes())
            data[-len(data) // 3 :] = bytes(len(data) // 3 + 1)[: len(data) // 3]
            file.write_bytes(data)
        case "palette":
            file = saved(tmp_path / "a.png", scene().quantize(4), transparency=bytes(range(4)))
            data = bytearray(file.read_bytes())
            at = data.index(b"tRNS")
            chunk = b"tRNS" + bytes(4000)
            data[at - 4 : at + 12] = struct.pack(">I", 4000) + chunk + struct.pack(">I", zlib.crc32(chunk))
            file.write_bytes(data)
        case "blp":
            file = tmp_path / "a.jpg"
            file.write_bytes(b"BLP2" + struct.pack("<IBBBBII", 1, 1, 0, 0, 0, W, H) + bytes(2000))
        case _:
            file = tmp_path / "a.jpg"
            file.write_bytes({"eps": b"%!PS-Adobe-3.0 EPSF-3.0\n", "wmf": b"\xd7\xcd\xc6\x9a"}[kind] + bytes(400))
    return file


@pytest.mark.parametrize("kind", ["avif", "palette", "blp", "eps", "wmf"])
@pytest.mark.parametrize("read", [read_picture, lambda f: read_matte(f, (H, W)), lambda f: read_depth(f, (H, W))])
def test_what_is_damaged_is_one_sentence_or_a_picture(tmp_path: Path, kind: str, read: Any) -> None:
    try:
        read(damaged(tmp_path, kind))
    except StyfieError as error:
        assert "\n" not in str(error)
        assert kind not in ("blp", "eps", "wmf") or "no picture that can be read" in str(error)
    else:
        assert kind in ("avif", "palette")


def test_only_readers_of_pictures_from_cameras_and_painters_are_asked(tmp_path: Path) -> None:
    assert set(FORMATS) >= {"JPEG", "PNG", "WEBP", "AVIF", "TIFF"}
    for suffix in ("pcx", "tga", "ico", "sgi"):
        file = saved(tmp_path / f"a.{suffix}", scene().resize((64, 64)))
        with pytest.raises(InputError, match="no picture that can be read"):
            read_picture(file.rename(tmp_path / f"{suffix}.png"))


def test_no_decoder_speaks_past_us(tmp_path: Path) -> None:
    """Neither Pillow's warnings nor libtiff's own lines reach the terminal."""
    file = saved(tmp_path / "a.tif", scene().resize((300, 300)), compression="tiff_lzw")
    data = bytearray(file.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    file.write_bytes(data)
    code = (
        "import sys; from styfie.images import read_picture; from styfie.errors import StyfieError\n"
        "try:\n    read_picture(sys.argv[1])\nexcept StyfieError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with contextlib.suppress(StyfieError):
            read_picture(damaged(tmp_path, "palette"))
    assert not said


def with_chunk(file: Path, kind: bytes, data: bytes) -> Path:
    """A PNG with one chunk more, before its pixels."""
    whole = file.read_bytes()
    at = whole.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    file.write_bytes(whole[:at] + chunk + whole[at:])
    return file


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (b"zTXt", b"history\0\0" + zlib.compress(bytes(3 << 20))),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"x" * (3 << 20))),
        (b"tEXt", b"note\0" + b"x" * (3 << 20)),
        (b"iCCP", b"profile\0\0" + zlib.compress(bytes(3 << 20))),
    ],
)
def test_a_png_may_hold_much_text_and_a_large_profile(tmp_path: Path, kind: bytes, data: bytes) -> None:
    assert_scene(read_picture(with_chunk(saved(tmp_path / "a.png", scene()), kind, data)))


def test_heic_is_known_by_what_it_is(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="waits for the [heif] extra, which `make test` installs")
    heif.register_heif_opener()
    scene().save(held := io.BytesIO(), "HEIF", quality=95)
    (tmp_path / "a.jpg").write_bytes(held.getvalue())
    code = "import sys; from styfie.images import read_picture; print(read_picture(sys.argv[1]).shape[-1])"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.jpg"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(W)
    scene().save(held := io.BytesIO(), "AVIF")
    assert not is_heif(held.getvalue())


@pytest.mark.parametrize(
    ("name", "says"),
    [("loop", "cannot be read"), ("x" * 300, "no file"), ("file/deeper", "no file"), ("a\0b", "no file")],
)
def test_paths_that_lead_nowhere_are_one_sentence(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    with pytest.raises(InputError if name == "loop" else MissingError, match=says):
        open_picture(tmp_path / name, "it")


def test_what_pillow_notes_in_its_log_is_not_printed() -> None:
    """In a process of its own: under pytest somebody listens to every log."""
    code = "import logging, styfie.decoding; logging.getLogger('PIL.TiffImagePlugin').error('noted')"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert said.stderr == b""
