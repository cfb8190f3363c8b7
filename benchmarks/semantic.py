"""Hair to hair: whether parts of a person look like the same parts of a portrait, with `--match parts` and without.

    python benchmarks/semantic.py --data DATA --judge JUDGE [--engine fast --size 256 --quality draft]
    python benchmarks/semantic.py … --pages FOLDER --key FILE --seed 7

Six selfies in each of six portraits. Style distance of a part: Gram matrices of the judge's network over the part's
pixels, of the painting and of the style picture. What is painted is kept under --output and not painted again.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

import styfie
import styfie.semantic
from styfie.images import read_picture, resize, to_image
from styfie.looks import MATCHES, Look, Style
from styfie.regions import BACKGROUND, SUBJECT
from styfie.segmentation import portrait as portrait_network
from styfie.segmentation.prediction import Prediction
from styfie.semantic import MATCHED, parts_of
from styfie.settings import Settings

from common import arguments, load_judge
from pages import Compared, write_pages, write_sheets

PEOPLE = (
    "child_long_hair",
    "man_dark_shirt",
    "man_glasses_curly_hair",
    "woman_blond_event",
    "woman_red_hair_indoor",
    "man_beard_vest_window",
)
PORTRAITS = (
    "gustave_courbet_jo_the_beautiful_irish_girl",
    "amedeo_modigliani_portrait_of_jeanne_hebuterne",
    "hans_holbein_the_younger_portrait_of_henry_viii",
    "jan_vermeer_the_girl_with_a_pearl_earring",
    "leonardo_mona_lisa",
    "egon_schiele_portrait_of_arthur_rossler",
)
PARTS = (*MATCHED, BACKGROUND)


def main() -> None:
    """Print each pair's ratios and their geometric means; write pages if asked to."""
    parser = arguments(__doc__ or "", judge=True)
    parser.add_argument("--engine", default="fast")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--quality", default="draft")
    parser.add_argument("--people", type=int, default=len(PEOPLE), help="how many of the selfies")
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--key", type=Path, default=Path("key.txt"))
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    judge = load_judge(asked.judge)
    seen = once(portrait_network.predict)
    for module in (styfie.semantic, portrait_network):
        patch.object(module, "predict", seen).start()
    settings = Settings(size=asked.size, engine=asked.engine, quality=asked.quality)
    folder = asked.output / f"semantic-{asked.engine}-{asked.size}"
    ratios: dict[str, list[float]] = {part: [] for part in PARTS}
    compared = []
    for person in PEOPLE[: asked.people]:
        photo = read_picture(asked.data / "selfies" / f"{person}.jpg", asked.size)
        for portrait in PORTRAITS:
            style = Style(portrait, read_picture(asked.data / "art" / f"{portrait}.jpg", asked.size))
            shown = {match: painted(photo, style, match, settings, folder, person) for match in MATCHES}
            found = distances(judge, photo, style.picture, shown)
            for part, (whole, parts) in found.items():
                ratios[part].append(parts / whole)
            line = ", ".join(f"{part} {whole:.3f} {parts:.3f}" for part, (whole, parts) in found.items())
            print(f"{person} as {portrait[:28]}: {line}", flush=True)
            compared.append(
                Compared(
                    f"{person}-{portrait}",
                    to_image(photo),
                    [to_image(style.picture)],
                    *(to_image(one) for one in shown.values()),
                )
            )
    for part, some in ratios.items():
        mean = math.exp(sum(math.log(one) for one in some) / len(some))
        print(f"{part}: with parts / whole {mean:.2f}, lower in {sum(one < 1 for one in some)} of {len(some)}")
    write_sheets(compared, folder)
    if asked.pages:
        write_pages(compared, asked.pages, asked.key, asked.seed)


def once(find: Callable[..., Prediction]) -> Callable[..., Prediction]:
    """The same, but each picture is looked at only once."""
    known: dict[tuple[Any, ...], Prediction] = {}

    @functools.wraps(find)
    def found(picture: Tensor, *given: Any, **named: Any) -> Prediction:
        key = (hash(picture.numpy().tobytes()), *map(str, named.items()))
        if key not in known:
            known[key] = find(picture, *given, **named)
        return known[key]

    return found


def painted(photo: Tensor, style: Style, match: str, settings: Settings, folder: Path, person: str) -> Tensor:
    """A photo (1, 3, H, W), person and background in one portrait, whole or part by part."""
    file = folder / f"{person}-{style.name}-{match}.png"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        look, started = Look((style,), match=match), time.process_time()
        painting = styfie.paint(to_image(photo), {SUBJECT: look, BACKGROUND: look}, settings=settings)
        to_image(painting.render()).save(file)
        print(f"{file.name}: {time.process_time() - started:.1f} CPU seconds", flush=True)
    return read_picture(file)


def distances(
    judge: ModuleType, photo: Tensor, style: Tensor, shown: Mapping[str, Tensor]
) -> dict[str, tuple[float, ...]]:
    """Of each part that photo and style have, the style distance of each of the pictures shown."""
    here, there = parts_of(photo), parts_of(style)
    wanted = judge.features(style)
    seen = [judge.features(one) for one in shown.values()]
    return {
        part: tuple(
            sum(
                float((gram(one[tap], here[part]) - goal).square().sum() / goal.square().sum())
                for tap in wanted
                for goal in [gram(wanted[tap], there[part])]
            )
            for one in seen
        )
        for part in PARTS
        if part in here and part in there
    }


def gram(features: Tensor, mask: Tensor) -> Tensor:
    """Gram matrix of features (1, C, h, w) over a mask (1, 1, H, W), divided by its pixels."""
    weight = resize(mask, (features.shape[-2], features.shape[-1])).clamp(0, 1).flatten()
    flat = features[0].flatten(1)
    return torch.einsum("cn,n,dn->cd", flat, weight, flat) / weight.sum()


if __name__ == "__main__":
    main()
