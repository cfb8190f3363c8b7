"""Video: how steady it is beside painting frame by frame, and what that costs in style and detail.

    python benchmarks/video.py --data DATA --judge JUDGE [--clips 3 --frames 24 --size 320 --engine fast]

Warp error: mean absolute difference between a painted frame and the one before, moved along by the motion of the clip
itself, where that is to be trusted. Luma detail: mean absolute luma gradient. Strips of frames go to --output: the
clip, frame by frame, and as a stream.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from styfie.colour import luma_of
from styfie.film.clip import Clip
from styfie.film.flow import Motion, carry, motion_between
from styfie.film.stream import Stream
from styfie.images import to_image
from styfie.settings import Settings
from styfie.styles import resolve_looks

from common import arguments, fixed_convolution, load_judge

STYLES = {"subject": "glass", "background": "waves"}


def main() -> None:
    """Print the ratios of each clip and their means."""
    parser = arguments(__doc__ or "", judge=True)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--engine", default="fast")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    asked = parser.parse_args()
    judge = load_judge(asked.judge)
    settings = Settings(size=asked.size, engine=asked.engine, steps=asked.steps)
    rows = []
    for file in sorted((asked.data / "clips").glob("*.mp4"))[: asked.clips]:
        with Clip(file, asked.size) as clip:
            frames = [frame.picture for frame, _ in zip(clip.frames(), range(asked.frames), strict=False)]
        rows.append(measure(judge, file.stem, frames, settings, asked.output))
    means = np.mean(rows, 0)
    print(f"mean: warp error x {means[0]:.2f} (bar 0.5), style x {means[1]:.2f}, detail x {means[2]:.2f} (0.9 to 1.1)")
    print(f"fixed convolution {fixed_convolution():.1f} ms")


def measure(
    judge: ModuleType, name: str, frames: Sequence[Tensor], settings: Settings, output: Path
) -> tuple[float, ...]:
    """Ratios of steady to frame by frame."""
    looks = resolve_looks(STYLES, settings.size)
    steady = list(Stream(looks, settings)(frames))
    alone = []
    for frame in frames:
        alone += list(Stream(looks, settings)([frame]))
    motions = [motion_between(now, before) for before, now in itertools.pairwise(frames)]
    matte = Stream(looks, settings).regions(frames[-1])["subject"]
    found = [row(judge, painted, motions, looks["subject"].styles[0].picture, matte) for painted in (steady, alone)]
    ratios = tuple(float(a / b) for a, b in zip(*found, strict=True))
    print(
        f"{name}: warp error {found[0][0]:.4f} / {found[1][0]:.4f} = {ratios[0]:.2f}, style x {ratios[1]:.2f}, "
        f"detail x {ratios[2]:.2f}",
        flush=True,
    )
    strips = [torch.cat(list(painted)[:: max(1, len(painted) // 6)], 3) for painted in (frames, alone, steady)]
    output.mkdir(parents=True, exist_ok=True)
    to_image(torch.cat(strips, 2)).save(output / f"video-{settings.engine}-{name}.png")
    return ratios


def row(
    judge: ModuleType, painted: Sequence[Tensor], motions: Sequence[Motion], style: Tensor, matte: Tensor
) -> tuple[float, float, float]:
    """Warp error, style distance of the subject's box in the last frames, and luma detail."""
    errors = [
        float(((now - carry(before, motion)).abs() * motion.trust).sum() / (3 * motion.trust.sum()))
        for before, now, motion in zip(painted, painted[1:], motions, strict=False)
    ]
    rows, columns = (matte[0, 0] > 0.5).nonzero().T
    box = (..., slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1))
    distances = [judge.style_distance(one[box], style) for one in painted[-4:]]
    detail = [float(luma_of(one).diff(dim=-1).abs().mean() + luma_of(one).diff(dim=-2).abs().mean()) for one in painted]
    return float(np.mean(errors)), float(np.mean(distances)), float(np.mean(detail))


if __name__ == "__main__":
    main()
