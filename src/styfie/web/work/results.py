"""What the page shows: the regions as they are now, each with the layer that fits what is asked of it now."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from styfie.errors import InputError, StyfieError
from styfie.looks import Look
from styfie.painting import Painting
from styfie.segmentation import find_segmenter, load_segmenter
from styfie.segmentation.protocols import PartSegmenter
from styfie.storage.extras import marked
from styfie.storage.openraster import eight_bits, png
from styfie.storage.results import cutout, result_pictures, write_folder
from styfie.styles import resolve_looks
from styfie.web.errors import NotFoundError
from styfie.web.jobs import ResultRequest
from styfie.web.messages import message
from styfie.web.work.history import forget
from styfie.web.work.paintings import PAINTING, PREVIEW, REGIONS, load, look_of, look_specs, save, unpainted
from styfie.web.workers import WorkerChannel

STROKES = ("strokes.json", "strokes.svg")


def current_painting(folder: Path, request: ResultRequest, styles: bool = False) -> Painting:
    """Regions as they are now with layers from the painting, from the preview, or none yet: the photo.

    With `styles` the looks have their style pictures, which only a sheet and a painting's file need.
    """
    base = load(folder / REGIONS)
    layers, looks = base.photo.repeat(len(base.regions.names), 1, 1, 1), {}
    asked = {name: request.looks[name] for name in base.regions.names if name in request.looks}
    for name, values in asked.items():
        found = _layer(folder, name, request, base.regions.size) if values.get("styles") else None
        if found is not None:
            layers[base.regions.index(name)], named = found
            looks[name] = look_of(values, named)
        elif not values.get("styles"):
            looks[name] = look_of(values)
    if styles and any(look.styles for look in looks.values()):
        full = look_specs(folder, {name: asked[name] for name in looks}, request.own, Path(request.drawn))
        looks = resolve_looks(full, max(base.regions.size))
    recipe = dict(load(folder / PAINTING).recipe) if request.painted else {}
    recipe["settings"] = {**recipe.get("settings", {}), **{name: request.settings[name] for name in ("radius", "lens")}}
    return replace(base, layers=layers, looks=looks, recipe=recipe)


def _layer(folder: Path, name: str, request: ResultRequest, size: tuple[int, int]) -> tuple[Tensor, Any] | None:
    """A region's layer (3, H, W) and its styles, if there is one of what is asked, at that size."""
    if name not in (*request.painted, *request.sketched):
        return None
    try:
        source = load(folder / (PAINTING if name in request.painted else PREVIEW))
    except StyfieError:
        return None
    look = source.looks.get(name)
    if look is None or not look.styles or source.regions.size != size:
        return None
    return source.layers[source.regions.index(name)], look.styles


def show_layer(
    _channel: WorkerChannel, folder: str, request: ResultRequest, name: str, values: dict[str, Any]
) -> bytes:
    """A region's layer as it is blended in the looks that are asked, with some of their values replaced, as PNG."""
    painting = current_painting(Path(folder), request)
    painting.regions.index(name)
    look = replace(painting.looks.get(name) or Look(), **values)
    if not look.painted:
        raise NotFoundError(message("error.region_unpainted", region=name))
    return png(eight_bits(painting.layer(name, look)))


def show_picture(_channel: WorkerChannel, folder: str, request: ResultRequest, name: str) -> bytes:
    """One picture of what is shown, as PNG."""
    if name == "sheet":
        with tempfile.TemporaryDirectory() as into:
            write_folder(current_painting(Path(folder), request, styles=True), Path(into))
            return (Path(into) / "sheet.png").read_bytes()
    painting = current_painting(Path(folder), request)
    if name == "cutout":
        return marked(painting, name, png(cutout(painting)))
    pictures = result_pictures(painting)
    if name not in pictures:
        raise InputError(message("error.no_picture", picture=name, known=", ".join((*pictures, "cutout", "sheet"))))
    return marked(painting, name, png(eight_bits(pictures[name])))


def show_all(_channel: WorkerChannel, folder: str, request: ResultRequest) -> bytes:
    """All pictures and `painting.ora` as ZIP."""
    held = io.BytesIO()
    with tempfile.TemporaryDirectory() as into, zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for file in write_folder(current_painting(Path(folder), request, styles=True), Path(into)):
            archive.write(file, file.name)
        for name in STROKES if request.painted else ():
            if (Path(folder) / name).is_file():
                archive.write(Path(folder) / name, name)
    return held.getvalue()


def show_ora(_channel: WorkerChannel, folder: str, request: ResultRequest) -> bytes:
    """What is shown as an OpenRaster file."""
    with tempfile.TemporaryDirectory() as into:
        write_folder(current_painting(Path(folder), request, styles=True), Path(into))
        return (Path(into) / PAINTING).read_bytes()


def soft(_channel: WorkerChannel, folder: str) -> bytes:
    """All that is needed to blend layers as `Painting.render` does, but photo and layers; little endian.

    Width, height, number of regions R and of soft pixels N (uint32 each); which region has the largest alpha at each
    pixel (uint8, filled up to a multiple of 4 bytes); and of the pixels that regions share, row by row: their places
    (N, uint32), alphas (R, N, float32), and the regions' foreground colours (R, 3, N, float32). Elsewhere the alpha is
    1 and the colours are the photo.
    """
    painting = load(Path(folder) / REGIONS)
    alpha = painting.regions.alpha
    places, colours = painting.boundary_colours(painting.photo, alpha)
    height, width = painting.regions.size
    head = struct.pack("<4I", width, height, len(alpha), len(places)) + alpha[:, 0].argmax(0).byte().numpy().tobytes()
    arrays = (places.int().numpy(), alpha.flatten(2)[:, 0, places].numpy(), colours.numpy())
    return head + bytes(-len(head) % 4) + b"".join(one.astype(one.dtype.newbyteorder("<")).tobytes() for one in arrays)


def parts_of(photo: Tensor, name: str) -> dict[str, Any]:
    """`parts`, names that may be split off the person by the segmenter called `name`, and `heads`: whose is where."""
    found = cast(PartSegmenter, load_segmenter(name)).parts(photo) if find_segmenter(name).parts else {}
    return {"parts": list(found), "heads": {one: [round(edge, 4) for edge in box] for one, box in found.items() if box}}


def take_size(folder: Path, painting: Painting) -> bool:
    """After a painting at another size the regions are those of the painting; whether it was another."""
    if load(folder / REGIONS).regions.size == painting.regions.size:
        return False
    save(unpainted(painting.photo, painting.regions), folder / REGIONS)
    forget(folder)
    return True
