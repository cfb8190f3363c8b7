"""Borders in depth, painted with the depth term and without, at equal style distance.

Layered scenes with known depth (cut-outs on a ground plane, each textured by noise), each painted as one region. With
the term the content weight is moved until the geometric mean of the judge's style distances is within 5 % of that
without, so that the borders are not bought with less style.

Recall is the share of border pixels whose luma gradient is above that of 90 % of the pixels away from any border, in
the same painting, so chance gives 10 %; AUC is how often a border pixel has more of it than one elsewhere. Nothing is
measured of the order of depths in a painting: that takes a depth network which had no part in painting it.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, stats
from torch import Tensor

from styfie.colour import luma_of
from styfie.encoders.loss_weights import THIN, Weights
from styfie.engines.optimise import optimise
from styfie.gallery import draw
from styfie.images import to_image
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.sheet import lay_out

from common import FIRST, load_judge

STYLES = ("night", "mosaic", "watercolour", "waves")
CUTOUTS = 5
JUMP = 0.05  # of depth between neighbouring pixels: a border
AWAY = 8  # pixels from any border, at least, of what recall's threshold is set by
CLOSE, ROUNDS = 0.05, 5

Field = NDArray[np.float64]
Paintings = dict[tuple[int, str], Tensor]


@dataclass(frozen=True, eq=False)
class Scene:
    """A photo (1, 3, H, W), its depth (1, 1, H, W), and the pixels (H, W) on both sides of each border."""

    photo: Tensor
    depth: Tensor
    borders: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", type=Path, required=True, help="the module with style_distance")
    parser.add_argument("--output", type=Path, default=Path("runs"), help="folder for the sheet")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--scenes", type=int, default=3)
    parser.add_argument("--borders", type=float, default=THIN.borders, help="weight of the depth term")
    options = parser.parse_args()
    judge = load_judge(options.judge)
    scenes = [draw_scene(seed, options.size) for seed in range(options.scenes)]
    styles = {name: draw(name, options.size, options.size) for name in STYLES}

    def judged(paintings: Paintings) -> float:
        return geometric([judge.style_distance(picture, styles[name]) for (_, name), picture in paintings.items()])

    for i, scene in enumerate(scenes):
        print(f"scene {i}: recall in the photo itself {recall(scene.photo, scene.borders)[0]:.3f}")
    without = paint_all(scenes, styles, replace(THIN, borders=0.0))
    wanted = judged(without)
    report("without", THIN.content, wanted, scenes, without)
    weights, found = replace(THIN, borders=options.borders), Paintings()
    for _ in range(ROUNDS):
        found = paint_all(scenes, styles, weights)
        style = judged(found)
        report(f"with {options.borders:g}", weights.content, style, scenes, found)
        if abs(style / wanted - 1) <= CLOSE:
            break
        weights = replace(weights, content=weights.content * (wanted / style) ** 3)
    options.output.mkdir(parents=True, exist_ok=True)
    cells = []
    for i, scene in enumerate(scenes):
        cells.append((f"scene {i}", to_image(scene.photo)))
        cells += [(f"without {name}", to_image(without[i, name])) for name in STYLES]
        cells += [(f"with {name}", to_image(found[i, name])) for name in STYLES]
    lay_out(cells, columns=1 + 2 * len(STYLES), cell=options.size).save(options.output / "depth.png")


def report(kind: str, content: float, style: float, scenes: list[Scene], paintings: Paintings) -> None:
    both = [recall(picture, scenes[i].borders) for (i, _), picture in paintings.items()]
    recalled, auc = (sum(column) / len(both) for column in zip(*both, strict=True))
    print(f"{kind}: content {content:.4f} style {style:.4f} recall {recalled:.3f} AUC {auc:.3f}", flush=True)
    for name in STYLES:
        own = [recall(picture, scenes[i].borders)[0] for (i, n), picture in paintings.items() if n == name]
        print(f"    {name}: recall {sum(own) / len(own):.3f}", flush=True)


def paint_all(scenes: list[Scene], styles: dict[str, Tensor], weights: Weights) -> Paintings:
    """Every scene in every style, as one region."""
    return {
        (i, name): paint(scene, name, style, weights)
        for i, scene in enumerate(scenes)
        for name, style in styles.items()
    }


def paint(scene: Scene, name: str, style: Tensor, weights: Weights) -> Tensor:
    regions = replace(Regions.of_subject(torch.ones_like(scene.depth)), depth=scene.depth)
    settings = Settings(size=max(scene.depth.shape[-2:]), device="cpu", steps=40, **FIRST)
    *_, last = optimise(scene.photo, regions, {"subject": Look((Style(name, style),))}, settings, weights=weights)
    return last.layers[:1]


def recall(picture: Tensor, borders: NDArray[np.bool_]) -> tuple[float, float]:
    """Share of the border pixels that stand out from those away from any border, and the area under ROC's curve."""
    luma = ndimage.gaussian_filter(luma_of(picture)[0, 0].double().numpy(), 1, mode="nearest")
    steep = ndimage.maximum_filter(np.hypot(*np.gradient(luma)), 3)  # strokes may be a pixel beside the border
    at, elsewhere = steep[borders], steep[ndimage.distance_transform_edt(~borders) > AWAY]
    ranks = stats.rankdata(np.concatenate([at, elsewhere]))[: len(at)]
    auc = (ranks.sum() - len(at) * (len(at) + 1) / 2) / (len(at) * len(elsewhere))
    return float((at > np.quantile(elsewhere, 0.9)).mean()), float(auc)


def draw_scene(seed: int, size: int) -> Scene:
    """Cut-outs that stand on a ground plane before a wall, drawn from the farthest to the nearest."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    horizon = random.uniform(0.3, 0.45)
    depth = np.where(y < horizon, 1.0, 1 - 0.9 * (y - horizon) / (1 - horizon))
    photo = np.where(y < horizon, texture(random, size), texture(random, size))
    for far in np.sort(random.uniform(0.15, 0.85, CUTOUTS))[::-1]:
        foot = horizon + (1 - far) / 0.9 * (1 - horizon)  # where the ground is as far away
        tall = 0.2 + 0.45 * (1 - far)
        cover = cutout(random, (foot - y) / tall, (x - random.uniform(0.1, 0.9)) / tall, 1.5 / size / tall)
        photo = photo + cover * (texture(random, size) - photo)
        depth = np.where(cover > 0.5, far, depth)
    jumps = np.zeros((size, size), np.bool_)
    for axis in (0, 1):
        step = np.abs(np.diff(depth, axis=axis)) > JUMP
        after, before = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
        after[axis], before[axis] = (0, 1), (1, 0)
        jumps |= np.pad(step, after) | np.pad(step, before)
    return Scene(torch.from_numpy(photo).float()[None], torch.from_numpy(depth).float()[None, None], jumps)


def cutout(random: np.random.Generator, up: Field, aside: Field, soft: float) -> Field:
    """Cover (H, W) in [0, 1] of a shape of height 1 that stands at up = 0: a box, an ellipse or a wavy blob."""
    wide, kind = random.uniform(0.25, 0.45), random.integers(3)
    v, u = 2 * up - 1, aside / wide
    if kind == 0:
        inside = 1 - np.maximum(np.abs(u), np.abs(v))
    else:
        angle = np.arctan2(v, u)
        waves = sum(random.uniform(0.03, 0.08) * np.sin(k * angle + random.uniform(0, 6)) for k in (2, 3, 5, 7))
        inside = 1 - (0 if kind == 1 else waves) - np.hypot(u, v)
    return np.clip(0.5 + inside / (2 * soft), 0, 1)


def texture(random: np.random.Generator, size: int) -> Field:
    """Two colours (3, H, W) that noise of several scales mixes."""
    noise = sum(
        scale * ndimage.gaussian_filter(random.standard_normal((size, size)), scale * size / 256, mode="wrap")
        for scale in (1, 3, 9)
    )
    share = 1 / (1 + np.exp(-2 * noise / np.std(noise)))
    dark = random.uniform(0.1, 0.6, 3)
    light = dark + random.uniform(0.05, 0.3, 3)
    return np.asarray(dark[:, None, None] + share * (light - dark)[:, None, None])


def geometric(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


if __name__ == "__main__":
    main()
