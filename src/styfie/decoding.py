"""The one way into Pillow's decoders: a picture upright in a plain mode, or one sentence.

What is wrong with a file shows itself anywhere, from its first bytes to the last conversion, and as any kind of error:
so everything that reads stands in `decoding`.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from styfie.errors import InputError, MissingError, StyfieError

SMALLEST = 32  # pixels on the shorter side
MOST_PIXELS = 178_000_000
HEIF_SUFFIXES = {".heic", ".heif", ".hif"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# The readers that are asked: Pillow has some forty, of which most were never meant for files from anywhere. MPO is read
# by that of JPEG and has none of its own.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "TIFF", "WEBP", "AVIF", "HEIF")
ORIENTATION = 0x0112  # tag of EXIF and TIFF
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")  # modes of more than 8 bits
BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339  # tags of TIFF
UNSIGNED, FLOAT = 1, 3  # sample formats
BRIGHT = 16.0  # floats up to here are in [0, 1] but for highlights
SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}  # of colour profiles, and Pillow's modes
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MOST_TEXT = 1 << 26  # bytes of one text or profile in a PNG
_text = threading.Lock()
# Pillow notes some faults of files in its log, which Python prints where nobody listens to it.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextlib.contextmanager
def decoding(name: str) -> Iterator[None]:
    """Make one sentence of whatever a decoder raises, and nothing of its warnings.

    Raises:
        InputError: the picture `name` is damaged, or larger than the memory.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except StyfieError:
        raise
    except MemoryError:
        raise InputError(f"{name} needs more memory than there is: make it smaller first.") from None
    except Exception:  # decoders raise whatever they like
        raise InputError(f"{name} is damaged or cut short: only part of it can be read. Get a whole copy.") from None


def open_picture(path: Path, name: str, longest: int = 0) -> Image.Image:
    """A picture file with its header read; of a JPEG no more will be decoded than `longest` pixels want.

    Raises:
        MissingError: no such file, or an optional package is wanted for its format.
        InputError: no picture, or one that is too large.
    """
    return open_bytes(read_bytes(path), name, longest, heif=path.suffix.lower() in HEIF_SUFFIXES)


def open_bytes(data: bytes, name: str, longest: int = 0, heif: bool = False) -> Image.Image:
    """What `open_picture` does, of a file's bytes; they are HEIF's if said so, or if they look like it.

    Raises:
        MissingError, InputError: as `open_picture`.
    """
    if heif or is_heif(data):
        register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = _identified(data)
            if longest:
                image.draft(None, (2 * longest, 2 * longest))  # JPEG decodes at a reduced size where that is enough
    except Image.DecompressionBombError:
        raise InputError(f"{name} has more than {MOST_PIXELS // 10**6} megapixels: make it smaller first.") from None
    except Exception:  # readers raise whatever they like
        raise InputError(
            f"{name} is no picture that can be read: JPEG, PNG, WebP, AVIF, TIFF or HEIC wanted."
        ) from None
    return image


def _identified(data: bytes) -> Image.Image:
    Image.preinit()
    if not data.startswith((JPEG, PNG)):
        Image.init()  # all readers, which takes its time
    formats = [one for one in FORMATS if one in Image.OPEN]
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except ValueError:
        if not data.startswith(PNG):
            raise
    with _text:  # of much text, or a large profile: Pillow's limit is one for all
        before, PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_CHUNK, MOST_TEXT
        try:
            return Image.open(io.BytesIO(data), formats=formats)
        finally:
            PngImagePlugin.MAX_TEXT_CHUNK = before


def read_bytes(path: Path) -> bytes:
    """What is in a file.

    Raises:
        MissingError: there is none of that name.
        InputError: it is a folder, or may not be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise MissingError(f"There is no file {path}.") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise MissingError(f"There is no file {path}.") from None
        if path.is_dir():
            raise InputError(f"{path} is a folder: a picture file is wanted.") from None
        if isinstance(error, PermissionError):
            raise InputError(f"{path} may not be read: check its permissions.") from None
        raise InputError(f"{path} cannot be read ({error.strerror or error}): give another file.") from None


def is_heif(start: bytes) -> bool:
    """Whether a file that starts so is HEIC or HEIF, whatever it is called; AVIF is of the same family, and is not."""
    return start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS and b"avif" not in start[:64]


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


def check_size(size: tuple[int, int], name: str, smallest: int = SMALLEST) -> None:
    """Refuse a width and height that are too small, or together too large.

    Raises:
        InputError: one of these.
    """
    width, height = size
    if min(size) < smallest:
        raise InputError(f"{name} is {width}x{height} pixels: at least {smallest} on the shorter side are wanted.")
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{name} is {width}x{height}, {width * height // 10**6} megapixels: "
            f"at most {MOST_PIXELS // 10**6} are read, make it smaller first."
        )


def layers(image: Image.Image, name: str) -> tuple[Image.Image, Image.Image | None]:
    """The colours of a picture, upright, in mode L, RGB, CMYK or LAB, and its alpha, L, if it has one.

    Raises:
        InputError: it is damaged.
    """
    with decoding(name):
        _load(image)
        colours, alpha = _deep(image, name) if image.mode in DEEP else _split(image)
        turn = orientation(image)
        return turned(colours, turn), None if alpha is None else turned(alpha, turn)


def grey_values(image: Image.Image, name: str) -> NDArray[Any]:
    """The values (H, W) of a grey picture of whatever depth, upright, brighter = more; means of coloured ones.

    Raises:
        InputError: it is damaged, or clearly coloured.
    """
    with decoding(name):
        _load(image)
        if image.mode not in DEEP:
            values = _means(_split(image)[0], name)
        else:
            values, white = deep_values(image)
            values = white - values if _dark_is_more(image) else values
        turn = orientation(image)
        return np.asarray(turned(Image.fromarray(values.astype(np.float32)), turn)) if turn in TURNS else values


def _means(image: Image.Image, name: str) -> NDArray[Any]:
    if image.mode == "L":
        return np.asarray(image)
    colours = np.asarray(to_srgb(image, None))
    small = colours[:: max(1, len(colours) // 1024), :: max(1, colours.shape[1] // 1024)]
    if np.ptp(small.astype(np.float32), axis=-1).mean() > 8:
        raise InputError(f"The depth map {name} is coloured: a grey picture in which near is brighter is wanted.")
    means: NDArray[Any] = colours.mean(-1, dtype=np.float32)
    return means


def _load(image: Image.Image) -> None:
    """Decode the pixels; what follows them in the file is nobody's business here, however broken."""
    with _silent(image.format == "TIFF"):
        try:
            image.load()
        except Exception as error:
            followed = isinstance(image, TiffImagePlugin.TiffImageFile) or (
                isinstance(image, PngImagePlugin.PngImageFile) and isinstance(error, ValueError)
            )
            if not followed or image.tile:  # type: ignore[attr-defined]
                raise


@contextlib.contextmanager
def _silent(silent: bool) -> Iterator[None]:
    """Without what libtiff writes to standard error past Python."""
    try:
        kept = os.dup(2) if silent else None
    except OSError:  # there is none
        kept = None
    if kept is None:
        yield
        return
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
    try:
        with tempfile.TemporaryFile() as said:
            os.dup2(said.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def orientation(image: Image.Image) -> int:
    """How a picture is stored, 1 to 8 as EXIF counts; 1, upright, where its EXIF says nothing or is broken.

    Nothing of it is written anew: there is no need, and a broken one could not be.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = image.getexif().get(ORIENTATION)
    except Exception:  # its readers raise whatever they like
        found = None
    # A TIFF has it among its own tags, from which Pillow takes it when it has turned the picture.
    found = getattr(image, "tag_v2", {}).get(ORIENTATION) if found is None else found
    return found if isinstance(found, int) and found in TURNS else 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """A picture upright that is stored in this orientation."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours and alpha of a picture of 8 bits."""
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):
        image.info["transparency"] = clear[:256]  # a palette has no more
    elif isinstance(clear, tuple) and max(clear) > 255:  # of 16 bits, of which Pillow reads 8
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    if image.mode in ("La", "LA"):
        grey, alpha = image.convert("LA").split()
        return grey, alpha
    if image.mode in ("RGBA", "PA", "RGBa") or clear is not None:
        coloured = image.convert("RGBA")
        return image if image.mode == "L" else coloured.convert("RGB"), coloured.getchannel("A")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image, None
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _deep(image: Image.Image, name: str) -> tuple[Image.Image, Image.Image | None]:
    """Colours and alpha of a grey picture of more than 8 bits: scaled, not clipped, to 8."""
    values, white = deep_values(image)
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds values that are no numbers: a picture with finite values is wanted.")
    if not np.isfinite(white):
        raise InputError(f"{name} holds values up to {values.max():.3g}: at most 65535 are wanted.")
    clear = image.info.get("transparency")
    alpha = Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)) if isinstance(clear, int) else None
    shares = values.clip(0, white) / white
    shares = 1 - shares if _dark_is_more(image) else shares
    return Image.fromarray(np.round(shares * 255).astype(np.uint8)), alpha


def _dark_is_more(image: Image.Image) -> bool:
    """Whether a TIFF says that 0 is white, which Pillow minds up to 8 bits."""
    return bool(getattr(image, "tag_v2", {}).get(PHOTOMETRIC, 1) == 0)


def deep_values(image: Image.Image) -> tuple[NDArray[Any], float]:
    """The stored values (H, W) of a grey picture of more than 8 bits, and the one that stands for full."""
    stored = np.ascontiguousarray(np.asarray(image))
    if image.mode == "F":
        return stored, _full_float(stored)
    tags = getattr(image, "tag_v2", {})
    bits, kind = (_first(tags.get(tag), default) for tag, default in ((BITS, 0), (SAMPLE_FORMAT, UNSIGNED)))
    if image.mode != "I":
        values = stored.astype(np.float32)
        return values, float((1 << bits) - 1 if 8 < bits <= 16 else 65535)
    whole = stored.view(np.uint32) if bits == 32 and kind == UNSIGNED else stored
    if bits == 16:
        return whole.astype(np.float32), 32767.0
    # Of 32 bits there are two customs: 16 that lie in 32, and the whole.
    full = 65535 if whole.max() <= 65535 else np.iinfo(whole.dtype).max
    return whole.astype(np.float64), float(full)


def _full_float(values: NDArray[Any]) -> float:
    """What stands for full in floats: 1, but for pictures whose values are clearly those of 8 or 16 bits."""
    top, some = float(values.max()), values[:: max(1, len(values) // 1024), :: max(1, values.shape[1] // 1024)]
    if top <= BRIGHT or np.quantile(some, 0.9) <= 1:
        return 1.0  # brighter highlights are clipped, as they are by every screen
    return next((full for full in (255.0, 65535.0) if top <= full), np.inf)


def _first(found: Any, default: int) -> int:
    """A tag's first number."""
    value = found[0] if isinstance(found, tuple) and found else found
    return value if isinstance(value, int) else default


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB of a picture in mode L, RGB, CMYK or LAB, by its colour profile; a damaged or foreign one counts as none."""
    srgb = ImageCms.createProfile("sRGB")
    if profile:
        try:
            found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            wanted = SPACES.get(found.profile.xcolor_space.strip(), "")
            suited = image.convert("RGB") if (image.mode, wanted) == ("L", "RGB") else image
            if suited.mode == wanted:
                converted = ImageCms.profileToProfile(suited, found, srgb, outputMode="RGB")
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # the plain conversion below is what viewers show
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        if converted is not None:
            return converted
    return image.convert("RGB")
