"""Strokes: how near they come to five photos, at other sizes too, what optimising them adds, and how long it takes.

Nothing is styled but the picture that is timed and the sheet: the photo is painted in its own colours, at 192 px.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace

import torch
from torch import Tensor

import styfie
from styfie.engines.strokes import OPTIONS, StrokeOptions, Strokes
from styfie.engines.strokes.paint import Easel
from styfie.engines.strokes.raster import BAR, coverage, locate
from styfie.engines.strokes.whole import grid_cost, transport_cost
from styfie.images import read_picture, resize, to_image
from styfie.looks import Look, Style
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.sheet import lay_out

from common import PHOTOS, arguments

SIZE = 192
TRIALS = 50
GRID = 12  # pixels along each side that transport is measured on; the paper has 24


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--parts", nargs="+", default=["photos", "numbers", "recovery", "time"])
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    photos = [read_picture(options.data / "selfies" / f"{name}.jpg", SIZE) for name in PHOTOS[:5]]
    if "photos" in options.parts:
        at_500(photos, options)
    if "numbers" in options.parts:
        numbers(photos[2])
    if "recovery" in options.parts:
        recovery()
    if "time" in options.parts:
        timed(options)


def at_500(photos: list[Tensor], options: argparse.Namespace) -> None:
    """The bars: 24 dB on average and 21 dB at least; 30 dB of the same strokes at four times the size."""
    cells, found = [], []
    for name, photo in zip(PHOTOS, photos, strict=False):
        began = time.process_time()
        strokes = reproduce(photo, 500)
        spent = time.process_time() - began
        size = (photo.shape[-2], photo.shape[-1])
        small, large = strokes.render(size), strokes.render((4 * size[0], 4 * size[1]))
        found.append((decibels(small, photo), decibels(resize(large, size), small)))
        label = f"{found[-1][0]:.2f} dB, at four times the size {found[-1][1]:.2f} dB"
        print(f"{name}: {label}, {spent:.1f} s of one processor", flush=True)
        cells += [(name, to_image(photo)), (label, to_image(large))]
        lay_out(cells, columns=2, cell=4 * SIZE).save(options.output / "strokes.png")
    own, four = zip(*found, strict=True)
    print(
        f"mean {sum(own) / len(own):.2f} dB, least {min(own):.2f} dB; at four times the size least {min(four):.2f} dB"
    )


def numbers(photo: Tensor) -> None:
    """More strokes are nearer, and optimised ones nearer than placed ones: the same strokes as they begin."""
    size = (photo.shape[-2], photo.shape[-1])
    for count in (125, 250, 500):
        optimised = decibels(reproduce(photo, count).render(size), photo)
        moved = decibels(reproduce(photo, count, replace(OPTIONS, transport=0.1)).render(size), photo)
        placed = decibels(reproduce(photo, count, replace(OPTIONS, shift=0.0, tint=0.0)).render(size), photo)
        print(
            f"{count} strokes: {optimised:.2f} dB, with transport {moved:.2f} dB, as placed {placed:.2f} dB", flush=True
        )


def reproduce(photo: Tensor, count: int, options: StrokeOptions = OPTIONS) -> Strokes:
    """A photo painted in its own colours, faces like everything else."""
    ones = torch.ones_like(photo[:, :1])
    look = Look((Style("photo", photo),), brush="oil", likeness=0.0)
    regions = Regions(("subject",), ones, (1.0,))
    easel = Easel(photo, ones, regions, torch.zeros_like(ones), look, count, Settings(), options)
    for _ in easel.paint():
        pass
    return easel.strokes


def decibels(one: Tensor, other: Tensor) -> float:
    """Peak signal to noise ratio."""
    return -10 * math.log10(float((one - other).square().mean()))


def recovery() -> None:
    """One known stroke, looked for from 0.2 of the picture's side away: in how many trials its overlap is 0.9."""
    for transport in (0.0, 0.1):
        for softness in (1.0, 4.0):
            hits = sum(recovered(seed, softness, transport) >= 0.9 for seed in range(TRIALS))
            kind = "L1 and transport" if transport else "L1 alone"
            print(f"{kind}, softness from {softness:g} px: {hits} of {TRIALS} strokes found", flush=True)


def recovered(seed: int, softness: float, transport: float, side: int = 48, updates: int = 150) -> float:
    """Intersection over union of a dark stroke on white with the one it was to find."""
    rng = torch.Generator().manual_seed(seed)
    r = torch.rand(6, generator=rng)
    goal = torch.stack([0.35 + 0.3 * r[0], 0.35 + 0.3 * r[1], 0.25 + 0.1 * r[2], 0.12 + 0.06 * r[3], 3.14 * r[4]])
    goal = torch.cat([goal, torch.zeros(1)])
    away = 2 * math.pi * float(r[5])
    move = torch.tensor([0.2 * math.cos(away), 0.2 * math.sin(away), 0, 0, 0.3, 0])
    y, x = torch.meshgrid(torch.arange(side) + 0.5, torch.arange(side) + 0.5, indexing="ij")
    points = torch.stack([x, y], -1).reshape(1, -1, 2) / side
    wanted = 1 - coverage(locate(BAR, goal[None, None], points).distance, 0.25 / side)[0]
    cost, free = grid_cost(GRID, GRID), (goal + move).requires_grad_()
    optimiser = torch.optim.Adam([free], 0.01)
    for update in range(updates):
        pixels = softness * (0.4 / softness) ** (update / updates)
        found = 1 - coverage(locate(BAR, free[None, None], points).distance, pixels / side)[0]
        loss = (found - wanted).abs().mean()
        if transport:
            moved = transport_cost(on_grid(1 - found, side), on_grid(1 - wanted, side), cost)
            loss = loss + transport * moved.sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        found = 1 - coverage(locate(BAR, free[None, None], points).distance, 0.25 / side)[0]
    both, either = torch.minimum(1 - found, 1 - wanted).sum(), torch.maximum(1 - found, 1 - wanted).sum()
    return float(both / either)


def on_grid(mass: Tensor, side: int) -> Tensor:
    """Mass (1, N) that sums to 1 on `GRID` x `GRID` places."""
    small = torch.nn.functional.interpolate(mass.view(1, 1, side, side), (GRID, GRID), mode="area").flatten(1) + 1e-6
    return small / small.sum()


def timed(options: argparse.Namespace) -> None:
    """A whole painting at 512 px with the usual number of strokes."""
    photo = options.data / "selfies" / f"{PHOTOS[0]}.jpg"
    began, wall = time.process_time(), time.perf_counter()
    painting = styfie.paint(photo, subject="autumn", background="night", settings=Settings(size=512, engine="strokes"))
    spent, passed = time.process_time() - began, time.perf_counter() - wall
    to_image(painting.render()).save(options.output / "strokes-512.png")
    threads = torch.get_num_threads()
    print(f"512 px, {OPTIONS.strokes} strokes: {spent:.1f} s of processors, {passed:.1f} s with {threads} threads")


if __name__ == "__main__":
    main()
