"""Mattes and foreground colours on composites with known alpha, and by eye on photos; time and memory at 12 megapixels.

Cut-outs are pasted, enlarged and with a little noise, on backgrounds; every second one grows drawn strands of hair.
What refining starts from is a blurred, bent and quantised 256-pixel version of the true alpha ("drawn"), and what the
shipped network sees in the composite ("network"); it is done without and with what the network takes for hair. Errors
are means over pixels at most `BAND` from the true contour; of drawn strands the share of their alpha that is found.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from torch import Tensor

from styfie.images import read_matte, read_picture, resize, to_image
from styfie.segmentation.foreground import estimate_foreground
from styfie.segmentation.matting import refine
from styfie.segmentation.portrait import INPUT_SIZE, load_shipped, predict
from styfie.storage.sheet import lay_out

from common import arguments, fixed_convolution

SIZE = (800, 640)  # height and width of a composite
BAND = 10  # pixels around the true contour that are scored
NOISE = 2 / 255
BESIDE = 0.02  # alpha of the figure up to which what is there is a strand alone
LARGE = (3000, 4000)
HAIR = (
    "woman_curly_hair_outdoor",
    "man_glasses_curly_hair",
    "woman_red_hair_indoor",
    "woman_smile_updo",
    "woman_balcony_curly",
    "two_women_redhair",
)
Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Composite:
    """A photo (1, 3, H, W) with what it was made from."""

    name: str
    photo: Tensor
    alpha: Tensor
    fore: Tensor
    strands: Tensor  # the alpha of those that were drawn, where there was nothing of the figure


def composites(data: Path, number: int) -> Iterator[Composite]:
    """Always the same ones."""
    rng = np.random.default_rng(0)
    mattes = sorted((data / "cutouts").glob("*_alpha.png"))
    grounds = sorted((data / "backgrounds").glob("*.jpg"))
    for k, i in enumerate(rng.choice(len(mattes), number, replace=False)):
        name = mattes[i].stem.removesuffix("_alpha")
        fore = read_picture(mattes[i].with_name(f"{name}.jpg"))
        alpha = read_matte(mattes[i], (fore.shape[-2], fore.shape[-1]))
        if k % 2:  # half of the figure: larger heads
            rows = int(1.3 * fore.shape[-1])
            fore, alpha = fore[..., :rows, :], alpha[..., :rows, :]
        fore, alpha = _placed(continued(fore, alpha), "replicate"), _placed(alpha, "constant")
        figure = alpha
        if k % 2:
            alpha = _with_strands(alpha, rng)
        ground = read_picture(grounds[int(rng.integers(len(grounds)))])
        width = round(ground.shape[-2] * SIZE[1] / SIZE[0])
        left = int(rng.integers(ground.shape[-1] - width + 1))
        back = F.interpolate(ground[..., left : left + width], SIZE, mode="bicubic").clamp(0, 1)
        noise = torch.from_numpy(rng.normal(0, NOISE, (1, 3, *SIZE)).astype(np.float32))
        photo = (255 * (alpha * fore + (1 - alpha) * back + noise).clamp(0, 1)).round() / 255
        yield Composite(name, photo, alpha, fore, (alpha - figure) * (figure < BESIDE))


def continued(fore: Tensor, alpha: Tensor) -> Tensor:
    """Colours where the matte is soft, from the nearest sure pixel: the cut-outs are black beside themselves."""
    sure = ndimage.binary_erosion(alpha[0, 0].numpy() > 0.95)
    y, x = np.asarray(ndimage.distance_transform_edt(~sure, return_distances=False, return_indices=True))
    return fore[:, :, torch.from_numpy(y), torch.from_numpy(x)]


def _placed(picture: Tensor, mode: str) -> Tensor:
    """Enlarged to stand on the composite's lower edge, in the middle."""
    scale = 0.92 * min(SIZE[0] / picture.shape[-2], SIZE[1] / picture.shape[-1])
    height, width = round(picture.shape[-2] * scale), round(picture.shape[-1] * scale)
    large = F.interpolate(picture, (height, width), mode="bicubic").clamp(0, 1)
    left = (SIZE[1] - width) // 2
    return F.pad(large, (left, SIZE[1] - width - left, SIZE[0] - height, 0), mode=mode)


def _with_strands(alpha: Tensor, rng: np.random.Generator, number: int = 160, scale: int = 3) -> Tensor:
    """Thin bent lines out of the figure's top."""
    plane = alpha[0, 0].numpy()
    inside = plane > 0.5
    y, x = np.nonzero(inside & ~ndimage.binary_erosion(inside))
    top = y < y.min() + 0.13 * (y.max() - y.min())
    y, x = y[top], x[top]
    smooth = ndimage.gaussian_filter(plane.astype(np.float64), 4)
    down, across = np.gradient(smooth, axis=0), np.gradient(smooth, axis=1)
    canvas = Image.new("L", (SIZE[1] * scale, SIZE[0] * scale))
    draw = ImageDraw.Draw(canvas)
    for i in rng.integers(len(y), size=number):
        angle = np.arctan2(-down[y[i], x[i]], -across[y[i], x[i]]) + rng.normal(0, 0.5)
        turns = angle + np.cumsum(rng.normal(rng.normal(0, 0.05), 0.05, int(rng.gamma(2, 7)) + 2))
        points = np.stack([x[i] + np.cumsum(np.cos(turns)), y[i] + np.cumsum(np.sin(turns))], 1) * scale
        draw.line([tuple(p) for p in points], fill=int(rng.integers(90, 256)), width=int(rng.integers(2, 5)))
    strands = np.asarray(canvas.resize((SIZE[1], SIZE[0]), Image.Resampling.BOX), np.float32) / 255
    return torch.maximum(alpha, torch.from_numpy(ndimage.gaussian_filter(strands, 0.5))[None, None])


def drawn_coarse(alpha: Tensor, rng: np.random.Generator) -> Tensor:
    """As a network might see it: bent by about a pixel, blurred, in 33 steps, (1, 1, SIDE, SIDE)."""
    small = resize(alpha, (INPUT_SIZE, INPUT_SIZE))[0, 0].numpy()
    bends = [ndimage.gaussian_filter(rng.normal(0, 1, small.shape), 12) for _ in range(2)]
    places = [place + 1.2 * bend / bend.std() for place, bend in zip(np.indices(small.shape), bends, strict=True)]
    bent = ndimage.gaussian_filter(ndimage.map_coordinates(small, places, order=1, mode="nearest"), 1.5)
    return torch.from_numpy((np.round(bent * 32) / 32).astype(np.float32))[None, None]


def matte_errors(found: Tensor, truth: Tensor) -> tuple[float, float]:
    """MAE, and 1000 times the mean squared difference of gradient magnitudes (Rhemann et al. 2009; sigma 1.4)."""
    a, b, near = found[0, 0].numpy(), truth[0, 0].numpy(), near_contour(truth)
    slopes = [ndimage.gaussian_gradient_magnitude(x.astype(np.float64), 1.4) for x in (a, b)]
    return float(np.abs(a - b)[near].mean()), 1000 * float(((slopes[0] - slopes[1]) ** 2)[near].mean())


def share_found(matte: Tensor, strands: Tensor) -> float:
    """How much of the strands' alpha a matte has; 1 where there are none."""
    whole = float(strands.sum())
    return float(torch.minimum(matte, strands).sum()) / whole if whole else 1.0


def colour_error(fore: Tensor, composite: Composite) -> float:
    """Mean of alpha * |F - F*|."""
    off = composite.alpha * (fore - composite.fore).abs()
    return float(off[0].mean(0).numpy()[near_contour(composite.alpha)].mean())


def near_contour(alpha: Tensor) -> NDArray[np.bool_]:
    inside = alpha[0, 0].numpy() >= 0.5
    contour = inside ^ ndimage.binary_erosion(inside)
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(~contour) <= BAND
    return near


def main() -> None:
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    network, rng = load_shipped()[0], np.random.default_rng(1)
    table: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    cells: list[tuple[str, Image.Image]] = []
    for k, composite in enumerate(composites(options.data / "portraits", options.number)):
        sight = predict(composite.photo, network)
        coarse = {"drawn": drawn_coarse(composite.alpha, rng), "network": sight.matte}
        for start, coarse_one in coarse.items():
            mattes = {
                "raw": resize(coarse_one, SIZE),
                "refined": refine(coarse_one, composite.photo),
                "by hair": refine(coarse_one, composite.photo, hair=sight.hair),
            }
            for kind, matte in mattes.items():
                colours = (colour_error(x, composite) for x in (composite.photo, _estimated(composite, matte)))
                hair = "with strands" if k % 2 else "plain"
                table.setdefault((f"{start}, {hair}", kind), []).append(
                    (*matte_errors(matte, composite.alpha), *colours, share_found(matte, composite.strands))
                )
        known = [colour_error(x, composite) for x in (composite.photo, _estimated(composite, composite.alpha))]
        table.setdefault(("true alpha", ""), []).append((0.0, 0.0, *known, 1.0))
        if k < 10:
            cells += _row(composite.name, composite.photo, coarse["drawn"], sight.hair)
    print(f"{'':24} {'':8}  {'MAE':>7} {'gradient':>8} {'colour of photo':>16} {'colour estimated':>17} {'strands':>8}")
    for (start, kind), rows in table.items():
        mae, gradient, photo, estimated, strands = np.mean(rows, 0)
        print(f"{start:24} {kind:8}  {mae:7.4f} {gradient:8.3f} {photo:16.4f} {estimated:17.4f} {strands:8.3f}")
    lay_out(cells, columns=5, cell=400).save(options.output / "matting-composites.png")
    cells = []
    for name in HAIR:
        photo = read_picture(options.data / "selfies" / f"{name}.jpg")
        sight = predict(photo, network)
        cells += _row(name, photo, sight.matte, sight.hair, crop=True)
    lay_out(cells, columns=5, cell=480).save(options.output / "matting-hair.png")


def _options() -> argparse.Namespace:
    parser = arguments(__doc__ or "")
    parser.add_argument("--number", type=int, default=40, help="composites")
    options = parser.parse_args()
    time_large(options.data)  # first: the peak memory is the process's
    return options


def _estimated(composite: Composite, matte: Tensor) -> Tensor:
    return estimate_foreground(composite.photo, matte)


def _row(
    name: str, photo: Tensor, coarse: Tensor, hair: Tensor, *, crop: bool = False
) -> list[tuple[str, Image.Image]]:
    """Photo, raw and refined matte, and the cut-out on green with the photo's colours and with the estimated ones."""
    raw, refined = resize(coarse, (photo.shape[-2], photo.shape[-1])), refine(coarse, photo, hair=hair)
    green = torch.tensor([0.0, 0.8, 0.2]).view(1, 3, 1, 1)
    shown = {
        name: photo,
        "raw": raw,
        "refined": refined,
        "raw, photo's colours": torch.lerp(green, photo, raw),
        "refined, own colours": torch.lerp(green, estimate_foreground(photo, refined), refined),
    }
    window = _head(raw) if crop else (slice(None), slice(None))
    return [(label, to_image(picture[..., window[0], window[1]])) for label, picture in shown.items()]


def _head(matte: Tensor) -> tuple[slice, slice]:
    """The upper part of the figure."""
    y, x = np.nonzero(matte[0, 0].numpy() > 0.5)
    side = min(int(0.5 * (y.max() - y.min())) + 60, *matte.shape[-2:])
    top = min(max(0, int(y.min()) - 30), matte.shape[-2] - side)
    middle = x[y < top + side // 2].mean()
    left = int(np.clip(middle - side / 2, 0, matte.shape[-1] - side))
    return slice(top, top + side), slice(left, left + side)


def time_large(data: Path) -> None:
    """Seconds for one large photo, and the process's peak memory."""
    photo = read_picture(data / "selfies" / f"{HAIR[0]}.jpg")
    sight = predict(photo, load_shipped()[0])
    large = torch.cat([F.interpolate(x[:, None], LARGE, mode="bilinear") for x in photo.unbind(1)], 1)
    print(f"{LARGE[1]}x{LARGE[0]}, {torch.get_num_threads()} threads, fixed convolution {fixed_convolution():.1f} ms")
    started = time.perf_counter()
    matte = refine(sight.matte, large, hair=sight.hair)
    between = time.perf_counter()
    estimate_foreground(large, matte)
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"refine {between - started:.2f} s, foreground {ended - between:.2f} s, peak memory {peak:.2f} GB")


if __name__ == "__main__":
    main()
