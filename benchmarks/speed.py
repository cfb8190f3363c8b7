"""The main job's time and memory, and its ratio to the founding paper's algorithm, both from this one run.

`classic` gets random weights in VGG-16's shape: its time does not depend on what they are.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from functools import partial

import torch

import styfie
from styfie.encoders.vgg import Vgg
from styfie.engines.classic import Classic, classic
from styfie.images import read_picture
from styfie.pipeline import PORTRAIT
from styfie.styles import resolve_looks

from common import best_of, fixed_convolution

BARS = {512: 30.0, 1024: 150.0}  # seconds for all pictures
RATIO = 150.0  # how many times as long `classic` takes for its three pictures, at least
CLASSIC = 256  # pixels, the only size that `classic` has


def job(size: int) -> None:
    """All eight pictures of the built-in portrait, from file to files."""
    with tempfile.TemporaryDirectory() as folder:
        styfie.paint(settings=styfie.Settings(size=size)).save(folder)


def classic_job() -> float:
    """Seconds of the three runs of 10 x 20 evaluations at 256 pixels."""
    photo = read_picture(PORTRAIT, CLASSIC)
    regions = styfie.segment(PORTRAIT).resize((CLASSIC, CLASSIC))
    looks = resolve_looks({}, CLASSIC)
    torch.manual_seed(0)
    network = Vgg(16).eval().requires_grad_(False)
    settings = styfie.Settings(size=CLASSIC)
    started = time.perf_counter()
    for _ in classic(photo, regions, looks, settings, parameters=Classic(), network=network):
        pass
    return time.perf_counter() - started


def against(bar: float, holds: bool, unit: str = "") -> str:
    """The bar beside a number."""
    return f" (bar {bar:g}{unit}: {'holds' if holds else 'DOES NOT HOLD'})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="at each size, besides one that is not counted")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--no-classic", action="store_true", help="leave the slow baseline out")
    options = parser.parse_args()
    print(f"fixed convolution: {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads", flush=True)
    ours = {}
    for size in options.sizes:
        ours[size] = seconds = best_of(options.runs, partial(job, size))
        bar = against(BARS[size], seconds <= BARS[size], " s") if size in BARS else ""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"all pictures at {size} px: {seconds:.1f} s{bar}, peak memory so far {memory:.2f} GiB", flush=True)
    if not options.no_classic:
        theirs = classic_job()
        print(f"classic, three runs of 10 x 20 evaluations at {CLASSIC} px: {theirs:.1f} s")
        if CLASSIC in ours:
            ratio = theirs / ours[CLASSIC]
            print(f"classic over ours at {CLASSIC} px: {ratio:.1f} times{against(RATIO, ratio >= RATIO)}")
    print(f"fixed convolution: {fixed_convolution():.1f} ms")


if __name__ == "__main__":
    main()
