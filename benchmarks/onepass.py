"""Seconds and memory of the engines that paint in one pass, beside a network of Johnson et al.'s size doing two passes.

    python benchmarks/onepass.py [--runs 5] [--largest 3840]

Two styles, segmentation included, on the built-in portrait. The largest picture is painted by a process of its own,
whose memory is measured from outside. Run it with nothing else running.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import torch

from styfie.engines.fast.paint import FastPainter
from styfie.engines.onepass import paint_layers
from styfie.engines.per_style.network import TransformNet
from styfie.engines.per_style.paint import PerStylePainter
from styfie.gallery import draw
from styfie.images import read_picture
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions
from styfie.segmentation import load_segmenter
from styfie.segmentation.portrait import PortraitSegmenter
from styfie.settings import Settings

from common import best_of, fixed_convolution

STYLES = {"subject": "glass", "background": "waves"}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--largest", type=int, default=3840)
    parser.add_argument("--once", type=int, help="paint one picture of this size and print its seconds")
    asked = parser.parse_args()
    if asked.once:
        print(f"{once(asked.once):.2f}")
        return
    print(f"fixed convolution {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads")
    before, after = outside(32), outside(asked.largest)  # first: a child's memory counts from its parent's
    side_by_side(asked.runs)
    for size in (256, 512, 1024, 2048):
        seconds = whole(size, max(2, asked.runs // 2))["fast"]
        print(f"fast, {size:5d} px: {seconds:6.2f} s, {seconds / (size / 1000) ** 2:5.2f} s per megapixel", flush=True)
    print(f"fast, {asked.largest} px wide: {after[0]:.1f} s, {after[1]:.2f} GB at most ({before[1]:.2f} GB at 32 px)")
    print(f"fixed convolution {fixed_convolution():.1f} ms")


def looks_at(size: int) -> dict[str, Look]:
    """Both regions' looks."""
    return {region: Look((Style(name, draw(name, size)),)) for region, name in STYLES.items()}


def whole(size: int, runs: int) -> dict[str, float]:
    """Seconds of segmentation, of both layers and of all with the composed picture, styles read before."""
    photo, segmenter = read_picture(PORTRAIT, size), load_segmenter("auto")
    assert isinstance(segmenter, PortraitSegmenter)
    segmenter = segmenter.fast()
    looks = looks_at(min(size, 512))
    regions: Regions = segmenter(photo)
    found = {"segmentation": best_of(runs, lambda: segmenter(photo))}
    found["segmentation of a film's frame"] = best_of(runs, lambda: segmenter.segment_frame(photo))
    for name, make in (("fast", FastPainter), ("per-style", PerStylePainter)):
        painter = make(looks, Settings(size=size))

        def run(find: Callable[[torch.Tensor], Regions], painter: FastPainter | PerStylePainter) -> torch.Tensor:
            known = find(photo)
            return Painting(photo, known, paint_layers(painter, photo, known), looks).render()

        found[f"layers of {name}"] = best_of(runs, partial(paint_layers, painter, photo, regions))
        found[name] = best_of(runs, partial(run, segmenter, painter))
        found[f"{name}, a film's frame"] = best_of(runs, partial(run, segmenter.segment_frame, painter))
    return found


def side_by_side(runs: int) -> None:
    """The 512 px picture, beside two passes of the published network in float32 and bfloat16."""
    found = whole(512, runs)
    network = TransformNet(1.0).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    picture = read_picture(PORTRAIT, 512).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        for label, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
            net, shown, share = network.to(kind), picture.to(kind), torch.ones(1, dtype=kind)
            found[f"published size, two passes, {label}"] = 2 * best_of(runs, partial(net, shown, share))
    for name, seconds in found.items():
        print(f"{name}: {1000 * seconds:.0f} ms, {seconds / found['fast']:.1f} times the whole of fast")


def once(size: int) -> float:
    """Seconds of one picture of 16:9, both halves painted."""
    photo = read_picture(PORTRAIT, size)[..., : size * 9 // 16, :].contiguous()
    alpha = torch.zeros_like(photo[:, :1])
    alpha[..., : size // 2] = 1
    started = time.perf_counter()
    regions, looks = Regions.of_subject(alpha), looks_at(512)
    Painting(photo, regions, paint_layers(FastPainter(looks, Settings()), photo, regions), looks).render()
    return time.perf_counter() - started


def outside(size: int) -> tuple[float, float]:
    """Seconds, and gigabytes of the process at most."""
    command = [sys.executable, __file__, "--once", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seconds = float(process.stdout.read())
        usage = os.wait4(process.pid, 0)[2]
    return seconds, usage.ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
