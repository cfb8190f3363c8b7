"""The fast engine beside the optimisation, at equal content distance, on paintings that it was not taught.

    python benchmarks/fast.py --data DATA --judge JUDGE [--photos 10 --paintings 10 --size 384] [--val]

Style and content distance by a judge that took no part in training, over all pairs: the fast picture, the photo in the
style's colours, and the optimised pictures at several content weights, between which the style distance at the
fast picture's content distance is interpolated. With `--val`, by which a network is chosen: validation portraits and
the held-out paintings that come after those ten, the fast picture and the photo in the style's colours alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from styfie.colour import match_colours
from styfie.encoders.loss_weights import THIN
from styfie.engines.fast.paint import FastPainter
from styfie.engines.onepass import paint_layers
from styfie.engines.optimise import optimise
from styfie.images import read_picture
from styfie.looks import Look
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.styles import load_style
from styfie.training.fast import MIN_PHOTO_SIDE, ONE_IN
from styfie.training.pictures import PictureSet

from common import FIRST, PHOTOS, arguments, load_judge

MORE = ("woman_sitting_outdoor", "man_stage")
CONTENTS = (0.015, 0.05, 0.3, 1.5)  # weights of the optimisation's content
TESTED, VALIDATED = 10, 6  # held-out paintings that are never chosen by; portraits to choose by


def main() -> None:
    """Print the ratios."""
    parser = arguments(__doc__ or "", judge=True)
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--paintings", type=int, default=10)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--val", action="store_true", help="on validation pictures, without the optimisation")
    asked = parser.parse_args()
    judge = load_judge(asked.judge)
    paintings = sorted(PictureSet(asked.data / "art", held_out=True, one_in=ONE_IN).names)
    if asked.val:
        photos = sorted(
            Path(name) for name in PictureSet(asked.data / "portraits" / "val" / "image", least=MIN_PHOTO_SIDE).names
        )
        chosen, paintings = photos[:: len(photos) // VALIDATED][:VALIDATED], paintings[TESTED:]
    else:
        photos = sorted((asked.data / "selfies").glob("*.jpg"))
        chosen = sorted(photos, key=lambda file: file.stem not in PHOTOS)[: asked.photos]
        paintings = paintings[: min(TESTED, asked.paintings)]
    contents = () if asked.val else CONTENTS
    found = [measure(judge, photo, Path(painting), asked.size, contents) for painting in paintings for photo in chosen]
    means = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
    print(json.dumps({key: round(value, 4) for key, value in means.items()}))
    if not asked.val:
        print(f"fast / optimised at equal content: {means['fast'] / means['equal']:.2f} (bar 2.0, aim 1.35)")
    print(f"photo in the style's colours / fast: {means['coloured'] / means['fast']:.2f} (bar 3)")


def measure(judge: ModuleType, photo: Path, painting: Path, size: int, weights: Sequence[float]) -> dict[str, float]:
    """Distances of one pair; the optimisation's at these content weights, if there are any."""
    picture, style = read_picture(photo, size), load_style(painting, size)
    regions = Regions(("all",), torch.ones_like(picture[:, :1]), (1.0,))
    look = {"all": Look((style,), likeness=0.0)}
    settings = Settings(size=size, steps=40, **FIRST)
    wanted = read_picture(painting, 384)

    def distances(result: Tensor) -> tuple[float, float]:
        return judge.style_distance(result, wanted), judge.content_distance(result, picture)

    fast, content = distances(paint_layers(FastPainter(look, settings), picture, regions))
    row: dict[str, Any] = {
        "fast": fast,
        "fast content": content,
        "photo": judge.style_distance(picture, wanted),
        "coloured": judge.style_distance(match_colours(picture, style.picture, regions.alpha, None), wanted),
    }
    curve = []
    for weight in weights:
        *_, last = optimise(picture, regions, look, settings, weights=replace(THIN, content=weight))
        curve.append(distances(last.layers))
    if curve:
        styles, contents = np.array(curve).T
        order = np.argsort(contents)
        row |= {"optimised": styles[1], "optimised content": contents[1]}
        row["equal"] = float(np.interp(content, contents[order], styles[order]))
    print(
        photo.stem, painting.stem, json.dumps({key: round(float(value), 3) for key, value in row.items()}), flush=True
    )
    return row


if __name__ == "__main__":
    main()
