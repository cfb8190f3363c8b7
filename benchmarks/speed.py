"""The main job's time and memory, and its ratio to a plain loop on VGG-19, both from this one run.

The loop is Gatys et al.'s (2016) as it is mostly written: the pixels of one picture, L-BFGS, Gram matrices of five
layers and content of one. Its network gets random weights in VGG-19's shape: its time does not depend on what they are.
It runs for a few of its iterations, and the rest are reckoned.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from functools import partial

import torch
from torch import Tensor

import styfie
from styfie.encoders.vgg import Vgg
from styfie.images import read_picture
from styfie.pipeline import PORTRAIT

from common import best_of, fixed_convolution

BARS = {"standard": 45.0, "draft": 9.0}  # seconds for all pictures of two regions at 512 pixels
SIZE = 512
ITERATIONS, TAKEN = 500, 3  # of the loop, and how many of them are waited for
RATIO = 40.0  # times as long as the loop takes for one region, at least


def job(size: int, quality: str, looks: dict[str, str]) -> None:
    """All pictures of the built-in portrait, from file to files."""
    with tempfile.TemporaryDirectory() as folder:
        styfie.paint(looks=looks or None, settings=styfie.Settings(size=size, quality=quality)).save(folder)


def loop_seconds() -> float:
    """Seconds of `ITERATIONS` of the plain loop, from the last of `TAKEN`."""
    torch.manual_seed(0)
    network = Vgg(19).eval().requires_grad_(False)
    photo = read_picture(PORTRAIT, SIZE)
    styles, contents = grams(network, photo.flip(3)), network(photo)[network.content_tap]
    picture = photo.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([picture], max_iter=1)

    def closure() -> Tensor:
        optimiser.zero_grad()
        maps = network(picture)
        content = (maps[network.content_tap] - contents).square().mean()
        loss = torch.stack(
            [content, *((gram(maps[tap]) - wanted).square().mean() for tap, wanted in styles.items())]
        ).sum()
        loss.backward()
        return loss

    taken = []
    for _ in range(TAKEN):
        started = time.perf_counter()
        optimiser.step(closure)
        taken.append(time.perf_counter() - started)
    return ITERATIONS * min(taken)


def gram(maps: Tensor) -> Tensor:
    """The Gram matrix (C, C) of maps (1, C, H, W), per position."""
    flat = maps[0].flatten(1)
    return flat @ flat.T / flat.shape[1]


def grams(network: Vgg, picture: Tensor) -> dict[str, Tensor]:
    """Of every style tap."""
    maps = network(picture)
    return {tap: gram(maps[tap]) for tap in network.style_taps}


def against(bar: float, holds: bool, unit: str = "") -> str:
    """The bar beside a number."""
    return f" (bar {bar:g}{unit}: {'holds' if holds else 'DOES NOT HOLD'})"


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each job, besides one that is not counted")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="other sizes to paint in standard quality")
    parser.add_argument("--no-loop", action="store_true", help="leave the slow baseline out")
    options = parser.parse_args()
    print(f"fixed convolution: {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads", flush=True)
    for size, quality in [*((SIZE, quality) for quality in BARS), *((size, "standard") for size in options.sizes)]:
        seconds = best_of(options.runs, partial(job, size, quality, {}))
        bar = against(BARS[quality], seconds <= BARS[quality], " s") if size == SIZE else ""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{quality}, all pictures at {size} px: {seconds:.1f} s{bar}, at most {memory:.2f} GiB so far", flush=True
        )
    if not options.no_loop:
        ours = best_of(1, partial(job, SIZE, "standard", {"background": "waves"}))
        theirs = loop_seconds()
        holds = against(RATIO, theirs / ours >= RATIO)
        print(f"one region at {SIZE} px: {ours:.1f} s; {ITERATIONS} iterations on VGG-19: {theirs:.0f} s (reckoned)")
        print(f"the loop over ours: {theirs / ours:.1f} times{holds}")
    print(f"fixed convolution: {fixed_convolution():.1f} ms")


if __name__ == "__main__":
    main()
