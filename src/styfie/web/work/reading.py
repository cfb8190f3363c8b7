"""Files from outside, decoded in a process of their own that may take little memory, and time."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image

from styfie.errors import InputError
from styfie.images import read_matte, read_picture, read_upright, to_image, write_png
from styfie.looks import Look, Style
from styfie.storage.atomic import sync
from styfie.storage.recipes import read_recipe
from styfie.storage.sheet import lay_out
from styfie.storage.xmp import SourceType, xmp_packet
from styfie.styles import LARGEST, load_style
from styfie.web.atomic import replace_whole
from styfie.web.filetypes import suffix_of
from styfie.web.jobs import GROWING, PHOTO, READ
from styfie.web.messages import message
from styfie.web.schemas import LookSchema, SettingsSchema
from styfie.web.work.decoding import check_pixels, guarded, open_picture
from styfie.web.workers import WorkerChannel

LONGEST = 4096  # longest side of `read.png`
PHOTO_SIZE = 1024  # longest side of `photo.jpg`
DRAWN = 512  # at which gallery styles are drawn, once
UNPACKED = 400_000_000  # bytes of a recipe's file when it is unpacked, at most
ENTRIES = 200  # files in it, at most
TURNED = 5  # EXIF orientations from here on are of pictures that lie on their side


_latest: dict[str, Image.Image] = {}  # by its file, the photo that was decoded last and is still to be written


def photo(_channel: WorkerChannel, file: str, most_pixels: int, longest: int = LONGEST) -> dict[str, int]:
    """Decode all of a photo, and write it upright beside, small, as `photo.jpg`; `whole` writes the rest.

    Returns:
        Its upright size as it was sent.

    Raises:
        InputError, MissingError: as `images.read_picture`; or it has too many pixels.
    """
    with open_picture(Path(file), most_pixels) as image:
        width, height = image.size
        if guarded(image.getexif).get(0x0112, 1) >= TURNED:
            width, height = height, width
    read = _read(file, longest)
    _latest.clear()
    _latest[file] = read
    small = read.copy()
    small.thumbnail((PHOTO_SIZE, PHOTO_SIZE))
    small.save(Path(file).with_name(PHOTO), quality=88)
    return {"width": width, "height": height}


def whole(_channel: WorkerChannel, file: str, most_pixels: int, longest: int = LONGEST) -> None:
    """Write a photo upright beside as `read.png`, from memory if it was decoded a moment ago.

    The other workers read that: what came from outside is decoded here alone. It takes a large photo's time, in which
    `photo.jpg` is shown and sketched.

    Raises:
        InputError, MissingError: as `photo`.
    """
    read = _latest.pop(file, None)
    if read is None:
        open_picture(Path(file), most_pixels).close()
        read = _read(file, longest)
    beside = Path(file).with_name(f".{READ}")
    write_png(read, beside)
    replace_whole(beside, Path(file).with_name(READ))


def style(_channel: WorkerChannel, file: str, into: str, most_pixels: int) -> None:
    """A style picture, decoded and written anew as PNG: nothing but its pixels is kept."""
    open_picture(Path(file), most_pixels).close()
    write_png(_read(file, LARGEST), Path(into))
    sync(Path(into))


def mask(_channel: WorkerChannel, file: str, width: int, height: int, most_pixels: int) -> None:
    """A mask for a photo of that size, decoded and written anew as grey PNG, no larger than it was."""
    with open_picture(Path(file), most_pixels) as image:
        scale = min(1.0, max(image.size) / max(width, height))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    write_png(to_image(guarded(lambda: read_matte(Path(file), size))), Path(file))


def frame(_channel: WorkerChannel, data: bytes, most_pixels: int, size: int) -> tuple[bytes, int, int]:
    """A camera's frame with a longest side of `size`: float32 RGB in [0, 1] as bytes (3, H, W), H and W.

    Raises:
        InputError: no picture, or one with too many pixels.
    """
    suffix_of(data)
    with guarded(lambda: Image.open(io.BytesIO(data))) as image:
        check_pixels(image, most_pixels)
        image.draft("RGB", (2 * size, 2 * size))
        photo = guarded(lambda: read_picture(image, size))
    return photo.contiguous().numpy().tobytes(), photo.shape[-2], photo.shape[-1]


def recipe(_channel: WorkerChannel, file: str, folder: str, most_pixels: int) -> dict[str, Any]:
    """What a `painting.ora` asks, as JSON; styles that are no gallery's are written into `folder`, by their names.

    Raises:
        InputError: no painting of Styfie's, a damaged one, or one that is too large.
    """
    guarded(lambda: _check_zip(file, most_pixels))
    found = guarded(lambda: read_recipe(Path(file)))
    styles: dict[str, str] = {}
    looks = {name: _plain(look, Path(folder), styles) for name, look in found.looks.items()}
    settings = {
        name: value for name in SettingsSchema.model_fields if (value := getattr(found.settings, name)) is not None
    }
    settings["device"] = "auto"  # of this computer, not of that one
    return {"request": json.dumps({"looks": looks, "settings": settings}), "styles": styles}


def _check_zip(file: str, most_pixels: int) -> None:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > ENTRIES or sum(entry.file_size for entry in entries) > UNPACKED:
            raise InputError(message("error.painting_large"))
        for entry in entries:
            if entry.filename.endswith(".png"):
                with archive.open(entry) as packed, Image.open(io.BytesIO(packed.read())) as image:
                    if image.width * image.height > most_pixels:
                        raise InputError(message("error.painting_pixels"))


def _plain(look: Look, folder: Path, styles: dict[str, str]) -> dict[str, Any]:
    known = {name: value for name in LookSchema.model_fields if (value := getattr(look, name, None)) is not None}
    return known | {"styles": [{"name": _named(s, folder, styles), "weight": s.weight} for s in look.styles]}


def _named(style: Style, folder: Path, styles: dict[str, str]) -> str:
    """What a recipe's style is called here, its picture written if it is no gallery's."""
    if style.source is None:
        return style.name
    number = len(styles) + 1
    name = f"style {number} of the recipe"
    write_png(to_image(style.picture), folder / f"recipe-{number}.png")
    styles[name] = f"recipe-{number}.png"
    return name


def gallery(_channel: WorkerChannel, name: str, folder: str) -> None:
    """A style of the gallery as a file, made once."""
    beside = Path(folder) / f".{name}.part"
    write_png(to_image(load_style(name, DRAWN).picture), beside)
    replace_whole(beside, Path(folder) / f"{name}.png")


def thumbnail(_channel: WorkerChannel, file: str, size: int) -> bytes:
    """A picture of the server's own as JPEG, at most so many pixels."""
    held = io.BytesIO()
    with Image.open(file) as image:
        image.thumbnail((size, size), reducing_gap=3.0)
        image.convert("RGB").save(held, "JPEG", quality=85, xmp=image.info.get("xmp", b""))  # a painting's mark
    return held.getvalue()


def clip(channel: WorkerChannel, file: str, most_pixels: int, most_seconds: float) -> dict[str, int]:
    """What is known of a clip before it is painted, see `films.clip`; the first photo does not wait for its modules."""
    from styfie.web.work import films

    return films.clip(channel, file, most_pixels, most_seconds)


def contact_sheet(_channel: WorkerChannel, cells: list[tuple[str, str]]) -> bytes:
    """Paintings on one sheet as JPEG: what each is called, and the folder where it is; marked if one of them is."""
    pictures, marked = [], False
    for title, folder in cells:
        with Image.open(Path(folder) / GROWING) as image:
            pictures.append((title, image.convert("RGB")))
            marked = marked or "xmp" in image.info
    held = io.BytesIO()
    columns = math.ceil(math.sqrt(len(pictures)))
    packet = xmp_packet(SourceType.PAINTED) if marked else b""
    lay_out(pictures, columns).save(held, "JPEG", quality=90, xmp=packet)
    return held.getvalue()


def _read(file: str, longest: int) -> Image.Image:
    """A picture's pixels, and nothing that its file says of them."""

    def read() -> Image.Image:
        found = read_upright(Path(file), longest, enlarge=False)
        found.load()
        found.info = {}
        return found

    return guarded(read)
