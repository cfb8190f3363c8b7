"""Pictures in and out. The only module that knows files, EXIF, colour profiles and bit depths.

Everywhere else a picture is RGB float32 (1, 3, H, W) in [0, 1] and a matte (1, 1, H, W), 1 = inside.
"""

from __future__ import annotations

import io
import os
import warnings
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor

from styfie.errors import InputError, MissingError

Picture = str | Path | Image.Image | NDArray[Any] | Tensor
SMALLEST = 32  # pixels on the shorter side
MOST_PIXELS = 178_000_000
HEIF_SUFFIXES = {".heic", ".heif", ".hif"}
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
    name = describe(source)
    image = _open(source, name, longest) if isinstance(source, str | Path) else _from_memory(source, name)
    _check_size(image.size, name)
    upright = _decode(image, name)
    if longest and (enlarge or max(upright.size) > longest):
        height, width = fit_size((upright.height, upright.width), longest)
        upright = upright.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return torch.from_numpy(np.asarray(upright, np.float32) / 255).permute(2, 0, 1)[None].contiguous()


def read_matte(source: Picture, size: tuple[int, int]) -> Tensor:
    """Read a mask as matte (1, 1, height, width): its luma or, where it has transparency, its alpha; 1 = inside.

    Raises:
        InputError: besides what `read_picture` raises, proportions that are not the photo's.
    """
    name = describe(source)
    if isinstance(source, Tensor):
        matte = source.float().reshape(1, -1, *source.shape[-2:])[:, :1]
    else:
        image = _open(source, name) if isinstance(source, str | Path) else _from_memory(source, name)
        upright = ImageOps.exif_transpose(_loaded(image, name))
        see_through = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        alpha = upright.convert("RGBA").getchannel("A") if see_through else None
        transparent = alpha is not None and alpha.getextrema()[0] != 255  # an alpha that hides nothing says nothing
        grey = alpha if alpha is not None and transparent else _to_eight_bits(upright, name).convert("L")
        matte = torch.from_numpy(np.asarray(grey, np.float32) / 255)[None, None]
    height, width = _size(matte)
    # Two per cent of either side, or the pixel by which a small size is rounded.
    if abs(height / width * size[1] - size[0]) > max(1.0, 0.02 * size[0]):
        raise InputError(
            f"The mask {name} is {width}x{height} and the photo {size[1]}x{size[0]}: "
            "a mask of the same proportions is wanted, drawn on the upright photo."
        )
    return resize(matte, size).clamp(0, 1)


def describe(source: Picture) -> str:
    """What to call a picture in a sentence: the file's name, never its folder."""
    if isinstance(source, str | Path):
        return Path(source).name or str(source)
    return "array" if isinstance(source, np.ndarray | Tensor) else "picture"


def _open(source: str | Path, name: str, longest: int = 0) -> Image.Image:
    path = Path(source)
    if not os.path.exists(path):  # noqa: PTH110 - Path's raises where a name is too long for a file
        raise MissingError(f"There is no file {path}.")
    if path.is_dir():
        raise InputError(f"{path} is a folder: a picture file is wanted.")
    if path.suffix.lower() in HEIF_SUFFIXES:
        register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(path.read_bytes()))
    except PermissionError:
        raise InputError(f"{path} may not be read: check its permissions.") from None
    except Image.DecompressionBombError:
        raise InputError(f"{name} has more than {MOST_PIXELS // 10**6} megapixels: make it smaller first.") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise InputError(
            f"{name} is no picture that can be read: JPEG, PNG, WebP, AVIF, TIFF or HEIC wanted."
        ) from None
    if longest:
        image.draft(None, (2 * longest, 2 * longest))  # JPEG decodes at a reduced size where that is enough
    return image


def register_heif() -> None:
    """Have Pillow read HEIC.

    Raises:
        MissingError: the package for it is not there.
    """
    try:
        import pillow_heif
    except ImportError:
        raise MissingError("HEIC pictures need an optional part: pip install 'styfie[heif]'.") from None
    pillow_heif.register_heif_opener()


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
        if not np.isfinite(source).all() or source.min() < 0 or source.max() > 1:
            raise InputError(f"The {name} holds floats outside [0, 1]: scale it, or give uint8.")
        source = np.round(source * 255).astype(np.uint8)
    elif source.dtype != np.uint8:
        raise InputError(f"The {name} is of {source.dtype}: uint8, uint16 or floats in [0, 1] are wanted.")
    return Image.fromarray(source[..., 0] if source.ndim == 3 and shape[2] == 1 else source)


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if min(size) < SMALLEST:
        raise InputError(f"{name} is {width}x{height} pixels: at least {SMALLEST} on the shorter side are wanted.")
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{name} is {width}x{height}, {width * height // 10**6} megapixels: "
            f"at most {MOST_PIXELS // 10**6} are read, make it smaller first."
        )


def _loaded(image: Image.Image, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise InputError(f"{name} is damaged or cut short: only part of it can be read. Get a whole copy.") from None
    return image


def _decode(image: Image.Image, name: str) -> Image.Image:
    """8-bit sRGB, upright, on white."""
    upright = ImageOps.exif_transpose(_loaded(image, name))
    profile = upright.info.get("icc_profile")
    upright = _to_eight_bits(upright, name)
    if upright.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in upright.info:
        clear = upright.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return _to_srgb(Image.alpha_composite(white, clear).convert("RGB"), profile)
    return _to_srgb(upright, profile)


def _to_eight_bits(image: Image.Image, name: str) -> Image.Image:
    """Grey pictures of 16 and 32 bits scaled, not clipped, to 8."""
    if image.mode not in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        return image
    values = np.asarray(image, np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds values that are no numbers: a picture with finite values is wanted.")
    top = 65535.0 if image.mode != "F" else next(t for t in (1.0, 255.0, 65535.0, np.inf) if values.max() <= t)
    if not np.isfinite(top):
        raise InputError(f"{name} holds values up to {values.max():.3g}: at most 65535 are wanted.")
    return Image.fromarray(np.round(values.clip(0, top) / top * 255).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Through the embedded colour profile where there is one that fits; a damaged one counts as none."""
    if profile and image.mode in ("RGB", "L", "CMYK"):
        try:
            found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, found, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile of another colour space, or damaged: the plain conversion below is what viewers show
    return image.convert("RGB")


def _checked_tensor(tensor: Tensor) -> Tensor:
    if tensor.ndim != 4 or tensor.shape[:2] != (1, 3):
        raise InputError(f"A tensor of shape {tuple(tensor.shape)} came: (1, 3, H, W) is wanted.")
    if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
        raise InputError("The tensor must hold finite floats in [0, 1].")
    if float(tensor.min()) < 0 or float(tensor.max()) > 1:
        raise InputError(f"The tensor spans {float(tensor.min()):.3g} to {float(tensor.max()):.3g}: [0, 1] is wanted.")
    _check_size((tensor.shape[-1], tensor.shape[-2]), "tensor")
    return tensor.float().cpu()


def _size(picture: Tensor) -> tuple[int, int]:
    return picture.shape[-2], picture.shape[-1]


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


def write_png(image: Image.Image, file: Path | IO[bytes]) -> None:
    """Write a PIL image as PNG, its filtered rows packed by runs and Huffman codes alone.

    A search for repetitions finds none in paint: it takes more than twice the time and makes a picture no smaller.
    """
    image.save(file, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
