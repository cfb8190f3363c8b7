"""Our encoder beside the reference network: style distance at equal content distance.

Five photos and five paintings that the encoder was not taught on, one region, 384 px. Our content weight is moved
until the mean content distances agree within 3 %; printed are the ratios of the geometric means of style distances.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from styfie.encoders import Encoder, load_encoder
from styfie.encoders.loss_weights import THIN, Weights
from styfie.engines.optimise import optimise
from styfie.images import read_picture, to_image
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.sheet import lay_out
from styfie.training.encoder import load_reference
from styfie.training.pictures import PictureSet

from common import FIRST, arguments, load_judge

PHOTOS = ("woman_smile_updo", "man_glasses_curly_hair", "woman_blond_event", "two_men_office", "woman_balcony_curly")
SIZE, CLOSE = 384, 0.03
Pairs = dict[tuple[str, str], Tensor]


def main() -> None:
    parser = arguments(__doc__ or "", judge=True)
    parser.add_argument("--reference", type=Path, required=True, help="the reference network's safetensors")
    options = parser.parse_args()
    judge = load_judge(options.judge)
    photos = {name: read_picture(options.data / "selfies" / f"{name}.jpg", SIZE) for name in PHOTOS}
    held = [Path(name).stem for name in PictureSet(options.data / "art", held_out=True).names if "/small/" not in name]
    styles = {n: read_picture(options.data / "art" / f"{n}.jpg", SIZE) for n in held[:: max(1, len(held) // 5)][:5]}
    reference = load_reference(options.reference)

    unpainted = geometric(judge.style_distance(p, s) for p in photos.values() for s in styles.values())
    theirs = paint_all(photos, styles, THIN, reference)
    their_style, their_content = judged(judge, theirs, photos, styles)
    print(
        f"unpainted: style {unpainted:.4f}\nreference: style {their_style:.4f} content {their_content:.4f}", flush=True
    )
    weights, ours = THIN, Pairs()
    for _ in range(6):
        ours = paint_all(photos, styles, weights, load_encoder("styfie-1"))
        style, content = judged(judge, ours, photos, styles)
        print(f"content weight {weights.content:.4f}: style {style:.4f} content {content:.4f}", flush=True)
        if abs(content / their_content - 1) <= CLOSE:
            break
        # Content distance falls a little slower than the square root of its weight: a secant step would overshoot.
        weights = replace(weights, content=weights.content * (content / their_content) ** 2.2)
    numbers = {
        "content_weight": weights.content,
        "style_over_reference": style / their_style,
        "style_over_unpainted": style / unpainted,
        "content_over_reference": content / their_content,
    }
    print(json.dumps(numbers, indent=1))
    cells = [
        (f"{kind} {p} {s}"[:44], to_image(pictures[p, s]))
        for p in photos
        for s in styles
        for kind, pictures in (("ref", theirs), ("ours", ours))
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    lay_out(cells, columns=10, cell=220).save(options.output / "encoder.png")


def paint_all(photos: dict[str, Tensor], styles: dict[str, Tensor], weights: Weights, encoder: Encoder) -> Pairs:
    """Every photo in every style, as one region."""
    return {
        (p, s): paint_one(photo, style, weights, encoder) for p, photo in photos.items() for s, style in styles.items()
    }


def paint_one(photo: Tensor, style: Tensor, weights: Weights, encoder: Encoder) -> Tensor:
    """The whole photo in one style."""
    regions = Regions.of_subject(torch.ones_like(photo[:, :1]))
    look = {"subject": Look((Style("style", style),), likeness=0)}
    *_, last = optimise(photo, regions, look, Settings(size=SIZE, steps=40, **FIRST), weights=weights, encoder=encoder)
    return last.layers[:1]


def judged(
    judge: ModuleType, pictures: Pairs, photos: dict[str, Tensor], styles: dict[str, Tensor]
) -> tuple[float, float]:
    """Geometric mean of style distances and mean of content distances."""
    style = geometric(judge.style_distance(picture, styles[s]) for (_, s), picture in pictures.items())
    contents = [judge.content_distance(picture, photos[p]) for (p, _), picture in pictures.items()]
    return style, sum(contents) / len(contents)


def geometric(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))


if __name__ == "__main__":
    main()
