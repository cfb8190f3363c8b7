"""One file holds a run: OpenRaster, a ZIP that Krita and GIMP open, with the recipe inside.

Layers are stored as painted, with the alpha that makes ordinary "over" blending give the same picture as
`Painting.render` at full strength in the styles' own colours; the mattes themselves, the photo and the styles lie
beside them for Styfie to read back.
Specification: https://www.openraster.org (baseline 0.0.6).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
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


def write_painting(painting: Painting, file: Path) -> None:
    """Write the whole painting; `OSError` is the caller's to explain."""
    both = to_image(painting.render())
    small = both.copy()
    small.thumbnail((256, 256))
    with zipfile.ZipFile(file, "w") as archive:
        _put(archive, "mimetype", MIMETYPE.encode())
        _put(archive, "stack.xml", _stack(painting))
        _put(archive, "mergedimage.png", _png(both))
        _put(archive, "Thumbnails/thumbnail.png", _png(small))
        _put(archive, "data/photo.png", _png(to_image(painting.photo)))
        for i, shown in enumerate(_over_alphas(painting.regions.alpha)):
            _put(archive, f"data/layer{i}.png", _png(to_image(painting.layers[i : i + 1], shown)))
            _put(archive, f"styfie/matte{i}.png", _png(to_image(painting.regions.alpha[i : i + 1])))
        for name, look in painting.looks.items():
            at = painting.regions.index(name)
            for n, style in enumerate(look.styles):
                _put(archive, f"styfie/style{at}-{n}.png", _png(to_image(style.picture)))
                if style.alpha is not None:
                    _put(archive, f"styfie/style{at}-{n}-mask.png", _png(to_image(style.alpha)))
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
            alpha = torch.cat([_tensor(archive, f"styfie/matte{i}.png")[:, :1] for i in count])
            looks = {name: _look(archive, i, recipe["looks"].get(name)) for i, name in enumerate(names)}
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError):
        raise InputError(f"{file.name} is no painting of Styfie's, or damaged: a painting.ora is wanted.") from None
    parts = alpha / alpha.sum(0, keepdim=True).clamp_min(1e-6)
    regions = Regions(tuple(names), parts, tuple(recipe["score"]), tuple(recipe["sides"]))
    return Painting(photo, regions, layers, looks, {k: v for k, v in recipe.items() if k not in _OWN})


def region_names(file: Path) -> tuple[str, ...]:
    """The regions of a painting's file; none if there is no painting."""
    try:
        with zipfile.ZipFile(file) as archive:
            return tuple(json.loads(archive.read("styfie/recipe.json"))["regions"])
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError):
        return ()


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
        alpha = _tensor(archive, mask)[:, :1] if mask in held else None
        styles.append(Style(style["name"], _tensor(archive, f"styfie/style{at}-{n}.png"), style["weight"], alpha))
    return Look(tuple(styles), **{field: saved[field] for field in _LOOK})


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


def _png(image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, "PNG", compress_level=4)
    return held.getvalue()


def _tensor(archive: zipfile.ZipFile, name: str) -> Tensor:
    """A stored picture as (1, 3, H, W); its alpha is left out, colours under it are kept."""
    with Image.open(io.BytesIO(archive.read(name))) as image:
        pixels = np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"), np.float32)[..., :3]
    return torch.from_numpy(pixels / 255).permute(2, 0, 1)[None].contiguous()
