"""Where two regions meet: are both styles whole up to the border, and is the border no more and no less than a contour?

8 selfies in 4 pairs of styles, and each selfie as one region in each style alone. Printed are, over all pictures:

a. the mean difference, within 12 pixels of the border, of a photo with the same style on both regions from the photo as
   one region in that style, in units of 1/255;
b. the style distance in the band 2 to 12 pixels from the border, over that of what lies deeper inside; and, since fewer
   pixels alone raise a distance, over that of an equally narrow band 22 to 32 pixels from the border. The judge's
   features see up to a hundred pixels, and so across the border: "b of the layer" is the same for each layer before it
   is blended, "b of a cut" for the two one-style paintings cut along the border with a knife;
c. the luma gradient energy on the contour, over the mean of that of the two one-style paintings there.
"""

from __future__ import annotations

from collections import defaultdict
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

import styfie
from styfie.colour import luma_of
from styfie.engines.optimise import optimise
from styfie.images import to_image
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.pipeline import find_regions, read_photo
from styfie.regions import Regions
from styfie.storage.sheet import lay_out
from styfie.styles import load_style

from common import PAIRS, PHOTOS, arguments, load_judge, style_source

Found = dict[str, list[float]]


def main() -> None:
    parser = arguments(__doc__ or "", judge=True)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--photos", type=int, default=len(PHOTOS))
    parser.add_argument("--pairs", type=int, default=4)
    options = parser.parse_args()
    judge, cells = load_judge(options.judge), []
    found: Found = defaultdict(list)
    options.output.mkdir(parents=True, exist_ok=True)
    for name in PHOTOS[: options.photos]:
        photo = read_photo(options.data / "selfies" / f"{name}.jpg", options.size)
        regions = find_regions(photo, styfie.Settings(), {})
        for pair in PAIRS[: options.pairs]:
            styles = [load_style(style_source(one, options.data), options.size) for one in pair]
            picture = measure(photo, regions, styles, judge, found)
            cells += [(f"{name} {' + '.join(pair)}"[:44], to_image(around(picture, regions)))]
            print(f"{name} {' + '.join(pair)}: {'  '.join(f'{k} {v[-1]:.2f}' for k, v in found.items())}", flush=True)
        lay_out(cells, columns=options.pairs, cell=2 * 256).save(options.output / "seams.png")
    for key, values in found.items():
        print(
            f"{key}: mean {np.mean(values):.3f}, median {np.median(values):.3f}, {min(values):.3f} to {max(values):.3f}"
        )


def measure(photo: Tensor, regions: Regions, styles: list[Style], judge: ModuleType, found: Found) -> Tensor:
    """All numbers of one photo in one pair; the picture in both styles."""
    first, second = styles
    layers = painted(photo, regions, first, second)
    both = layers.render()
    alike = painted(photo, regions, first, first).render()
    alone = [painted(photo, one_region(regions), style, None).render() for style in styles]
    cut = torch.where(regions["subject"] > 0.5, alone[0], alone[1])
    inside = regions["subject"][0, 0].numpy() > 0.5
    away = np.where(inside, 1, -1) * (
        ndimage.distance_transform_edt(inside) + ndimage.distance_transform_edt(~inside) - 0.5
    )
    near = torch.from_numpy(np.abs(away) <= 12)
    found["a"].append(255 * float((alike - alone[0]).abs().mean(1)[0][near].mean()))
    for n, (side, style) in enumerate(((1, first), (-1, second))):
        band, deeper, like = (torch.from_numpy(where) for where in bands(side * away))
        for key, picture in (("b", both), ("b of the layer", layers.layers[n : n + 1]), ("b of a cut", cut)):
            near_it, inner, alike_it = (masked_distance(judge, picture, style.picture, w) for w in (band, deeper, like))
            found[key].append(near_it / inner)
            found[f"{key}, bands alike"].append(near_it / alike_it)
    contour = torch.from_numpy(np.abs(away) <= 1.5)
    energies = [energy(picture, contour) for picture in (both, *alone)]
    found["c"].append(energies[0] / (0.5 * (energies[1] + energies[2])))
    return both


def bands(depth: NDArray[np.float64]) -> tuple[NDArray[np.bool_], ...]:
    """Near the border, all that is deeper, and a band deeper inside."""
    return (depth >= 2) & (depth <= 12), depth > 12, (depth >= 22) & (depth <= 32)


def painted(photo: Tensor, regions: Regions, subject: Style, background: Style | None) -> Painting:
    """The photo with its regions painted."""
    looks = {"subject": Look((subject,))} | ({"background": Look((background,))} if background else {})
    *_, last = optimise(photo, regions, looks, styfie.Settings(size=max(photo.shape[-2:])))
    return Painting(photo, regions, last.layers, looks)


def one_region(regions: Regions) -> Regions:
    """Everything as subject."""
    whole = Regions.of_subject(torch.ones_like(regions.alpha[:1]))
    return Regions(whole.names, whole.alpha, whole.score, face=regions.face)


def masked_distance(judge: ModuleType, picture: Tensor, style: Tensor, where: Tensor) -> float:
    """The judge's style distance with the picture's Gram matrices taken within `where` (H, W) alone."""
    found, wanted, total = judge.features(picture), judge.features(style), 0.0
    for tap, features in found.items():
        mask = torch.nn.functional.adaptive_avg_pool2d(where[None, None].float(), features.shape[-2:])
        flat, weights = features.flatten(2)[0], mask.flatten()
        here, goal = (flat * weights) @ flat.T / weights.sum().clamp_min(1e-6), judge.gram(wanted[tap])
        total += float((here - goal).square().sum() / goal.square().sum())
    return total


def energy(picture: Tensor, where: Tensor) -> float:
    """Mean squared luma gradient."""
    luma = luma_of(picture)
    down, across = luma.diff(dim=2)[..., :-1], luma.diff(dim=3)[..., :-1, :]
    return float((down.square() + across.square())[0, 0][where[:-1, :-1]].mean())


def around(picture: Tensor, regions: Regions) -> Tensor:
    """The part of the border where there is most of it, twice as large."""
    alpha = regions["subject"]
    soft = torch.nn.functional.avg_pool2d((alpha * (1 - alpha)), 128, 16)
    at = int(soft.argmax())
    top, left = 16 * (at // soft.shape[-1]), 16 * (at % soft.shape[-1])
    cut = picture[..., top : top + 128, left : left + 128]
    return torch.nn.functional.interpolate(cut, scale_factor=4.0, mode="bilinear")


if __name__ == "__main__":
    main()
