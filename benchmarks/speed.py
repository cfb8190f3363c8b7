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
from styfie.pipeline import PORTRAIT, resolve_looks

from common import best_of, fixed_convolution


def job(size: int) -> None:
    """All eight pictures of the built-in portrait, from file to files."""
    with tempfile.TemporaryDirectory() as folder:
        styfie.paint(settings=styfie.Settings(size=size)).save(folder)


def classic_job() -> float:
    """Seconds of the three runs of 10 x 20 evaluations at 256 pixels."""
    photo = read_picture(PORTRAIT, 256)
    regions = styfie.segment(PORTRAIT).resize((256, 256))
    looks = resolve_looks({}, 256)
    torch.manual_seed(0)
    network = Vgg(16).eval().requires_grad_(False)
    started = time.perf_counter()
    for _ in classic(photo, regions, looks, styfie.Settings(size=256), parameters=Classic(), network=network):
        pass
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-classic", action="store_true", help="leave the slow baseline out")
    options = parser.parse_args()
    print(f"fixed convolution: {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads")
    ours = {size: best_of(options.runs, partial(job, size)) for size in (256, 512)}
    for size, seconds in ours.items():
        print(f"all pictures at {size} px: {seconds:.1f} s", flush=True)
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    if not options.no_classic:
        theirs = classic_job()
        print(
            f"classic, three runs of 10 x 20 evaluations at 256 px: {theirs:.1f} s, {theirs / ours[256]:.1f} times ours"
        )
    print(f"fixed convolution: {fixed_convolution():.1f} ms")


if __name__ == "__main__":
    main()
