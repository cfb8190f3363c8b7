"""Films' mattes on moving composites with known alpha: how wrong they are and how they flicker, remembered or not.

    python benchmarks/mattes.py --data DATA [--clips 12 --frames 12]

Cut-outs sway before a panning background, each frame with noise of its own. Errors are means over pixels at most
`matting.BAND` from the true contour; flicker is dtSSD (Erofeev et al. 2015): the root mean square, from one frame to
the next, of how much more a matte changes than the true one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.film.flow import motion_between
from styfie.film.stream import steadied
from styfie.images import read_matte, read_picture
from styfie.segmentation.portrait import load_portrait

from common import arguments
from matting import NOISE, continued, near_contour

SIZE = (384, 320)  # height and width of a frame
SWAY, PAN, GROW = 12.0, 1.5, 0.004  # pixels to either side, pixels a frame, and share a frame, at most

Frame = tuple[Tensor, Tensor]  # a photo (1, 3, H, W) and its alpha (1, 1, H, W)


def main() -> None:
    """Print both rows."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--frames", type=int, default=12)
    asked = parser.parse_args()
    rows: dict[str, list[tuple[float, float]]] = {"frame by frame": [], "remembered": []}
    for frames in clips(asked.data / "portraits", asked.clips, asked.frames):
        for name, found in zip(rows, mattes(frames), strict=True):
            rows[name] += errors(found, [alpha for _, alpha in frames])
    for name, each in rows.items():
        wrong, flicker = np.mean(each, 0)
        print(f"{name:16} error {wrong:.4f}, flicker {flicker:.4f}")


def clips(data: Path, number: int, length: int) -> Iterator[list[Frame]]:
    """Always the same ones."""
    rng = np.random.default_rng(5)
    alphas = sorted((data / "cutouts").glob("*_alpha.png"))
    grounds = sorted((data / "backgrounds").glob("*.jpg"))
    for i in rng.choice(len(alphas), number, replace=False):
        fore = read_picture(alphas[i].with_name(alphas[i].name.replace("_alpha.png", ".jpg")))
        alpha = read_matte(alphas[i], (fore.shape[-2], fore.shape[-1]))
        ground = read_picture(grounds[int(rng.integers(len(grounds)))])
        yield list(_frames(continued(fore, alpha), alpha, ground, length, rng))


def _frames(fore: Tensor, alpha: Tensor, ground: Tensor, length: int, rng: np.random.Generator) -> Iterator[Frame]:
    sway, pan, grow = rng.uniform(-SWAY, SWAY), rng.uniform(-PAN, PAN, 2), rng.uniform(-GROW, GROW)
    begin = rng.uniform(0, 2 * np.pi)
    large = 0.92 * min(SIZE[0] / fore.shape[-2], SIZE[1] / fore.shape[-1])
    behind = 1.15 * max(SIZE[0] / ground.shape[-2], SIZE[1] / ground.shape[-1])
    for t in range(length):
        across, scale = sway * np.sin(t / 4 + begin), large * (1 + grow * t)
        down = (SIZE[0] - scale * fore.shape[-2]) / 2  # feet stay at the lower edge
        shown = _moved(alpha, scale, across, down, "zeros")
        mixed = torch.lerp(_moved(ground, behind, *(pan * t)), _moved(fore, scale, across, down), shown)
        noise = torch.from_numpy(rng.normal(0, NOISE, mixed.shape).astype(np.float32))
        yield (255 * (mixed + noise).clamp(0, 1)).round() / 255, shown


def _moved(picture: Tensor, scale: float, across: float, down: float, beyond: str = "border") -> Tensor:
    """A picture scaled around the middle of the frame, and moved by so many pixels."""
    height, width = picture.shape[-2:]
    theta = torch.tensor(
        [
            [SIZE[1] / (scale * width), 0, -2 * across / (scale * width)],
            [0, SIZE[0] / (scale * height), -2 * down / (scale * height)],
        ],
        dtype=torch.float32,
    )
    grid = F.affine_grid(theta[None], [1, 1, *SIZE], align_corners=False)
    return F.grid_sample(picture, grid, padding_mode=beyond, align_corners=False)


def mattes(frames: Sequence[Frame]) -> tuple[list[Tensor], list[Tensor]]:
    """The person's mattes, each by its frame alone, and drawn to the one before as in films."""
    segmenter = load_portrait()
    each = [segmenter.segment_frame(photo) for photo, _ in frames]
    drawn = each[:1]
    for k in range(1, len(frames)):
        motion = motion_between(frames[k][0], frames[k - 1][0])
        drawn.append(steadied(each[k], drawn[-1].alpha, motion))
    return [one["subject"] for one in each], [one["subject"] for one in drawn]


def errors(found: Sequence[Tensor], truth: Sequence[Tensor]) -> Iterator[tuple[float, float]]:
    """Mean absolute error and flicker of each frame but the first."""
    for k in range(1, len(found)):
        near = near_contour(truth[k])
        wrong = (found[k] - truth[k])[0, 0].numpy()
        change = wrong - (found[k - 1] - truth[k - 1])[0, 0].numpy()
        yield float(np.abs(wrong)[near].mean()), float(np.sqrt(np.square(change[near]).mean()))


if __name__ == "__main__":
    main()
