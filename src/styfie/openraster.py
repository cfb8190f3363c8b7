"""One file holds a run: OpenRaster, a ZIP that Krita and GIMP open, with the recipe inside.

Layers are stored as painted, with the alpha that makes ordinary "over" blending give the same picture as
`Painting.render` at full strength in the styles' own colours; the mattes themselves, the photo, the styles, and depth
and faces where they are known lie beside them for Styfie to read back.
Specification: https://www.openraster.org (baseline 0.0.6).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styfie.errors import InputError, MissingError
from styfie.images import to_image
from styfie.looks import Look, Style
from styfie.regions import Regions

if TYPE_CHECKING:
    from styfie.painting import Painting

MIMETYPE = "image/openraster"
EPOCH = (1980, 1, 1, 0, 0, 0)  # no time of day: the same run gives the same bytes
LEVELS, FINE = 255, 65_535  # of mattes and faces; of depth, in which 255 steps show as terraces


def as_stored(regions: Regions) -> Regions:
    """The regions in the levels that the file holds: painted from these, a recipe finds the very same ones again.

    The running sum over regions is rounded, so that the rounded alphas sum to 1 and none is off by more than a level.
    """
    sums = (regions.alpha.cumsum(0) * LEVELS).round()
    alpha = torch.diff(sums, dim=0, prepend=torch.zeros_like(sums[:1])).clamp_min(0) / LEVELS
    face = None if regions.face is None else (regions.face.clamp(0, 1) * LEVELS).round() / LEVELS
    depth = None if regions.depth is None else (regions.depth.clamp(0, 1) * FINE).round() / FINE
    return replace(regions, alpha=alpha, face=face, depth=depth)


def write_painting(painting: Painting, file: Path, level: int = 4) -> None:
    """Write the whole painting, PNG packed at `level` 0 to 9; `OSError` is the caller's to explain."""
    both = to_image(painting.render())
    small = both.copy()
    small.thumbnail((256, 256))
    with zipfile.ZipFile(file, "w") as archive:
        _put(archive, "mimetype", MIMETYPE.encode())
        _put(archive, "stack.xml", _stack(painting))
        _put(archive, "mergedimage.png", _png(both, level))
        _put(archive, "Thumbnails/thumbnail.png", _png(small, level))
        _put(archive, "data/photo.png", _png(to_image(painting.photo), level))
        for i, shown in enumerate(_over_alphas(painting.regions.alpha)):
            _put(archive, f"data/layer{i}.png", _png(to_image(painting.layers[i : i + 1], shown), level))
            _put(archive, f"styfie/matte{i}.png", _png(to_image(painting.regions.alpha[i : i + 1]), level))
        if painting.regions.face is not None:
            _put(archive, "styfie/face.png", _png(to_image(painting.regions.face), level))
        if painting.regions.depth is not None:
            _put(archive, "styfie/depth.png", _png(_sixteen_bits(painting.regions.depth), level))
        for name, look in painting.looks.items():
            at = painting.regions.index(name)
            for n, style in enumerate(look.styles):
                _put(archive, f"styfie/style{at}-{n}.png", _png(to_image(style.picture), level))
                if style.alpha is not None:
                    _put(archive, f"styfie/style{at}-{n}-mask.png", _png(to_image(style.alpha), level))
        _put(archive, "styfie/recipe.json", json.dumps(_described(painting), indent=1, sort_keys=True).encode())


def read_painting(file: Path) -> Painting:
    """Read what `write_painting` wrote; colours are 8 bit.

    Raises:
        MissingError: no such file.
        InputError: no painting of Styfie's, or a damaged one.
    """
    from styfie.painting import Painting

    if not file.is_file():
        raise MissingError(f"There is no file {file}.")
    try:
        with zipfile.ZipFile(file) as archive:
            recipe = json.loads(archive.read("styfie/recipe.json"))
            names: list[str] = recipe["regions"]
            count = range(len(names))
            photo = _tensor(archive, "data/photo.png")
            layers = torch.cat([_tensor(archive, f"data/layer{i}.png") for i in count])
            alpha = torch.cat([_matte(archive, f"styfie/matte{i}.png") for i in count])
            held = set(archive.namelist())
            face, depth = (_matte(archive, n) if n in held else None for n in ("styfie/face.png", "styfie/depth.png"))
            looks = {name: _look(archive, i, recipe["looks"].get(name)) for i, name in enumerate(names)}
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError):
        raise InputError(f"{file.name} is no painting of Styfie's, or damaged: a painting.ora is wanted.") from None
    total = alpha.sum(0, keepdim=True)
    parts = torch.where((total - 1).abs() < 0.5 / LEVELS, alpha, alpha / total.clamp_min(1e-6))
    regions = Regions(tuple(names), parts, tuple(recipe["score"]), tuple(recipe["sides"]), face, depth)
    return Painting(photo, regions, layers, looks, {k: v for k, v in recipe.items() if k not in _OWN})


def stored_recipe(file: Path) -> Mapping[str, Any]:
    """The recipe alone of a painting's file; empty if there is no painting."""
    try:
        with zipfile.ZipFile(file) as archive:
            found = json.loads(archive.read("styfie/recipe.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def region_names(file: Path) -> tuple[str, ...]:
    """The regions of a painting's file; none if there is no painting."""
    names = stored_recipe(file).get("regions", ())
    return tuple(names) if isinstance(names, list) else ()


_LOOK = ("strength", "color", "stroke", "likeness", "graded")  # the fields of a look that are plain values
_OWN = ("regions", "score", "sides", "looks")  # in the file's recipe, but fields of their own in a Painting


def _described(painting: Painting) -> Mapping[str, Any]:
    looks = {
        name: {"styles": [{"name": s.name, "weight": s.weight} for s in look.styles]}
        | {field: getattr(look, field) for field in _LOOK}
        for name, look in painting.looks.items()
    }
    return {
        **painting.recipe,
        "regions": painting.regions.names,
        "score": [round(s, 4) for s in painting.regions.score],
        "sides": painting.regions.sides,
        "looks": looks,
    }


def _look(archive: zipfile.ZipFile, at: int, saved: Mapping[str, Any] | None) -> Look:
    if not saved:
        return Look()
    held, styles = set(archive.namelist()), []
    for n, style in enumerate(saved["styles"]):
        mask = f"styfie/style{at}-{n}-mask.png"
        alpha = _matte(archive, mask) if mask in held else None
        styles.append(Style(style["name"], _tensor(archive, f"styfie/style{at}-{n}.png"), style["weight"], alpha))
    return Look(tuple(styles), **{field: saved[field] for field in _LOOK if field in saved})


def _over_alphas(alpha: Tensor) -> Iterator[Tensor]:
    """For each region the alpha (1, 1, H, W) with which "over", first region on top, equals the weighted sum."""
    left = torch.ones_like(alpha[:1])
    for one in alpha.split(1):
        yield torch.where(left > 1e-4, one / left.clamp_min(1e-4), 1.0).clamp(0, 1)
        left = left - one


def _stack(painting: Painting) -> bytes:
    """stack.xml: the first region on top, the photo at the bottom."""
    height, width = painting.regions.size
    image = ElementTree.Element("image", version="0.0.3", w=str(width), h=str(height))
    stack = ElementTree.SubElement(image, "stack")
    for i, name in enumerate(painting.regions.names):
        ElementTree.SubElement(stack, "layer", name=name, src=f"data/layer{i}.png", x="0", y="0")
    ElementTree.SubElement(stack, "layer", name="photo", src="data/photo.png", x="0", y="0")
    found: bytes = ElementTree.tostring(image, encoding="UTF-8", xml_declaration=True)
    return found


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Stored, not packed again: PNG is packed already, and the format wants its first entry stored."""
    archive.writestr(zipfile.ZipInfo(name, EPOCH), data)


def _png(image: Image.Image, level: int) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG", compress_level=level)
    return held.getvalue()


def _sixteen_bits(matte: Tensor) -> Image.Image:
    return Image.fromarray((matte[0, 0].clamp(0, 1) * FINE).round().cpu().numpy().astype(np.uint16))


def _matte(archive: zipfile.ZipFile, name: str) -> Tensor:
    """A stored grey picture of 8 or 16 bits as (1, 1, H, W)."""
    with Image.open(io.BytesIO(archive.read(name))) as image:
        fine = image.mode.startswith("I")
        pixels = np.asarray(image if fine else image.convert("L"), np.float32)
    return torch.from_numpy(pixels)[None, None] / (FINE if fine else LEVELS)


def _tensor(archive: zipfile.ZipFile, name: str) -> Tensor:
    """A stored picture as (1, 3, H, W); its alpha is left out, colours under it are kept."""
    with Image.open(io.BytesIO(archive.read(name))) as image:
        pixels = np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"), np.float32)[..., :3]
    return torch.from_numpy(pixels / 255).permute(2, 0, 1)[None].contiguous()
