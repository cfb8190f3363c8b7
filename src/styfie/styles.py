"""The style pictures of a run: from gallery names, files and pictures, one or several for a region."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from styfie.errors import InputError, MissingError
from styfie.gallery import BUILT_IN, GALLERY, PAIRS, draw
from styfie.gallery.masters import MASTERS, master_file
from styfie.gallery.techniques import TECHNIQUES, technique_file
from styfie.images import SUFFIXES, Picture, describe, read_matte, read_picture, same_proportions
from styfie.looks import Look, Style
from styfie.regions import BACKGROUND, SUBJECT

SAFETENSORS = ".safetensors"
LARGEST = 2048  # pixels of a style's longer side, at most: engines enlarge it where they work larger
DRAWN = 512  # pixels at which a gallery style is drawn for scales up to there, however large the painting


StyleInput = Look | Picture | None


def parse_styles(text: str) -> tuple[Style, ...]:
    """`STYLE[:WEIGHT][+STYLE[:WEIGHT]…]`; a gallery name or a file that is really called so is taken whole.

    Raises:
        InputError: an empty part, or a weight that is no number.
    """
    return (Style(text),) if _is_name(text) else tuple(_parse_one(part, text) for part in text.split("+"))


def _parse_one(part: str, text: str) -> Style:
    name, colon, weight = part.rpartition(":")
    if part and (not colon or _is_name(part)):
        return Style(part)
    number = _number(weight)
    if name and number is not None:
        return Style(name, weight=number)
    if name and not _is_name(name):
        return Style(part)  # a colon of the name's own: loading it says whether there is such a file
    raise InputError(f"The style {text!r} came: STYLE, or STYLE:WEIGHT+STYLE:WEIGHT with numbers above 0, is wanted.")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_name(name: str) -> bool:
    return name in BUILT_IN or (name != "" and os.path.exists(name))  # noqa: PTH110 - it takes names of any length


def resolve_looks(looks: Mapping[str, StyleInput], longest: int) -> dict[str, Look]:
    """Looks with their styles loaded for a painting of `longest` pixels; the gallery's first pair if there is no style.

    Raises:
        InputError, MissingError: as `load_styles`.
    """
    if not any(_has_style(one) for one in looks.values()):
        pair = zip((SUBJECT, BACKGROUND), PAIRS[0], strict=True)
        looks = {**looks, **{name: replace(_look(looks.get(name)), styles=(Style(one),)) for name, one in pair}}
    return {name: _resolve(one, longest) for name, one in looks.items() if one is not None}


def style_files(looks: Mapping[str, StyleInput]) -> list[Path]:
    """The files that style pictures, their masks and per-style networks are read from.

    Raises:
        InputError: a text that is no style, as `parse_styles`.
    """
    return [Path(one) for each in looks.values() for one in _read_for(each) if isinstance(one, str | Path)]


def _read_for(one: StyleInput) -> Iterator[object]:
    """Where the styles of one region are from, whatever that is."""
    if one is None or not isinstance(one, Look | str):
        yield one
        return
    for style in parse_styles(one) if isinstance(one, str) else one.styles:
        yield from (style.mask, style.network)
        if not (isinstance(source := _source(style), str) and source in GALLERY):
            yield source


def _has_style(one: StyleInput) -> bool:
    return bool(one.styles) if isinstance(one, Look) else one is not None


def _look(one: StyleInput) -> Look:
    """What is asked besides a style."""
    return one if isinstance(one, Look) else Look()


def _resolve(one: Look | Picture, longest: int) -> Look:
    if not isinstance(one, Look):
        return Look(load_styles(one, longest))
    if all(style.loaded for style in one.styles):
        return one
    side = round(longest * max(1.0, one.stroke))  # a broad stroke is a style seen larger than the painting
    return replace(one, styles=tuple(_load(style, side) for style in one.styles))


def load_styles(source: Picture, longest: int) -> tuple[Style, ...]:
    """The styles that a picture, or a text as for `parse_styles`, stands for, each `longest` pixels on its longer side.

    Raises:
        InputError: as `parse_styles` and `read_picture`.
        MissingError: neither a gallery name nor a file.
    """
    if isinstance(source, str):
        return tuple(_load(style, longest) for style in parse_styles(source))
    return (load_style(source, longest),)


def load_style(source: Picture, longest: int) -> Style:
    """A style from a gallery name, drawn `longest` pixels wide, or from a picture or a master, as large as that is.

    A file of `styfie train style` holds both a picture and its network.

    Neither has more than `LARGEST` pixels on its longer side; engines bring both to the size they work at.

    Raises:
        MissingError: neither a gallery name nor a file.
        InputError: a file that holds neither a picture nor a per-style network.
    """
    if isinstance(source, str) and source in GALLERY:
        side = min(longest, LARGEST)
        small = draw(source, DRAWN, DRAWN) if side > DRAWN else None
        return Style(source, draw(source, side, side), small=small)
    if isinstance(source, str) and source in MASTERS:
        return Style(source, read_picture(master_file(source)))
    if isinstance(source, str) and source in TECHNIQUES:
        return Style(source, read_picture(technique_file(source)))
    if isinstance(source, str | Path) and not os.path.exists(source):  # noqa: PTH110 - as above
        if Path(source).suffix.lower() in SUFFIXES:
            raise MissingError(f"There is no style picture {source}.")
        raise MissingError(
            f"There is no style {str(source)!r}: a picture file or one of {', '.join(BUILT_IN)} is wanted."
        )
    if isinstance(source, str | Path) and Path(source).suffix == SAFETENSORS:
        from styfie.engines.per_style.files import read_per_style

        return Style(describe(source), read_per_style(Path(source)).picture, network=Path(source))
    return Style(describe(source), read_picture(source, LARGEST, enlarge=False))


def _load(style: Style, longest: int) -> Style:
    """A style with picture and mask read, in its name and weight."""
    if style.loaded:
        return style
    found = style if isinstance(style.source, Tensor) else load_style(_source(style), longest)
    name = found.name if style.source is None else style.name  # of a file never its folder
    alpha = None if style.mask is None else _read_mask(style.mask, found)
    return replace(found, name=name, weight=style.weight, mask=alpha)


def _source(style: Style) -> Picture:
    return style.name if style.source is None else style.source


def _read_mask(mask: Picture, style: Style) -> Tensor:
    """A mask on a style picture (1, 1, H, W), of its size, in the 255ths that a painting's file keeps.

    Raises:
        InputError: no mask that can be read, other proportions than the picture's, or nothing inside.
    """
    height, width = style.picture.shape[-2:]
    if not isinstance(mask, Tensor):
        own = read_picture(mask)
        across, down = own.shape[-1], own.shape[-2]
        if not same_proportions((down, across), (height, width)):
            raise InputError(
                f"The mask {describe(mask)} is {across}x{down} and the style picture {style.name} {width}x{height}: "
                "a mask of the same proportions is wanted."
            )
    matte = read_matte(mask, (height, width))
    if float(matte.max()) < 0.5:
        raise InputError(f"The mask {describe(mask)} of the style {style.name} has nothing inside: white marks it.")
    return (matte * 255).round() / 255
