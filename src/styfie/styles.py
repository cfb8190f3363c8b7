"""The style pictures of a run: from gallery names, files and pictures, one or several for a region."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import Tensor

from styfie.errors import InputError, MissingError
from styfie.gallery import BUILT_IN, GALLERY, PAIRS, draw
from styfie.gallery.masters import MASTERS, master_file
from styfie.gallery.techniques import TECHNIQUES, technique_file
from styfie.images import SUFFIXES, Picture, describe, fit_size, read_matte, read_picture, resize, same_proportions
from styfie.looks import Look, Style
from styfie.regions import BACKGROUND, SUBJECT

SAFETENSORS = ".safetensors"
LARGEST = 2048  # pixels of a style's longer side, at most: engines enlarge it where they work larger
DRAWN = 512  # pixels at which a gallery style is drawn for scales up to there, however large the painting


@dataclass(frozen=True, eq=False)
class StyleSource:
    """Where a style is from: its picture is loaded when the size of the painting is known.

    `picture` is a gallery name, a picture of any kind, or a style loaded before, at whatever size; `mask` marks
    the part of it that counts, white = inside.
    """

    picture: Picture | Style
    weight: float = 1.0
    mask: Picture | None = None


@dataclass(frozen=True, eq=False)
class LookSpec:
    """What is asked of one region before its style pictures are loaded; `look` is all the rest, its styles unused."""

    styles: tuple[StyleSource, ...] = ()
    look: Look = field(default_factory=Look)


StyleInput = Look | LookSpec | Picture | None


def parse_styles(text: str) -> tuple[StyleSource, ...]:
    """`STYLE[:WEIGHT][+STYLE[:WEIGHT]…]`; a gallery name or a file that is really called so is taken whole.

    Raises:
        InputError: an empty part, or a weight that is no number.
    """
    return (StyleSource(text),) if _is_name(text) else tuple(_parse_one(part, text) for part in text.split("+"))


def _parse_one(part: str, text: str) -> StyleSource:
    name, colon, weight = part.rpartition(":")
    if part and (not colon or _is_name(part)):
        return StyleSource(part)
    number = _number(weight)
    if name and number is not None:
        return StyleSource(name, number)
    if name and not _is_name(name):
        return StyleSource(part)  # a colon of the name's own: loading it says whether there is such a file
    raise InputError(f"The style {text!r} came: STYLE, or STYLE:WEIGHT+STYLE:WEIGHT with numbers above 0, is wanted.")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_name(name: str) -> bool:
    return name in BUILT_IN or (name != "" and os.path.exists(name))  # noqa: PTH110 - it takes names of any length


def resolve_looks(looks: Mapping[str, StyleInput], longest: int) -> dict[str, Look]:
    """Looks with their pictures loaded, at most `longest` pixels; the gallery's first pair if none has a style.

    Raises:
        InputError, MissingError: as `load_styles`.
    """
    if not any(_has_style(one) for one in looks.values()):
        pair = zip((SUBJECT, BACKGROUND), PAIRS[0], strict=True)
        looks = {**looks, **{n: LookSpec((StyleSource(s),), _rest(looks.get(n))) for n, s in pair}}
    return {name: _resolve(one, longest) for name, one in looks.items() if one is not None}


def style_files(looks: Mapping[str, StyleInput]) -> list[Path]:
    """The files that style pictures, their masks and per-style networks are read from.

    Raises:
        InputError: a text that is no style, as `parse_styles`.
    """
    return [Path(one) for each in looks.values() for one in _read_for(each) if isinstance(one, str | Path)]


def _read_for(one: StyleInput) -> Iterator[object]:
    """Where the styles of one region are from, whatever that is."""
    if isinstance(one, Look):
        yield from (style.network for style in one.styles)
        return
    if isinstance(one, LookSpec):
        sources = one.styles
    elif isinstance(one, str):
        sources = parse_styles(one)
    else:
        sources = () if one is None else (StyleSource(one),)
    for source in sources:
        yield source.mask
        if isinstance(source.picture, Style):
            yield source.picture.network
        elif not (isinstance(source.picture, str) and source.picture in GALLERY):
            yield source.picture


def _has_style(one: StyleInput) -> bool:
    return bool(one.styles) if isinstance(one, Look | LookSpec) else one is not None


def _rest(one: StyleInput) -> Look:
    """What is asked besides the styles."""
    return one if isinstance(one, Look) else one.look if isinstance(one, LookSpec) else Look()


def _resolve(one: Look | LookSpec | Picture, longest: int) -> Look:
    if isinstance(one, Look):
        return one
    if isinstance(one, LookSpec):
        side = round(longest * max(1.0, one.look.stroke))  # a broad stroke is a style seen larger than the painting
        return replace(one.look, styles=tuple(_load(source, side) for source in one.styles))
    return Look(load_styles(one, longest))


def load_styles(source: Picture, longest: int) -> tuple[Style, ...]:
    """The styles that a picture, or a text as for `parse_styles`, stands for, each `longest` pixels on its longer side.

    Raises:
        InputError: as `parse_styles` and `read_picture`.
        MissingError: neither a gallery name nor a file.
    """
    asked = parse_styles(source) if isinstance(source, str) else (StyleSource(source),)
    return tuple(_load(one, longest) for one in asked)


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


def _load(source: StyleSource, longest: int) -> Style:
    if isinstance(source.picture, Style):
        stored = source.picture.picture
        size = fit_size((stored.shape[-2], stored.shape[-1]), min(LARGEST, max(stored.shape[-2:])))
        style = Style(source.picture.name, resize(stored, size))
    else:
        style = load_style(source.picture, longest)
    alpha = None if source.mask is None else _read_mask(source.mask, style)
    return replace(style, weight=source.weight, alpha=alpha)


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
