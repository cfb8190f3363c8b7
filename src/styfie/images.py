"""Pictures in and out. Only this module and `decoding` know files, EXIF, colour profiles and bit depths.

Everywhere else a picture is RGB float32 (1, 3, H, W) in [0, 1] and a matte (1, 1, H, W), 1 = inside.
"""

from __future__ import annotations

import math
import os
import sys
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from styfie.decoding import HEIF_SUFFIXES as HEIF_SUFFIXES
from styfie.decoding import check_size, decoding, layers, open_bytes, open_picture, to_srgb
from styfie.decoding import register_heif as register_heif
from styfie.errors import InputError

Picture = str | Path | Image.Image | NDArray[Any] | Tensor
XMP = 700  # the tag of TIFF that holds it
STDIN = STDOUT = Path("-")  # as command lines name them
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif"} | HEIF_SUFFIXES


def read_picture(source: Picture, longest: int = 0, *, enlarge: bool = True) -> Tensor:
    """Read a picture: upright, in sRGB, transparency on white, an animation's first frame.

    `source` is a path, a PIL image, an array (H, W), (H, W, 3) or (H, W, 4) of uint8, uint16 or floats in
    [0, 1], or a tensor (1, 3, H, W) in [0, 1]. With `longest` the longer side is brought to so many pixels; unless
    `enlarge`, only if it has more.

    Returns:
        RGB float32 (1, 3, H, W) in [0, 1].

    Raises:
        MissingError: no such file, or an optional package is wanted for its format.
        InputError: no picture, a damaged one, or one too small or too large.
    """
    if isinstance(source, Tensor):
        picture = _checked_tensor(source)
        wanted = longest and (enlarge or max(_size(picture)) > longest)
        return resize(picture, fit_size(_size(picture), longest)) if wanted else picture
    upright = read_upright(source, longest, enlarge=enlarge)
    return torch.from_numpy(np.asarray(upright, np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def read_upright(
    source: str | Path | Image.Image | NDArray[Any], longest: int = 0, *, enlarge: bool = True
) -> Image.Image:
    """A picture as `read_picture` reads it, as 8-bit PIL image: of a large photo in half the time.

    Raises:
        MissingError, InputError: as `read_picture`.
    """
    name = describe(source)
    image = open_picture(Path(source), name, longest) if isinstance(source, str | Path) else _from_memory(source, name)
    check_size(image.size, name)
    upright = _decode(image, name)
    if longest and (enlarge or max(upright.size) > longest):
        height, width = fit_size((upright.height, upright.width), longest)
        upright = upright.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return upright


def read_once(file: Path) -> Picture:
    """A picture file as it is; or a stream, such as a pipe, from which a picture comes but once, as that picture.

    `STDIN` is standard input.

    Raises:
        MissingError, InputError: as `read_picture`; or nothing came.
    """
    if file == STDIN:
        if not (data := sys.stdin.buffer.read()):
            raise InputError("Nothing came on standard input: a picture is wanted.")
        return open_bytes(data, "standard input")
    streams = os.path.exists(file) and not os.path.isfile(file) and not os.path.isdir(file)  # noqa: PTH110, PTH112, PTH113
    return open_picture(file, describe(file)) if streams else file


def read_matte(source: Picture, size: tuple[int, int]) -> Tensor:
    """Read a mask as matte (1, 1, height, width): its luma or, where it has transparency, its alpha; 1 = inside.

    `source` is what `read_picture` takes, of one channel too; an array or a tensor may also hold booleans, or whole
    numbers from 0 to 1 or to 255, and a tensor be (H, W), (C, H, W) or (1, C, H, W).

    Raises:
        InputError: besides what `read_picture` raises, proportions that are not the photo's.
    """
    name = describe(source)
    if isinstance(source, Tensor) and (source.ndim < 2 or not source.numel()):
        raise InputError(f"The mask has shape {tuple(source.shape)}: (H, W), (C, H, W) or (1, C, H, W) is wanted.")
    if isinstance(source, Tensor) and source.is_floating_point() and source.numel() == math.prod(source.shape[-2:]):
        _check_range(source.detach().cpu(), name)
        matte = source.detach().cpu().float().reshape(1, 1, *source.shape[-2:])
    else:
        if isinstance(source, np.ndarray | Tensor):
            source = _eight_bits(source)
        image = open_picture(Path(source), name) if isinstance(source, str | Path) else _from_memory(source, name)
        colours, alpha = layers(image, name)
        with decoding(name):
            hides = alpha is not None and alpha.getextrema()[0] != 255  # an alpha that hides nothing says nothing
            grey = alpha if alpha is not None and hides else _luma(colours)
        matte = torch.from_numpy(np.asarray(grey, np.float32) / 255)[None, None]
    height, width = _size(matte)
    if not same_proportions((height, width), size):
        raise InputError(
            f"The mask {name} is {width}x{height} and the photo {size[1]}x{size[0]}: "
            "a mask of the same proportions is wanted, drawn on the upright photo."
        )
    return resize(matte, size).clamp(0, 1)


def _eight_bits(source: NDArray[Any] | Tensor) -> NDArray[Any]:
    """A mask's numbers, channels last, as `_from_memory` takes them: of whole ones up to 1, 1 is all."""
    if isinstance(source, Tensor):
        source = source.detach().cpu()
        source = source.float() if source.is_floating_point() else source
        values = source.reshape(source.shape[1:]) if source.ndim == 4 and len(source) == 1 else source
        array = (values.movedim(0, 2) if values.ndim == 3 else values).numpy()
    else:
        array = source
    if array.dtype != bool and not np.issubdtype(array.dtype, np.integer):
        return array
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if low >= 0 and high <= 1:
        return array.astype(np.uint8) * 255
    return array.astype(np.uint8) if low >= 0 and high <= 255 and array.dtype != np.uint16 else array


def _luma(colours: Image.Image) -> Image.Image:
    return (to_srgb(colours, None) if colours.mode == "LAB" else colours).convert("L")


def describe(source: Picture) -> str:
    """What to call a picture in a sentence: the file's name, never its folder."""
    if isinstance(source, str | Path):
        return Path(source).name or str(source)
    return "array" if isinstance(source, np.ndarray | Tensor) else "picture"


def _from_memory(source: Image.Image | NDArray[Any], name: str) -> Image.Image:
    if isinstance(source, Image.Image):
        return source
    if not isinstance(source, np.ndarray):
        raise InputError(f"A {type(source).__name__} came: a path, a PIL image, an array or a tensor is wanted.")
    shape = source.shape
    if source.ndim not in (2, 3) or (source.ndim == 3 and shape[2] not in (1, 3, 4)) or 0 in shape:
        raise InputError(f"The {name} has shape {shape}: (H, W), (H, W, 3) or (H, W, 4) is wanted.")
    if source.dtype == np.uint16:
        source = (source >> 8).astype(np.uint8)
    elif np.issubdtype(source.dtype, np.floating):
        _check_range(torch.from_numpy(np.ascontiguousarray(source)), name)
        source = np.round(source * 255).astype(np.uint8)
    elif source.dtype != np.uint8:
        raise InputError(f"The {name} is of {source.dtype}: uint8, uint16 or floats in [0, 1] are wanted.")
    return Image.fromarray(source[..., 0] if source.ndim == 3 and shape[2] == 1 else source)


def _check_range(values: Tensor, name: str) -> None:
    if not bool(torch.isfinite(values).all()) or float(values.min()) < 0 or float(values.max()) > 1:
        raise InputError(f"The {name} holds floats outside [0, 1]: scale it, or give uint8.")


def _decode(image: Image.Image, name: str) -> Image.Image:
    """8-bit sRGB, upright, on white."""
    colours, alpha = layers(image, name)
    with decoding(name):
        picture = to_srgb(colours, image.info.get("icc_profile"))
        if alpha is not None:
            picture = Image.composite(picture, Image.new("RGB", picture.size, (255, 255, 255)), alpha)
        return picture


def _checked_tensor(tensor: Tensor) -> Tensor:
    if tensor.ndim != 4 or tensor.shape[:2] != (1, 3):
        raise InputError(f"A tensor of shape {tuple(tensor.shape)} came: (1, 3, H, W) is wanted.")
    if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
        raise InputError("The tensor must hold finite floats in [0, 1].")
    if float(tensor.min()) < 0 or float(tensor.max()) > 1:
        raise InputError(f"The tensor spans {float(tensor.min()):.3g} to {float(tensor.max()):.3g}: [0, 1] is wanted.")
    check_size((tensor.shape[-1], tensor.shape[-2]), "tensor")
    return tensor.detach().float().cpu()


def _size(picture: Tensor) -> tuple[int, int]:
    return picture.shape[-2], picture.shape[-1]


def same_proportions(found: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes (height, width) are of one picture: to two per cent, or the pixel by which sides are rounded.

    Either side may be the one that shows it: of a narrow picture the short one says next to nothing.
    """
    across, down = found[1] / found[0] * other[0] - other[1], found[0] / found[1] * other[1] - other[0]
    return abs(across) <= max(1.0, 0.02 * other[1]) or abs(down) <= max(1.0, 0.02 * other[0])


def fit_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(height, width) scaled so that the longer is `longest`, proportions kept to the nearest pixel."""
    scale = longest / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures or mattes (B, C, H, W) at another (height, width): bilinear, over the whole area when shrinking."""
    if picture.shape[-2:] == size:
        return picture
    if picture.device.type == "mps":  # which has no antialiasing before PyTorch 2.7
        return resize(picture.cpu(), size).to(picture.device)
    return F.interpolate(picture, size, mode="bilinear", antialias=True, align_corners=False)


def to_image(picture: Tensor, alpha: Tensor | None = None) -> Image.Image:
    """A picture (1, 3, H, W), with its alpha (1, 1, H, W) if given, or a matte alone, as 8-bit PIL image."""
    both = picture if alpha is None else torch.cat([picture, alpha], 1)
    pixels = (both[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def write_picture(image: Image.Image, file: Path, xmp: bytes = b"") -> None:
    """Write a PIL image as its file's name asks, with an XMP packet if given: JPEG, WebP, AVIF or TIFF, else PNG."""
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".avif": "AVIF", ".tif": "TIFF", ".tiff": "TIFF"}
    found = kind.get(file.suffix.lower(), "PNG")
    if found == "PNG":
        write_png(image, file, xmp)
    elif found == "TIFF":
        image.save(file, found, compression="tiff_lzw", tiffinfo={XMP: xmp} if xmp else {})
    else:
        lossless = {"lossless": True} if found == "WEBP" else {"quality": 95}
        image.save(file, found, **lossless, **({"xmp": xmp} if xmp else {}))


def write_png(image: Image.Image, file: Path | IO[bytes], xmp: bytes = b"") -> None:
    """Write a PIL image as PNG, with an XMP packet if given, its filtered rows packed by runs and Huffman codes alone.

    A search for repetitions finds none in paint: it takes more than twice the time and makes a picture no smaller.
    """
    known = PngInfo()
    if xmp:
        known.add_itxt("XML:com.adobe.xmp", xmp.decode())
    image.save(file, "PNG", compress_level=1, compress_type=zlib.Z_RLE, pnginfo=known)
