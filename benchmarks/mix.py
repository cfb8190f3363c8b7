"""How long `styfie mix` takes once everything is imported, and what saving takes in time and memory."""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch

import styfie
from styfie.cli.mix import mix
from styfie.gallery import draw
from styfie.images import fit_size, read_picture, resize
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.pipeline import PORTRAIT
from styfie.storage.openraster import as_stored
from styfie.storage.results import write_folder

from common import fixed_convolution

NAMES = {"subject": "mosaic", "background": "night"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048, help="longest side in pixels")
    parser.add_argument("--aspect", type=float, default=0.8, help="width by height, of a portrait")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"{torch.get_num_threads()} threads, {options.size} px, fixed convolution {fixed_convolution():.1f} ms")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        painting = made_painting(options.size, options.aspect)
        held = sum(t.nbytes for t in (painting.photo, painting.layers, painting.regions.alpha)) / 1e9
        before = peak()
        started, worked = time.perf_counter(), time.process_time()
        write_folder(painting, folder)
        spent = time.perf_counter() - started, time.process_time() - worked
        print(f"save: {spent[0]:.2f} s, {spent[1]:.2f} s of processor; painting {held:.2f} GB, ", end="")
        print(f"peak before {before:.2f} GB, after {peak():.2f} GB", flush=True)
        del painting
        asked: dict[str, dict[str, object]] = {
            "--strength subject": {"strength": ["subject={:.2f}"]},
            "--strength": {"strength": ["{:.2f}"]},
            "--color keep": {"strength": ["{:.2f}"], "color": ["keep"]},
            "into another folder": {"strength": ["{:.2f}"], "output": folder / "other"},
        }
        for label, given in asked.items():
            report(label, folder / "painting.ora", given, options.runs)


def report(label: str, file: Path, given: dict[str, object], runs: int) -> None:
    """Time one command some times, with another strength each time."""
    times = []
    for run in range(runs):
        strength = 0.5 + run / 100
        changed = {k: [v.format(strength) for v in vs] if isinstance(vs, list) else vs for k, vs in given.items()}
        started, worked = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            mix(file, **changed)  # type: ignore[arg-type]
        times.append((time.perf_counter() - started, time.process_time() - worked))
    best = min(times)
    print(f"mix {label}: best {best[0]:.2f} s, {best[1]:.2f} s of processor, of {runs} runs", flush=True)


def made_painting(longest: int, aspect: float) -> Painting:
    """The built-in portrait, enlarged, and pictures of the gallery in place of painted layers."""
    small = read_picture(PORTRAIT, 512)
    small = small[..., : round(aspect * small.shape[-2])]
    regions = styfie.segment(small)
    size = fit_size((small.shape[-2], small.shape[-1]), longest)
    photo = resize(small, size).clamp(0, 1)
    styles = {region: resize(draw(name, *(side // 2 for side in size)), size) for region, name in NAMES.items()}
    layers = torch.cat([torch.lerp(photo, style, 0.6) for style in styles.values()])
    looks = {region: Look((Style(NAMES[region], style),)) for region, style in styles.items()}
    return Painting(
        photo,
        as_stored(regions.resize(size)),
        layers,
        looks,
        {"styfie": styfie.__version__, "settings": {"radius": 10.0}},
    )


def peak() -> float:
    """The most memory this process has held so far, in gigabytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e9 if sys.platform == "darwin" else most * 1024 / 1e9


if __name__ == "__main__":
    main()
