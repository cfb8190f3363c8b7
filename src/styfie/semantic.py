"""Semantic transfer: of a style that is a portrait, hair gives to hair, skin to skin, clothes to clothes.

Spatial control by guidance maps (Gatys et al. 2017; Champandard 2016, "Semantic style transfer"), where the maps are
those of the segmentation network: the subject is split into its parts, each with the matching part of the style picture
for a style. Whatever engine heeds parts of style pictures then paints so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from styfie.images import resize
from styfie.looks import WHOLE, Look, Style
from styfie.regions import BACKGROUND, SUBJECT
from styfie.segmentation.portrait import load_shipped, predict
from styfie.segmentation.prediction import PART_NAMES

MATCHED = PART_NAMES[:3]  # skin, hair and clothes: accessories are too many things
SURE = 0.5  # of a part, on a style picture, from which it counts
FEW = 0.01  # share of a style picture under which there is no such part in it


@dataclass(frozen=True, eq=False)
class Matched:
    """Looks with parts of their own, and a sentence on each part that a style does not have."""

    looks: Mapping[str, Look]
    notes: tuple[str, ...] = ()


def match_parts(photo: Tensor, looks: Mapping[str, Look], masked: Collection[str] = ()) -> Matched:
    """The looks of a photo (1, 3, H, W) whose `match` is by parts, replaced by those of the parts.

    The subject's is divided among skin, hair and clothes, as far as they are in the photo, are no region of their own
    yet, and are not `masked` by the user; what is left of it takes from the whole person of the style. A part that no
    style of a look has stays with the rest. Marked parts of style pictures, by masks of the user's, stay as they are.
    """
    if all(look.match == WHOLE for look in looks.values()):
        return Matched(looks)
    found, notes = dict(looks), []
    known: dict[int, dict[str, Tensor]] = {}
    for name, look in looks.items():
        if look.match == WHOLE or not look.styles:
            continue
        look = replace(look, match=WHOLE)
        seen = [known.setdefault(id(style.picture), parts_of(style.picture)) for style in look.styles]
        lost = [style.name for style, parts in zip(look.styles, seen, strict=True) if SUBJECT not in parts]
        notes += [f"Nobody was found in the style {one}: {name} takes from all of it." for one in lost]
        found[name] = _of_part(look, seen, name) or look
        if name != SUBJECT or len(lost) == len(seen):
            continue
        here = parts_of(photo, FEW / 4)
        for part in MATCHED:
            if part not in here or part in looks or part in masked:
                continue
            if divided := _of_part(look, seen, part):
                found[part] = divided
            else:
                names = " and ".join(style.name for style in look.styles)
                notes.append(f"There is no {part} in the style {names}: {part} is painted as the rest of the subject.")
    return Matched(found, tuple(notes))


def _of_part(look: Look, seen: list[dict[str, Tensor]], part: str) -> Look | None:
    """A look with the styles that have a part, that part of each; None where none has it."""
    styles = []
    for style, parts in zip(look.styles, seen, strict=True):
        if style.alpha is not None:
            styles.append(style)
        elif part in parts:
            styles.append(_marked(style, parts[part]))
    return replace(look, styles=tuple(styles)) if styles else None


def _marked(style: Style, alpha: Tensor) -> Style:
    return replace(style, mask=(alpha * 255).round() / 255)  # as a painting's file keeps it


@torch.no_grad()
def parts_of(picture: Tensor, least: float = FEW) -> dict[str, Tensor]:
    """Masks (1, 1, H, W) of the person of a picture (1, 3, H, W), of the background, and of skin, hair and clothes.

    Those that cover less than the share `least` are left out; nothing is found but in a portrait.
    """
    seen, size = predict(picture, load_shipped()[0]), (picture.shape[-2], picture.shape[-1])
    person = resize(seen.matte, size).clamp(0, 1)
    if float(person.mean()) < FEW:
        return {}
    share = seen.parts[:, 1:] / seen.parts[:, 1:].sum(1, keepdim=True).clamp_min(1e-4)
    found = {SUBJECT: person, BACKGROUND: 1 - person}
    for n, name in enumerate(MATCHED):
        found[name] = person * ((resize(share[:, n : n + 1], size) - SURE) * 4 + 0.5).clamp(0, 1)
    return {name: alpha for name, alpha in found.items() if float(alpha.mean()) >= least}
