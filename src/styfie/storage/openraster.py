"""One file holds a run: OpenRaster, a ZIP that Krita and GIMP open, with the recipe inside.

Layers are stored as painted, with the alpha that makes ordinary "over" blending give the same picture as
`Painting.render` at full strength, sharp, in the styles' own colours; the mattes themselves, the regions' foreground
colours in soft pixels, the photo, the styles, and depth and faces where they are known lie beside them for Styfie to
read back, as do layers painted without the others, where an engine made such.
Specification: https://www.openraster.org (baseline 0.0.6).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar
from xml.etree import ElementTree

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor

from styfie.errors import InputError, MissingError
from styfie.images import write_png
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import NAME, Regions
from styfie.segmentation.colours import BoundaryColours
from styfie.storage.stored import LOOK_FIELDS, OLD_FIELDS, check_recipe
from styfie.storage.xmp import SourceType, mark_png, recipe_hash, xmp_packet

MOST_PIXELS = 16_384**2  # of the largest size that can be asked for
MIMETYPE = "image/openraster"
RECIPE = "styfie/recipe.json"
XMP = "META-INF/metadata.xml"  # where formats that are ZIP archives hold it
BOUNDARY = "styfie/soft.png"  # a row per region, a column per pixel that regions share: what they look like there
EPOCH = (1980, 1, 1, 0, 0, 0)  # no time of day: the same run gives the same bytes
ROWS = 64  # that are turned into 8 bits at a time
THREADS = 2  # that pack and unpack: more would hold more of a large painting at once
HeightWidth = tuple[int, int]  # height and width
T = TypeVar("T")
U = TypeVar("U")
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


def write_painting(
    painting: Painting,
    file: Path,
    both: tuple[Image.Image, bytes] | None = None,
    like: Path | None = None,
) -> None:
    """Write the whole painting; `OSError` is the caller's to explain.

    Args:
        painting: what to write.
        file: where to.
        both: the painting's picture in 8 bits, and as PNG with its mark, where it is known already.
        like: the file of a painting that differs in looks and recipe alone: all else is copied from there.
    """
    image, merged = both or _both(painting)
    small = image.copy()
    small.thumbnail((256, 256))
    packet = packet_of(painting)
    with contextlib.ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(file, "w"))
        source = stack.enter_context(zipfile.ZipFile(like)) if like else None
        held = set(source.namelist()) if source else set()
        _put(archive, "mimetype", MIMETYPE.encode())
        _put(archive, "stack.xml", _stack(painting))
        _put(archive, "mergedimage.png", merged)
        _put(archive, "Thumbnails/thumbnail.png", png(small))

        def packed(entry: tuple[str, Callable[[], Image.Image]]) -> tuple[str, bytes]:
            name, make = entry
            return name, source.read(name) if source and name in held else png(make())

        for name, data in in_threads(packed, _pictures(painting)):
            _put(archive, name, data)
        _put(archive, RECIPE, recipe_bytes(painting))
        if packet:
            _put(archive, XMP, packet)


def recipe_bytes(painting: Painting) -> bytes:
    """A painting's recipe as it stands in its file."""
    return json.dumps(recipe_of(painting), indent=1, sort_keys=True).encode()


def packet_of(painting: Painting, kind: SourceType = SourceType.PAINTED) -> bytes:
    """The XMP packet of a painting's pictures, with its recipe's hash; empty where its settings ask for no mark."""
    settings = painting.recipe.get("settings")
    marked = settings.get("mark", True) if isinstance(settings, Mapping) else True
    return xmp_packet(kind, recipe_hash(recipe_bytes(painting))) if marked else b""


def _both(painting: Painting) -> tuple[Image.Image, bytes]:
    image = eight_bits(painting.render())
    packet = packet_of(painting)
    return image, mark_png(png(image), packet) if packet else png(image)


def _pictures(painting: Painting) -> Iterator[tuple[str, Callable[[], Image.Image]]]:
    """The entries that no strength, colour or blur of a look changes, and how each is made."""
    regions, looks = painting.regions, painting.looks
    yield "data/photo.png", partial(eight_bits, painting.photo)
    for i in range(len(regions.names)):
        yield f"data/layer{i}.png", partial(_layer, painting, i)
        yield f"styfie/matte{i}.png", partial(eight_bits, regions.alpha[i : i + 1])
        if painting.alone is not None:
            yield f"styfie/alone{i}.png", partial(eight_bits, painting.alone[i : i + 1])
    if (colours := painting.boundary_colours.rounded).shape[-1]:
        yield BOUNDARY, partial(eight_bits, colours.transpose(0, 1)[None])
    if regions.face is not None:
        yield "styfie/face.png", partial(eight_bits, regions.face)
    if regions.depth is not None:
        yield "styfie/depth.png", partial(_sixteen_bits, regions.depth)
    for at, n, style in [(regions.index(name), n, s) for name in looks for n, s in enumerate(looks[name].styles)]:
        yield _style_entry(at, n), partial(eight_bits, style.picture)
        if style.alpha is not None:
            yield f"styfie/style{at}-{n}-mask.png", partial(eight_bits, style.alpha)


def _layer(painting: Painting, at: int) -> Image.Image:
    return eight_bits(painting.layers[at : at + 1], _over_alpha(painting.weights, at))


def read_painting(file: Path, styles: bool = True) -> Painting:
    """Read what `write_painting` wrote; colours are 8 bit.

    Without `styles` their pictures are black and take neither time nor memory: blending does not ask for them, and
    `write_painting` and `results.write_folder` take them from the file that the painting is `like`.

    Raises:
        MissingError: no such file.
        InputError: no painting of Styfie's, or a damaged one.
    """
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names
        raise MissingError(f"There is no file {file}.")
    soft = BoundaryColours()
    try:
        with contextlib.ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(file))
            pictures = stack.enter_context(contextlib.closing(_Pictures(archive, styles)))
            recipe = check_recipe(json.loads(archive.read(RECIPE)))
            names: list[str] = recipe["regions"]
            photo = pictures.colour("data/photo.png")
            regions = _regions(pictures, recipe)
            if regions.size != (photo.shape[-2], photo.shape[-1]):
                raise ValueError("regions of another size than the photo")
            if BOUNDARY in pictures:
                soft.set_inputs(photo, regions.alpha, pictures.colour(BOUNDARY)[0].transpose(0, 1))
            layers = photo.new_empty(len(names), *photo.shape[1:])
            for i in range(len(names)):
                pictures.colour(f"data/layer{i}.png", layers[i : i + 1])
            alone = None
            if "styfie/alone0.png" in pictures:
                alone = torch.cat([pictures.colour(f"styfie/alone{i}.png") for i in range(len(names))])
                if alone.shape != layers.shape:
                    raise ValueError("layers of another size than the photo")
            looks = {name: _look(pictures, i, recipe["looks"].get(name)) for i, name in enumerate(names)}
    except Exception:  # a damaged file makes its readers raise whatever they like
        raise InputError(f"{file.name} is no painting of Styfie's, or damaged: a painting.ora is wanted.") from None
    rest = {k: v for k, v in recipe.items() if k not in _PAINTING_FIELDS}
    return Painting(photo, regions, layers, looks, rest, soft, alone=alone)


def _regions(pictures: _Pictures, recipe: Mapping[str, Any]) -> Regions:
    names = tuple(recipe["regions"])
    alpha = torch.cat([pictures.matte(f"styfie/matte{i}.png") for i in range(len(names))])
    face, depth = (pictures.matte(n) if n in pictures else None for n in ("styfie/face.png", "styfie/depth.png"))
    total = alpha.sum(0, keepdim=True)
    off = (total - 1).abs() >= 0.5 / LEVELS
    if off.any():  # another program's
        alpha = torch.where(off, alpha / total.clamp_min(1e-6), alpha)
    return Regions(names, alpha, tuple(recipe["score"]), tuple(recipe["sides"]), face, depth)


def stored_style(file: Path, at: int, number: int) -> Image.Image:
    """The picture of one style of the region that stands `at`, in a painting's file.

    Raises:
        InputError: it is damaged.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            image = open_png(io.BytesIO(archive.read(_style_entry(at, number))))
        image.load()
    except Exception:  # likewise
        raise InputError(f"A style's picture in {file.name} is damaged: a whole painting.ora is wanted.") from None
    return image


def stored_recipe(file: Path) -> Mapping[str, Any]:
    """The recipe alone of a painting's file; empty if there is no painting."""
    if not os.path.isfile(file):  # noqa: PTH113 - Path's raises of some names; a pipe would be waited for
        return {}
    try:
        with zipfile.ZipFile(file) as archive:
            found = json.loads(archive.read(RECIPE))
    except Exception:  # likewise
        return {}
    return found if isinstance(found, dict) else {}


def region_names(file: Path) -> tuple[str, ...]:
    """The regions of a painting's file; none if there is no painting."""
    names = stored_recipe(file).get("regions", ())
    # A name that is no region's is no file's either: results are named by them.
    return tuple(n for n in names if isinstance(n, str) and NAME.fullmatch(n)) if isinstance(names, list) else ()


_PAINTING_FIELDS = ("regions", "score", "sides", "looks")  # in the file's recipe, but fields of their own in a Painting


def recipe_of(painting: Painting) -> Mapping[str, Any]:
    """A painting's recipe, as it stands in its file: with its regions and looks."""
    looks = {
        name: {"styles": [{"name": s.name, "weight": s.weight} for s in look.styles]}
        | {field: getattr(look, field) for field in LOOK_FIELDS}
        for name, look in painting.looks.items()
    }
    return {
        **painting.recipe,
        "regions": painting.regions.names,
        "score": [round(s, 4) for s in painting.regions.score],
        "sides": painting.regions.sides,
        "looks": looks,
    }


def _look(pictures: _Pictures, at: int, saved: Mapping[str, Any] | None) -> Look:
    if not saved:
        return Look()
    styles = []
    for n, style in enumerate(saved["styles"]):
        mask = f"styfie/style{at}-{n}-mask.png"
        alpha = pictures.matte(mask) if mask in pictures else None
        styles.append(Style(style["name"], pictures.colour(_style_entry(at, n)), style["weight"], alpha))
    saved = {OLD_FIELDS.get(field, field): value for field, value in saved.items()}
    return Look(tuple(styles), **{field: saved[field] for field in LOOK_FIELDS if field in saved})


def _style_entry(at: int, number: int) -> str:
    return f"styfie/style{at}-{number}.png"


def _over_alpha(alpha: Tensor, at: int) -> Tensor:
    """The alpha (1, 1, H, W) of a region with which "over", first region on top, equals the weighted sum."""
    left = torch.ones_like(alpha[:1])
    for one in alpha[:at].split(1) if at else ():
        left -= one
    return torch.where(left > 1e-4, alpha[at : at + 1] / left.clamp_min(1e-4), 1.0).clamp_(0, 1)


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


def png(image: Image.Image) -> bytes:
    """A picture as PNG."""
    held = io.BytesIO()
    write_png(image, held)
    return held.getvalue()


def eight_bits(picture: Tensor, alpha: Tensor | None = None) -> Image.Image:
    """As `to_image`, some rows at a time: what stands between is never as large as the picture."""
    parts = [picture[0]] if alpha is None else [picture[0], alpha[0]]
    pixels = np.empty((*picture.shape[-2:], sum(len(part) for part in parts)), np.uint8)
    found, first = torch.from_numpy(pixels), 0
    for part in parts:
        for top in range(0, len(pixels), ROWS):
            rows = part[:, top : top + ROWS].clamp(0, 1).mul_(255).round_()
            found[top : top + ROWS, :, first : first + len(part)] = rows.permute(1, 2, 0)
        first += len(part)
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def in_threads(work: Callable[[T], U], given: Iterable[T]) -> Generator[U, None, None]:
    """`map` in `THREADS` threads, with no more results waiting than there are threads: PNG lets go of Python's lock."""
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for one in given:
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, one))
        while waiting:
            yield waiting.popleft().result()


def _sixteen_bits(matte: Tensor) -> Image.Image:
    return Image.fromarray((matte[0, 0].clamp(0, 1) * FINE).round().cpu().numpy().astype(np.uint16))


class _Pictures:
    """The pictures of an archive, decoded in threads ahead of being asked for: layers after all but the styles."""

    def __init__(self, archive: zipfile.ZipFile, styles: bool) -> None:
        names = [n for n in archive.namelist() if n.startswith(("data/", "styfie/")) and n.endswith(".png")]
        names.sort(key=lambda name: (name.startswith("styfie/style"), name.startswith("data/layer")))
        self._names = frozenset(names)
        self._decoded = in_threads(
            lambda name: (name, _opened(archive, name, load=styles or not name.startswith("styfie/style"))), names
        )
        self._loaded: dict[str, Image.Image | HeightWidth] = {}

    def close(self) -> None:
        """Decode no more."""
        self._decoded.close()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Image.Image | HeightWidth:
        """The picture, once.

        Raises:
            KeyError: there is none of that name.
        """
        while name in self._names and name not in self._loaded:
            found, image = next(self._decoded)
            self._loaded[found] = image
        return self._loaded.pop(name)

    def matte(self, name: str) -> Tensor:
        """A grey picture of 8 or 16 bits as (1, 1, H, W)."""
        image = self[name]
        if isinstance(image, tuple):
            return torch.zeros(()).expand(1, 1, *image)
        fine = image.mode.startswith("I")
        pixels = np.asarray(image if fine else image.convert("L"), np.float32)
        return torch.from_numpy(pixels)[None, None] / (FINE if fine else LEVELS)

    def colour(self, name: str, into: Tensor | None = None) -> Tensor:
        """A picture as (1, 3, H, W), or put there; its alpha is left out, colours under it are kept."""
        image = self[name]
        if isinstance(image, tuple):
            return torch.zeros(()).expand(1, 3, *image)
        pixels = np.array(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"))
        planes = torch.from_numpy(pixels).permute(2, 0, 1)[None, :3]
        if into is not None and into.shape[-2:] != planes.shape[-2:]:
            raise ValueError("a layer of another size than the photo")  # which copying would make of any
        found = torch.empty(planes.shape) if into is None else into
        return found.copy_(planes).div_(LEVELS)


def open_png(file: Path | IO[bytes]) -> Image.Image:
    """A picture that Styfie wrote: it may have more pixels than Pillow takes from anywhere, but no more than we write.

    Raises:
        ValueError, OSError, SyntaxError: it is no such picture.
    """
    image = PngImagePlugin.PngImageFile(file)
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise ValueError(f"{image.width} x {image.height} pixels")
    return image


def _opened(archive: zipfile.ZipFile, name: str, load: bool) -> Image.Image | HeightWidth:
    """A picture of an archive, or only its height and width."""
    with open_png(io.BytesIO(archive.read(name))) as image:
        if not load:
            return image.height, image.width
        image.load()
        return image
