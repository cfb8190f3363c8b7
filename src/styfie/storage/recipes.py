"""What was asked of a painting, to ask it again: of the same photo or of another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from styfie.depth import AUTO
from styfie.errors import InputError
from styfie.fields import names_of
from styfie.gallery import BUILT_IN, GALLERY, draw
from styfie.images import Picture, fit_size, read_picture, resize
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.styles import LARGEST, load_style


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a painting's file says about how it was made.

    `looks` are those of its painted and blurred regions; `photo` (1, 3, H, W) and `regions` are its own, at the size
    it was painted; `depth` is "auto" if depth was looked for in the photo. `masks` are the names of regions whose masks
    were given; None in the files of versions that did not say.
    """

    photo: Tensor
    regions: Regions
    looks: Mapping[str, Look]
    settings: Settings
    depth: str | None
    masks: tuple[str, ...] | None = None

    def is_of(self, photo: Picture) -> bool:
        """Whether this is the photo that was painted, at whatever size it is to be painted now.

        Raises:
            InputError, MissingError: as `images.read_picture`.
        """
        return torch.equal(read_picture(photo, self.settings.size), self.photo)


def read_recipe(file: Path) -> Recipe:
    """The recipe of a `painting.ora`.

    A style of the gallery is drawn anew by its name at whatever size is wanted, where the gallery's picture still is
    the one in the file; every other is the picture in the file, in its size there.

    Raises:
        MissingError: no such file.
        InputError: no painting of Styfie's, a damaged one, or settings that this version does not know.
    """
    painting = Painting.load(file)
    known = set(names_of(Settings))
    saved = painting.recipe.get("settings")
    if not isinstance(saved, dict) or not set(saved) <= known:
        raise InputError(f"The recipe in {file.name} has settings that this version of Styfie does not know.")
    if saved.get("encoder") == "styfie":  # its name when there was one
        saved = {**saved, "encoder": "styfie-1"}
    try:
        settings = Settings(**saved)
    except (TypeError, InputError) as error:
        why = f" ({error})" if isinstance(error, InputError) else ""
        raise InputError(f"The settings in the recipe of {file.name} are damaged{why}.") from None
    looks = {name: _as_request(look) for name, look in painting.looks.items() if look.painted}
    depth = AUTO if painting.recipe.get("depth") == AUTO else None
    return Recipe(painting.photo, painting.regions, looks, settings, depth, _masks(painting))


def _masks(painting: Painting) -> tuple[str, ...] | None:
    """The regions whose masks were given, if the file says so."""
    names = painting.recipe.get("masks")
    return tuple(n for n in painting.regions.names if n in names) if isinstance(names, list) else None


def _as_request(look: Look) -> Look:
    """A stored look as it is asked for again."""
    return replace(look, styles=tuple(_style(style) for style in look.styles))


def _style(style: Style) -> Style:
    """A stored style by the gallery's name, or with the picture that is stored."""
    size = (style.picture.shape[-2], style.picture.shape[-1])
    if style.name in BUILT_IN:
        known = draw(style.name, *size) if style.name in GALLERY else load_style(style.name, max(size)).picture
        if torch.equal((known * 255).round(), (style.picture * 255).round()):
            return Style(style.name, weight=style.weight, mask=style.alpha)
    if max(size) > LARGEST:
        style = replace(style, source=resize(style.picture, fit_size(size, LARGEST)))
    return style


def depth_source(depth: Picture | None, has_depth: bool = False) -> str | None:
    """How depth was asked for, without saying from which file; of regions that have a depth map it was given."""
    if isinstance(depth, str) and depth == AUTO:
        return AUTO
    return "given" if has_depth or depth is not None else None
