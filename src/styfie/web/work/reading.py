"""Files from outside, decoded in a process of their own that may take little memory, and time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from styfie.errors import InputError, StyfieError
from styfie.gallery import draw
from styfie.images import read_matte, read_picture, to_image
from styfie.styles import LARGEST
from styfie.web.workers import Line

SHOWN = 1024  # longest side of `photo.jpg`
DRAWN = 512  # at which gallery styles are drawn, once


def photo(_line: Line, file: str, most_pixels: int) -> dict[str, int]:
    """Decode all of a photo, and write it upright and small beside as `photo.jpg`.

    Raises:
        InputError, MissingError: as `images.read_picture`; or it has too many pixels.
    """
    width, height = _size(Path(file), most_pixels)
    picture = _read(Path(file), SHOWN)
    if (picture.shape[-1] > picture.shape[-2]) != (width > height):  # turned by EXIF
        width, height = height, width
    to_image(picture).save(Path(file).with_name("photo.jpg"), quality=88)
    return {"width": width, "height": height}


def style(_line: Line, file: str, into: str, most_pixels: int) -> None:
    """A style picture, decoded and written anew as PNG: nothing but its pixels is kept."""
    _size(Path(file), most_pixels)
    to_image(_read(Path(file), LARGEST)).save(into)


def mask(_line: Line, file: str, height: int, width: int, most_pixels: int) -> None:
    """A mask, decoded and written anew as PNG of so many pixels."""
    _size(Path(file), most_pixels, smallest=1)
    to_image(_guarded(lambda: read_matte(Path(file), (height, width)))).save(file, "PNG")


def gallery(_line: Line, name: str, folder: str) -> None:
    """A style of the gallery, drawn once."""
    beside = Path(folder) / f".{name}.png"
    to_image(draw(name, DRAWN, DRAWN)).save(beside, "PNG", compress_level=1)
    beside.replace(Path(folder) / f"{name}.png")


def thumbnail(_line: Line, file: str, size: int) -> bytes:
    """A picture of the server's own as JPEG, at most so many pixels."""
    import io

    held = io.BytesIO()
    with Image.open(file) as image:
        image.thumbnail((size, size), reducing_gap=3.0)
        image.convert("RGB").save(held, "JPEG", quality=85)
    return held.getvalue()


def _size(file: Path, most_pixels: int, smallest: int = 1) -> tuple[int, int]:
    """Width and height as the file says, before any pixel is decoded."""
    if file.suffix == ".heic":
        import styfie.images

        styfie.images._register_heif()
    with _guarded(lambda: Image.open(file)) as image:
        width, height = image.size
    if width * height > most_pixels:
        raise InputError(
            f"The picture has {width} x {height} pixels: at most {most_pixels // 10**6} megapixels are taken."
        )
    if min(width, height) < smallest:
        raise InputError("The picture has no pixels.")
    return width, height


def _read(file: Path, longest: int) -> Any:
    return _guarded(lambda: read_picture(file, longest, enlarge=False))


def _guarded(read: Any) -> Any:
    """What a reader gives; whatever else it raises on a hostile file is a sentence too, without the server's paths."""
    try:
        return read()
    except StyfieError as error:
        raise type(error)(str(error)) from None
    except MemoryError:
        raise InputError("The picture needs more memory than it may take: a smaller one is wanted.") from None
    except Exception:
        raise InputError("What was sent is no picture that can be read, or it is damaged: get a whole copy.") from None
