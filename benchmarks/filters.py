"""Filters: milliseconds at 1024 pixels, frames a second of a camera at 640, and how still a film of a still scene is.

    python benchmarks/filters.py [--flicker]

Two threads unless OMP_NUM_THREADS says otherwise. `--flicker` instead: the built-in portrait as a clip of a camera that
does not move, each frame with noise of its own and JPEG's, and the same person moving four pixels a frame before a wall
that stands still: mean and 99th percentile of the change from one frame to the next, in 255ths, beside each frame
painted by itself.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from styfie.colour import luma_of
from styfie.engines.filters.bilateral import bilateral
from styfie.engines.filters.flow import flow_of
from styfie.engines.filters.kuwahara import anisotropic_kuwahara
from styfie.engines.filters.recipes import RECIPES, Subject
from styfie.engines.filters.xdog import lines_size, xdog
from styfie.film.stream import Stream
from styfie.gallery import draw
from styfie.images import read_picture, resize, to_image
from styfie.looks import Look, Style
from styfie.pipeline import PORTRAIT
from styfie.regions import SUBJECT, Regions
from styfie.semantic import parts_of
from styfie.settings import Settings

from common import best_of, fixed_convolution

FRAMES = 8
NOISE, QUALITY = 2.5 / 255, 75


def main() -> None:
    """Print one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flicker", action="store_true")
    asked = parser.parse_args()
    print(f"fixed convolution {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads")
    if asked.flicker:
        flicker(256)
        return
    speed(1024)
    camera(640)


@torch.no_grad()
def speed(size: int) -> None:
    """Of the parts with their bars, and of each technique whole."""
    photo = resize(read_picture(PORTRAIT, 512), (size, size)).clamp(0, 1)
    luma, unit = luma_of(photo), size / 512
    flow = flow_of(photo, 2.5 * unit)
    timed("XDoG, isotropic (bar 150 ms)", lambda: xdog(luma, unit))
    small = lines_size((size, size), unit)
    timed(
        "XDoG along the flow, flow included (bar 150 ms)",
        lambda: xdog(luma, unit, flow=flow_of(luma, 2.5 * unit, small)),
    )
    timed("anisotropic Kuwahara (bar 1500 ms)", lambda: anisotropic_kuwahara(photo, flow, 6.5 * unit))
    timed("bilateral", lambda: bilateral(photo, 3 * unit, 0.08))
    care = torch.zeros_like(luma)
    for name, recipe in RECIPES.items():
        timed(f"{name}, whole", lambda recipe=recipe: recipe(Subject(photo, care, unit)))  # type: ignore[misc]


def timed(label: str, run: Callable[[], object]) -> None:
    """Print the best of three, in wall and in processor milliseconds."""
    wall, started = best_of(3, run), time.process_time()
    run()
    print(f"{label}: {1000 * wall:.0f} ms, {1000 * (time.process_time() - started):.0f} of the processor", flush=True)


def camera(size: int) -> None:
    """Frames a second, person and background each in a technique, the person found in each frame."""
    photo = read_picture(PORTRAIT, size)
    photo = resize(photo, (size * 3 // 4, size)).clamp(0, 1)
    frames = [noisy(photo, n) for n in range(FRAMES)]
    for person, behind in (("ink", "comic"), ("comic", "comic"), ("oil", "halftone")):
        stream = Stream({"subject": technique(person), "background": technique(behind)}, Settings(engine="filters"))
        list(stream(frames[:2]))
        wall, cpu = time.perf_counter(), time.process_time()
        list(stream(frames[2:]))
        count = len(frames) - 2
        print(
            f"camera, {size}x{size * 3 // 4}, {person} before {behind}: {count / (time.perf_counter() - wall):.1f} "
            f"frames a second, {(time.process_time() - cpu) / count:.2f} processor seconds a frame",
            flush=True,
        )


def flicker(size: int) -> None:
    """Of each technique: as a film, and frame by frame."""
    photo, wall = read_picture(PORTRAIT, size), resize(draw("autumn", size), (size, size)).clamp(0, 1)
    matte = parts_of(photo)[SUBJECT]
    still = [noisy(photo, n) for n in range(FRAMES)]
    mattes = [F.pad(matte[..., : size - 4 * n], (4 * n, 0)) for n in range(FRAMES)]
    moving = [
        noisy(torch.lerp(wall, F.pad(photo[..., : size - 4 * n], (4 * n, 0)), one), n) for n, one in enumerate(mattes)
    ]
    behind = F.max_pool2d((torch.stack(mattes).amax(0) > 0.02).float(), 25, 1, 12) < 0.5
    print(f"the clips themselves: {changes(still)}; where the wall is {changes(moving, behind)}")
    for name in RECIPES:
        for label, clip, where in (("still", still, None), ("behind who moves", moving, behind)):
            held = list(film(name)(clip))
            alone = [next(iter(film(name)([frame]))) for frame in clip[-3:]]
            print(f"{name}, {label}: {changes(held, where)}, frame by frame {changes(alone, where)}", flush=True)


def changes(frames: list[Tensor], where: Tensor | None = None) -> str:
    """Mean and 99th percentile of what changes between the last frames."""
    change = 255 * torch.cat([(a - b).abs().amax(1) for a, b in zip(frames[-3:], frames[-2:], strict=False)])
    values = change.flatten() if where is None else change[where[0].expand_as(change)]
    return f"{float(values.mean()):.2f} and {float(values.quantile(0.99)):.0f}"


def technique(name: str) -> Look:
    """A look in a technique."""
    return Look((Style(name, draw("waves", 32)),))


def noisy(picture: Tensor, seed: int) -> Tensor:
    """A picture as a camera gives it."""
    grain = np.random.default_rng(seed).standard_normal(tuple(picture.shape)).astype(np.float32)
    file = io.BytesIO()
    to_image((picture + NOISE * torch.from_numpy(grain)).clamp(0, 1)).save(file, "JPEG", quality=QUALITY)
    pixels = np.asarray(Image.open(file).convert("RGB"), np.float32) / 255
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


def film(name: str) -> Stream:
    """A stream that takes all of each frame for one region."""
    stream = Stream({SUBJECT: technique(name)}, Settings(engine="filters", device="cpu"))
    patch.object(stream, "_follower", None).start()
    patch.object(
        stream, "segmenter", lambda frame, _finer=(): Regions.of_subject(torch.ones_like(frame[:, :1]))
    ).start()
    return stream


if __name__ == "__main__":
    main()
