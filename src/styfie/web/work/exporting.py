"""Pictures of a painting as files for elsewhere: of any format, masks and cut-outs at the photo's own size."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from styfie.errors import InputError
from styfie.images import read_picture
from styfie.painting import Painting
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.segmentation.matting import GUIDE, guided_filter, upsampled_strips
from styfie.storage.extras import SOURCE_TYPES
from styfie.storage.openraster import eight_bits, packet_of, png
from styfie.storage.results import cutout, result_pictures
from styfie.storage.xmp import mark_png
from styfie.web.jobs import READ, ResultRequest
from styfie.web.messages import message
from styfie.web.work.paintings import REGIONS, load
from styfie.web.work.results import current_painting, show_picture
from styfie.web.workers import WorkerChannel

SUFFIXES = {"jpeg": "jpg", "png": "png", "webp": "webp"}
WHOLE = ("photo", "cutout", "mask")
"""What is made at the photo's own size: no paint limits it."""


def export(
    channel: WorkerChannel, folder: str, request: ResultRequest, names: dict[str, str], kind: str, quality: int
) -> tuple[str, bytes]:
    """Pictures by name, each as the file that `names` calls it (without suffix); several are one ZIP.

    A cut-out is never a JPEG, which knows no transparency: it is then a PNG.

    Returns:
        The suffix, and the file.
    """
    made = _Exports(channel, Path(folder), request)
    files = []
    for name, title in names.items():
        picture = made.picture(name)
        here = "png" if kind == "jpeg" and picture.mode == "RGBA" else kind
        files.append((f"{title}.{SUFFIXES[here]}", encoded(picture, here, quality, made.mark(name))))
    if len(files) == 1:
        return files[0][0].rpartition(".")[2], files[0][1]
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for file, data in files:
            archive.writestr(file, data)
    return "zip", held.getvalue()


def encoded(picture: Image.Image, kind: str, quality: int, packet: bytes = b"") -> bytes:
    """A picture as a file of some kind, jpeg, png or webp, with an XMP packet unless that is empty."""
    if kind == "png":
        return mark_png(png(picture), packet) if packet else png(picture)
    held = io.BytesIO()
    if kind == "jpeg":
        subsampling = 0 if quality >= 90 else 2
        picture.save(held, "JPEG", quality=quality, optimize=True, subsampling=subsampling, xmp=packet)
    else:
        picture.save(held, "WEBP", quality=quality, method=4, xmp=packet)
    return held.getvalue()


class _Exports:
    """What is exported of one job: made when it is asked for, the whole photo and its matte but once."""

    def __init__(self, channel: WorkerChannel, folder: Path, request: ResultRequest) -> None:
        self.channel, self.folder, self.request = channel, folder, request
        self._whole: Painting | None = None

    def picture(self, name: str) -> Image.Image:
        """One picture.

        Raises:
            InputError: there is no such picture.
        """
        if name == "photo":
            return eight_bits(self.whole.photo)
        if name == "cutout":
            return cutout(self.whole)
        if name == "mask":
            return eight_bits(self.whole.matte)
        if name == "sheet":
            return Image.open(io.BytesIO(show_picture(self.channel, str(self.folder), self.request, name)))
        pictures = result_pictures(current_painting(self.folder, self.request))
        if name not in pictures:
            raise InputError(message("error.no_picture", picture=name, known=", ".join((*pictures, "cutout", "sheet"))))
        return eight_bits(pictures[name])

    def mark(self, name: str) -> bytes:
        """The packet that says what was done to a picture: none for photo and masks, or where none is wanted."""
        if name not in SOURCE_TYPES:
            return b""
        return packet_of(current_painting(self.folder, self.request), SOURCE_TYPES[name])

    @property
    def whole(self) -> Painting:
        """The photo at its own size, with who is on it."""
        if self._whole is None:
            base = load(self.folder / REGIONS)
            photo = read_picture(self.folder / READ)
            matte = matte_at(base.photo, base.matte, photo)
            regions = Regions((SUBJECT, BACKGROUND), torch.cat([matte, 1 - matte]), (1.0, 1.0))
            self._whole = Painting(photo, regions, photo.expand(2, -1, -1, -1), {}, {})
        return self._whole


def matte_at(small: Tensor, matte: Tensor, photo: Tensor) -> Tensor:
    """A matte (1, 1, h, w) of a `small` photo brought to the edges of the same `photo` (1, 3, H, W), as (1, 1, H, W).

    By the fast guided filter (He and Sun 2015): at each place the matte is linear in the colours, as it is where it was
    found; where it was wholly in or out it stays so.
    """
    if small.shape == photo.shape:
        return matte
    coefficients = torch.cat(guided_filter(small, matte, 1, GUIDE), 1)
    known = torch.cat([coefficients, matte], 1)
    found = torch.empty_like(photo[:, :1])
    for rows, values in upsampled_strips(known, (photo.shape[-2], photo.shape[-1])):
        fine = ((values[:, :3] * photo[..., rows, :]).sum(1, keepdim=True) + values[:, 3:4]).clamp(0, 1)
        coarse = values[:, 4:]
        sure = ((2 * coarse - 1).abs() > 1 - 1e-3).float()
        found[..., rows, :] = torch.lerp(fine, coarse.round(), sure)
    return found
