"""The order of depths in paintings, with the depth loss of Liu et al. (2017) and without, at equal style loss.

    python benchmarks/order.py [--judge other/depth.safetensors] [--data DATA] [--size 160 --scenes 3 --steps 40]

Layered scenes whose depth is known (`depth.py`), each painted as one region. With the loss the content weight is moved
until the geometric mean of the paintings' style losses is within 5 % of that without, so that order is not bought with
less style. The judge is a depth network of `styfie train depth` that took no part in painting: another seed, other
pictures. Without one it is the network that ships, which then sees the pictures otherwise than it did while they were
painted: mirrored, and smaller. Printed is the share of pairs of places whose true order it sees in the paintings, and
how often it sees the order that it sees in the photo; chance is one half. Beside it, by no network, how often a pixel
at a known border of depths has a steeper step of luma than one elsewhere (`depth.recall`). With `--data`, a sheet of
six selfies either way beside the photos and the depths that the judge sees.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from styfie.depth import DepthNet, load_depth_net, predict_depth
from styfie.encoders.loss_weights import PAINTED, Weights
from styfie.engines.optimise import optimise
from styfie.gallery import draw
from styfie.images import fit_size, resize, to_image
from styfie.looks import Look, Style
from styfie.pipeline import paint, read_photo
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.sheet import lay_out

from common import PAIRS, PHOTOS, style_source
from depth import Scene, draw_scene, recall

STYLES = ("night", "mosaic", "watercolour", "waves")
PAIRS_OF_PLACES = 4000
APART = 0.1  # difference of depths from which one is the farther
CLOSE, ROUNDS = 0.05, 5
SELFIES = 6
SMALLER = 0.75  # of its side, that the network that ships sees as a judge

Paintings = dict[tuple[int, str], Tensor]


@dataclass(frozen=True, eq=False)
class Judge:
    """What a network sees (1, 1, H, W) in a picture that it is shown as it is, or mirrored and `smaller`."""

    network: DepthNet
    smaller: float

    def __call__(self, picture: Tensor) -> Tensor:
        """Larger where it is farther."""
        size = (picture.shape[-2], picture.shape[-1])
        if self.smaller == 1:
            return predict_depth(picture, self.network)
        small = resize(picture.flip(3), fit_size(size, round(self.smaller * max(size))))
        return resize(predict_depth(small, self.network), size).flip(3)


def main() -> None:
    """Print a line for each weight, and write sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with selfies/ and art/, for the sheet of selfies")
    parser.add_argument("--output", type=Path, default=Path("runs"), help="folder for sheets")
    parser.add_argument("--judge", type=Path, help="depth.safetensors of another run")
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--scenes", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--weights", type=float, nargs="+", default=[0.1], help="of the depth loss")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    judge = Judge(load_depth_net(asked.judge), smaller=1.0 if asked.judge else SMALLER)
    scenes = [draw_scene(100 + seed, asked.size) for seed in range(asked.scenes)]
    settings = Settings(size=asked.size, device="cpu", steps=asked.steps)
    print("photo    " + figures(judge, scenes, {(i, ""): scene.photo for i, scene in enumerate(scenes)}))
    paintings, style = paint_all(scenes, settings, PAINTED)
    print(f"without  style {style:.3f} " + figures(judge, scenes, paintings), flush=True)
    sheet = [(f"{name}, without", to_image(paintings[0, name])) for name in STYLES]
    for weight in asked.weights:
        weights, asked_with = PAINTED, replace(settings, depth_weight=weight)
        for _ in range(ROUNDS):
            found, near = paint_all(scenes, asked_with, weights)
            print(
                f"{weight:<8g} style {near:.3f} {figures(judge, scenes, found)} content {weights.content:.4f}",
                flush=True,
            )
            if abs(near / style - 1) <= CLOSE:
                break
            weights = replace(weights, content=weights.content * (style / near) ** 3)
        sheet += [(f"{name}, {weight:g}", to_image(found[0, name])) for name in STYLES]
    asked.output.mkdir(parents=True, exist_ok=True)
    lay_out(sheet, columns=len(STYLES), cell=asked.size).save(asked.output / "order.png")
    if asked.data:
        selfies(asked.data, judge, replace(settings, depth_weight=asked.weights[-1])).save(
            asked.output / "order_selfies.png"
        )


def paint_all(scenes: list[Scene], settings: Settings, weights: Weights) -> tuple[Paintings, float]:
    """Every scene in every style, as one region, and the geometric mean of their style losses."""
    found, losses = Paintings(), []
    for i, scene in enumerate(scenes):
        regions = Regions.of_subject(torch.ones_like(scene.depth))
        for name in STYLES:
            looks = {"subject": Look((Style(name, draw(name, settings.size, settings.size)),))}
            *_, last = optimise(scene.photo, regions, looks, settings, weights=weights)
            found[i, name] = last.layers[:1]
            losses.append(last.losses["style"])
    return found, math.exp(sum(map(math.log, losses)) / len(losses))


def figures(judge: Judge, scenes: list[Scene], pictures: Paintings) -> str:
    """How often the judge sees the true order in pictures, and the photo's; how often borders are the steeper."""
    true, same, borders = [], [], []
    for (i, _), picture in pictures.items():
        seen, photo = (judge(one).flatten() for one in (picture, scenes[i].photo))
        generator = torch.Generator().manual_seed(i)
        a, b = torch.randint(seen.numel(), (2, PAIRS_OF_PLACES), generator=generator)
        rise = scenes[i].depth.flatten()[b] - scenes[i].depth.flatten()[a]
        chosen = rise.abs() > APART
        order = (seen[b] - seen[a])[chosen]
        true.append(float((order * rise[chosen] > 0).float().mean()))
        same.append(float((order * (photo[b] - photo[a])[chosen] > 0).float().mean()))
        borders.append(recall(picture, scenes[i].borders)[1])
    means = {"true order": true, "the photo's": same, "borders": borders}
    return ", ".join(f"{name} {sum(each) / len(each):.3f}" for name, each in means.items())


def selfies(data: Path, judge: Judge, held: Settings) -> Image.Image:
    """Six selfies: the photo, painted without the loss and with it, and the depth that the judge sees in each."""
    cells = []
    for name, pair in zip(PHOTOS[:SELFIES], PAIRS, strict=True):
        photo = read_photo(data / "selfies" / f"{name}.jpg", held.size)
        asked = dict(zip(("subject", "background"), (style_source(one, data) for one in pair), strict=True))
        both = {f"depth {one.depth_weight:g}": one for one in (replace(held, depth_weight=0.0), held)}
        painted = {title: paint(photo, asked, one).render() for title, one in both.items()}
        for title, picture in ({"photo": photo} | painted).items():
            cells += [(title, to_image(picture)), ("as seen", seen_depth(picture, judge))]
    return lay_out(cells, columns=6, cell=held.size)


def seen_depth(picture: Tensor, judge: Judge) -> Image.Image:
    """What the judge sees as a grey picture, the nearest bright."""
    found = judge(picture)
    return to_image(((found.max() - found) / (found.max() - found.min()).clamp_min(1e-6)).expand(1, 3, -1, -1))


if __name__ == "__main__":
    main()
