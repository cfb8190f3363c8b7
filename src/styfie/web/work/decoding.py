"""Decoding of what comes from outside, whatever it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PIL import Image

from styfie import decoding
from styfie.errors import InputError, StyfieError
from styfie.web.errors import DISK_FULL, FullError, is_full
from styfie.web.messages import message

T = TypeVar("T")


def open_picture(file: Path, most_pixels: int) -> Image.Image:
    """A picture file as its header says, no pixel decoded.

    Raises:
        InputError: it is none, or has too many pixels.
    """
    image = guarded(lambda: decoding.open_picture(file, "What was sent"))
    try:
        check_pixels(image, most_pixels)
    except InputError:
        image.close()
        raise
    return image


def check_pixels(image: Image.Image, most_pixels: int) -> None:
    """Refuse a picture with more pixels."""
    width, height = image.size
    if width * height > most_pixels:
        raise InputError(message("error.pixels", width=width, height=height, most=most_pixels // 10**6))


def guarded(read: Callable[[], T]) -> T:
    """What a reader gives; whatever it raises on a hostile file is one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters is raised
            return read()
    except StyfieError:
        raise
    except MemoryError:
        raise InputError(message("error.file_memory")) from None
    except Exception as error:  # decoders raise whatever they like
        if is_full(error):
            raise FullError(DISK_FULL) from None
        raise InputError(message("error.damaged")) from None
