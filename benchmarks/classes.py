"""Class-based styling: frames a second of segmenting, of styling, and of all, one after the other and side by side.

    python benchmarks/classes.py [--size 320 --frames 12 --engine per-style --segmenter auto]

The clip is made up of the built-in portrait: it moves, leaves and comes back. One run, one machine. The last two lines
are of the same work, motion and blending with it, by the same code: they differ in whether a frame is segmented in a
thread beside, or before it is styled.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Self
from unittest import mock

import torch
from torch import Tensor

from styfie.devices import few_threads
from styfie.engines import painter_of
from styfie.engines.layers import group
from styfie.engines.onepass import paint_everywhere
from styfie.film import stream
from styfie.film.stream import Stream
from styfie.images import read_picture
from styfie.looks import Look
from styfie.pipeline import PORTRAIT
from styfie.settings import Settings
from styfie.styles import resolve_looks

from common import fixed_convolution

STYLES = {"hair": "waves", "clothes": "mosaic", "background": "night"}


class Here:
    """In place of a thread beside: what it is given is done at once."""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        """The work, done."""
        done: Future[Any] = Future()
        done.set_result(work(*given))
        return done


def main() -> None:
    """Print the rates of one clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--engine", default="per-style")
    parser.add_argument("--segmenter", default=Settings.segmenter)
    asked = parser.parse_args()
    settings = Settings(size=asked.size, engine=asked.engine, segmenter=asked.segmenter)
    looks, frames = resolve_looks(STYLES, settings.size), clip(asked.size, asked.frames)
    alone = Stream(looks, settings)
    make = painter_of(settings.engine)
    assert make is not None, f"{settings.engine} does not paint in one pass"
    painter, regions = make(looks, settings), alone.regions(frames[0])
    wanted = [layer.look for layer in group(regions, looks)]
    print(
        f"{len(frames)} frames of {frames[0].shape[-1]}x{frames[0].shape[-2]}, {settings.engine}, {len(wanted)} looks"
    )

    def style(frame: Tensor) -> None:
        with few_threads():
            for look in wanted:
                paint_everywhere(painter, frame, look)

    def segment(frame: Tensor) -> None:
        with few_threads():
            alone.regions(frame)

    rate("segmented", frames, segment)
    rate("styled", frames, style)
    with mock.patch.object(stream, "ThreadPoolExecutor", Here):
        rate("all, one after the other", frames, show(looks, settings))
    rate("all, side by side", frames, show(looks, settings))
    print(f"fixed convolution {fixed_convolution():.1f} ms")


def show(looks: Mapping[str, Look], settings: Settings) -> Callable[[Tensor], object]:
    """What a camera does with a frame."""
    camera = Stream(looks, settings, side_by_side=True)
    return lambda frame: list(camera([frame]))


def clip(size: int, count: int) -> list[Tensor]:
    """The portrait moving across a wall; for a quarter of the frames it is not there."""
    photo = read_picture(PORTRAIT, size)
    wall = torch.full_like(photo, 0.6)
    return [wall if count // 2 <= n < 3 * count // 4 else photo.roll(2 * n, 3) for n in range(count)]


def rate(what: str, frames: list[Tensor], work: Callable[[Tensor], object]) -> float:
    """Frames a second of a work, after one frame to warm up."""
    work(frames[0])
    begun = time.perf_counter()
    for frame in frames:
        work(frame)
    found = len(frames) / (time.perf_counter() - begun)
    print(f"{what}: {found:.2f} frames a second", flush=True)
    return found


if __name__ == "__main__":
    main()
