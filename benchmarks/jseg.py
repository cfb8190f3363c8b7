"""JSEG beside k-means with connected components and SLIC with merging: textures with known borders, and photos.

Mosaics are of four pictures of the gallery in quarters, in stripes, and round one another; `mixes` are random mixes of
the same three colours, which no colour alone can tell apart. All three are told how many regions there are, and are
scored by the adjusted Rand index (Hubert and Arabie 1985). Times are processor time, best of three.

As what refines the person's mask JSEG is scored by IoU and boundary F on portraits with known masks: each region to the
side that holds more of it, everywhere or only in a band around the mask's outline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from styfie.evaluation.masks import boundary_f, overlap
from styfie.gallery import draw
from styfie.images import fit_size, read_picture, resize, to_image
from styfie.regions import SUBJECT, Regions
from styfie.segmentation import load_segmenter
from styfie.segmentation.jseg.drawing import draw_regions
from styfie.segmentation.jseg.quantise import luv
from styfie.segmentation.jseg.segmenter import JsegSegmenter, find, soft_alphas
from styfie.storage.sheet import lay_out
from styfie.training.portraits import as_matte, as_picture
from styfie.training.readers import PortraitSet

from common import arguments, fixed_convolution

SIDE = 256
SETS = (
    ("night", "mosaic", "ink", "deco"),
    ("waves", "autumn", "marble", "embroidery"),
    ("glass", "dots", "linocut", "watercolour"),
    ("shards", "pop", "dots", "night"),
)
PALETTE = np.array([[0.85, 0.2, 0.15], [0.2, 0.6, 0.25], [0.15, 0.25, 0.8]])
SHARES = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.34, 0.33, 0.33]])
PHOTOS = 6
LEAST = 0.005  # share of the picture below which the references' pieces are given away
Labels = NDArray[np.int32]


def layouts() -> dict[str, Labels]:
    """Where each of four textures is."""
    y, x = np.indices((SIDE, SIDE)) / SIDE
    rings = np.digitize(np.hypot(y - 0.5, x - 0.5), [0.2, 0.36, 0.5])
    waves = np.digitize(x + 0.05 * np.sin(9 * y), [0.25, 0.5, 0.75])
    found = {"quarters": 2 * (y >= 0.5) + (x >= 0.5), "stripes": waves, "rings": rings}
    return {name: labels.astype(np.int32) for name, labels in found.items()}


def mosaics() -> Iterator[tuple[str, Tensor, Labels]]:
    """Pictures with their truth, always the same ones."""
    rng = np.random.default_rng(0)
    for name, truth in layouts().items():
        for names in SETS:
            drawn = torch.cat([draw(one, SIDE) for one in names])
            place = torch.from_numpy(truth).long()[None, None, None].expand(1, 1, 3, -1, -1)
            yield f"gallery, {name}", drawn[None].gather(1, place)[:, 0], truth
        for _ in range(4):
            draws = np.kron(rng.random((SIDE // 2, SIDE // 2)), np.ones((2, 2)))
            colour = (draws[..., None] > np.cumsum(SHARES, 1)[truth]).sum(-1).clip(0, 2)
            picture = (PALETTE[colour] + rng.normal(0, 0.02, (SIDE, SIDE, 3))).clip(0, 1)
            yield f"mixes, {name}", torch.from_numpy(picture).permute(2, 0, 1)[None].float(), truth


def adjusted_rand(a: Labels, b: Labels) -> float:
    """Agreement of two partitions beyond chance."""
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a.ravel(), b.ravel()), 1)
    pairs, rows, columns = (float((n * (n - 1) / 2).sum()) for n in (table, table.sum(0), table.sum(1)))
    chance = rows * columns / (a.size * (a.size - 1) / 2)
    return (pairs - chance) / max((rows + columns) / 2 - chance, 1e-9)


def kmeans(photo: Tensor, count: int) -> Labels:
    """K-means on Luv, begun by k-means++: the classes as they are."""
    colours, rng = luv(photo).reshape(-1, 3), np.random.default_rng(0)
    centres = colours[rng.integers(len(colours))][None]
    while len(centres) < count:
        apart = np.square(colours[:, None] - centres).sum(-1).min(1) + 1e-9
        centres = np.concatenate([centres, colours[rng.choice(len(colours), p=apart / apart.sum())][None]])
    for _ in range(20):
        belongs = np.square(colours[:, None] - centres).sum(-1).argmin(1)
        held = [colours[belongs == i] for i in range(count)]
        centres = np.stack([one.mean(0) if len(one) else centre for one, centre in zip(held, centres, strict=True)])
    found: Labels = belongs.reshape(photo.shape[-2:]).astype(np.int32)
    return found


def kmeans_with_components(photo: Tensor, count: int) -> Labels:
    """K-means, then its connected components; small ones are given away to what is nearest."""
    classes = kmeans(photo, count)
    pieces = np.zeros_like(classes)
    for one in range(count):
        labels, _ = ndimage.label(ndimage.median_filter(classes, 3) == one)
        pieces += np.where(labels > 0, labels + pieces.max(), 0).astype(np.int32)
    return without_small(pieces)


def without_small(pieces: Labels) -> Labels:
    """Pieces under `LEAST` of the picture go to the nearest other one."""
    small = (np.bincount(pieces.ravel()) < LEAST * pieces.size)[pieces]
    if small.all():
        return np.zeros_like(pieces)
    y, x = ndimage.distance_transform_edt(small, return_distances=False, return_indices=True)
    found: Labels = np.unique(pieces[y, x], return_inverse=True)[1].reshape(pieces.shape).astype(np.int32)
    return found


def slic_with_merging(photo: Tensor, count: int, cells: int = 256, compact: float = 10.0) -> Labels:
    """SLIC superpixels (Achanta et al. 2012), then neighbours of nearest mean colour merged, small ones first."""
    colours = luv(photo)
    height, width = colours.shape[:2]
    step = (height * width / cells) ** 0.5
    y, x = np.indices((height, width))
    feature = np.concatenate([colours, np.stack([y, x], -1) * (compact / step)], -1).reshape(-1, 5)
    rows, columns = (y * round(height / step) // height), (x * round(width / step) // width)
    belongs = (rows * round(width / step) + columns).ravel()
    number = int(belongs.max()) + 1
    for _ in range(10):
        whole = np.maximum(np.bincount(belongs, minlength=number), 1)
        centres = np.stack([np.bincount(belongs, one, number) / whole for one in feature.T], 1)
        best = np.full(len(feature), np.inf)
        for at, centre in enumerate(centres):  # only pixels within a step of it
            down, across = centre[3:] * step / compact
            near = slice(*_window(down, step, height)), slice(*_window(across, step, width))
            index = np.arange(height * width).reshape(height, width)[near].ravel()
            apart = np.square(feature[index] - centre).sum(1)
            closer = index[apart < best[index]]
            best[closer], belongs[closer] = apart[apart < best[index]], at
    return _merged_by_mean(belongs.reshape(height, width), colours, count)


def _window(middle: float, step: float, end: int) -> tuple[int, int]:
    return max(0, int(middle - step)), min(end, int(middle + step) + 1)


def _merged_by_mean(pieces: NDArray[np.intp], colours: NDArray[np.float64], count: int) -> Labels:
    """Merge neighbours by Ward's distance of mean colours until `count` are left."""
    pieces = np.unique(pieces, return_inverse=True)[1].reshape(pieces.shape)
    number = int(pieces.max()) + 1
    area = np.bincount(pieces.ravel()).astype(np.float64)
    mean = np.stack([np.bincount(pieces.ravel(), colours[..., c].ravel()) for c in range(3)], 1) / area[:, None]
    touch = np.zeros((number, number), bool)
    for one, other in ((pieces[1:], pieces[:-1]), (pieces[:, 1:], pieces[:, :-1])):
        touch[one, other] = touch[other, one] = True
    np.fill_diagonal(touch, False)
    owner = np.arange(number)
    for _ in range(number - count):
        apart = np.square(mean[:, None] - mean).sum(-1) * (area[:, None] * area / (area[:, None] + area))
        a, b = np.unravel_index(np.argmin(np.where(touch, apart, np.inf)), apart.shape)
        mean[a] = (area[a] * mean[a] + area[b] * mean[b]) / (area[a] + area[b])
        area[a] += area[b]
        touch[a] |= touch[b]
        touch[:, a] = touch[a]
        touch[a, a] = False
        touch[b] = touch[:, b] = False
        owner[owner == b] = a
    found: Labels = np.unique(owner[pieces], return_inverse=True)[1].reshape(pieces.shape).astype(np.int32)
    return found


METHODS: dict[str, Callable[[Tensor, int], Labels]] = {
    "JSEG": lambda photo, count: find(photo, count).labels,
    "k-means": kmeans,
    "k-means, components": kmeans_with_components,
    "SLIC, merged": slic_with_merging,
}


def score_mosaics() -> None:
    """A line for each kind of mosaic: the adjusted Rand index of each method."""
    scores: dict[str, dict[str, list[float]]] = {}
    for kind, picture, truth in mosaics():
        for name, method in METHODS.items():
            found = adjusted_rand(method(picture, 4), truth)
            scores.setdefault(kind, {}).setdefault(name, []).append(found)
    print(f"{'adjusted Rand index':20}" + "".join(f"{name:>22}" for name in METHODS))
    for kind, row in sorted(scores.items()):
        print(f"{kind:20}" + "".join(f"{np.mean(row[name]):22.3f}" for name in METHODS), flush=True)


def draw_photos(data: Path, output: Path) -> None:
    """Each method's regions of some photos, eight each."""
    files = sorted((data / "selfies").glob("*.jpg"))[:PHOTOS] + sorted((data / "art").glob("*.jpg"))[::20][:PHOTOS]
    cells = []
    for file in files:
        photo = read_picture(file, 384)
        for name, method in METHODS.items():
            if name == "k-means":
                continue
            labels = method(photo, 8)
            labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)
            number = int(labels.max()) + 1
            alpha = soft_alphas(labels, number, photo)
            regions = Regions(tuple(f"region-{n + 1}" for n in range(number)), alpha, (1.0,) * number)
            cells.append((f"{name}: {number}", draw_regions(regions, photo)))
        cells.append((file.stem[:24], to_image(photo)))
    lay_out(cells, columns=4, cell=384).save(output / "jseg.png")


def time_photos(data: Path) -> None:
    """Processor seconds of a whole partition."""
    photo = read_picture(sorted((data / "selfies").glob("*.jpg"))[0])
    print(f"\n{torch.get_num_threads()} threads, fixed convolution {fixed_convolution():.1f} ms")
    for longest in (256, 512, 1024, 2048):
        picture, times = resize(photo, fit_size((photo.shape[-2], photo.shape[-1]), longest)), []
        for _ in range(3):
            started = time.process_time()
            regions = JsegSegmenter().partition(picture)
            times.append(time.process_time() - started)
        print(f"{longest:5} pixels: {min(times):6.2f} s, {len(regions.names)} regions")


def refined(matte: Tensor, labels: Labels, reach: int | None) -> NDArray[np.bool_]:
    """A person's mask (1, 1, H, W) by regions (h, w), or so only within `reach` pixels of its outline."""
    small = resize(matte, (labels.shape[0], labels.shape[1]))[0, 0].numpy()
    held = np.bincount(labels.ravel(), small.ravel()) / np.bincount(labels.ravel())
    mine, voted = small > 0.5, (held > 0.5)[labels]
    if reach is None:
        return voted
    near = ndimage.distance_transform_edt(mine) + ndimage.distance_transform_edt(~mine) <= reach
    found: NDArray[np.bool_] = np.where(near, voted, mine)
    return found


def refine_portraits(data: Path, number: int) -> None:
    """Whether JSEG's regions make the person's mask better."""
    portraits = PortraitSet(data / "portraits" / "val")
    rows: dict[str, list[tuple[float, float]]] = {}
    for i in range(0, len(portraits), max(1, len(portraits) // number)):
        photo = as_picture(portraits[i])
        matte = load_segmenter("portrait")(photo).side(SUBJECT)
        found = {"as it is": refined(matte, np.zeros(photo.shape[-2:], np.int32), 0)}
        for count in (12, 40, 99):
            labels = find(photo, count).labels
            found |= {
                f"{count} regions": refined(matte, labels, None),
                f"{count}, in a band": refined(matte, labels, 6),
            }
        for name, mask in found.items():
            truth = resize(as_matte(portraits[i]), mask.shape)[0, 0].numpy()
            rows.setdefault(name, []).append((overlap(mask, truth > 0.5), boundary_f(mask, truth > 0.5)))
    for name, scores in rows.items():
        iou, boundary = np.mean(scores, 0)
        print(f"{name:20} IoU {iou:.3f}, boundary F {boundary:.3f} on {len(scores)} portraits", flush=True)


PARTS = ("mosaics", "time", "photos", "refiner")


def main() -> None:
    parser = arguments((__doc__ or "").partition("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--portraits", type=int, default=60)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    if "mosaics" in options.parts:
        score_mosaics()
    if "time" in options.parts:
        time_photos(options.data)
    if "photos" in options.parts:
        draw_photos(options.data, options.output)
    if "refiner" in options.parts:
        refine_portraits(options.data, options.portraits)


if __name__ == "__main__":
    main()
