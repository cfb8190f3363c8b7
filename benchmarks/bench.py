"""Numbers that anyone can repeat: `make bench` paints the built-in portrait by every engine and writes one table.

Nothing from outside is needed: the portrait, the gallery's styles and the weights that ship. Times are ratios to one
fixed convolution on the same machine (`common.fixed_convolution`); patches, seam, halo, likeness and luma are as
`styfie evaluate paintings` has them. All takes about three minutes of one processor: engines that are slow paint
smaller, and one pair instead of two, which the table says.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import numpy as np
import PIL
import torch

import styfie
from styfie._version import __version__
from styfie.engines import ENGINES
from styfie.evaluation.paintings import COLUMNS, Painted, score
from styfie.pipeline import PORTRAIT, find_regions, read_photo

from common import fixed_convolution

PAIRS = (("glass", "waves"), ("ink", "marble"))
SLOW = {"optimise": 192, "strokes": 96, "components": 128}  # longest sides of those that paint the first pair alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256, help="longest side; of slow engines at most their own")
    parser.add_argument("--steps", type=int, default=0, help="of engines that take steps; 0 = their own")
    parser.add_argument("--engine", action="append", help="one engine; all that need nothing more if none is named")
    parser.add_argument("--output", type=Path, default=Path("runs/bench.md"))
    options = parser.parse_args()
    engines = options.engine or [name for name, entry in ENGINES.items() if not entry.needs]
    unit = fixed_convolution()
    lines = [*about(unit), *row("what", "size", "time", *COLUMNS), *row(*["---"] * (3 + len(COLUMNS)))]
    print("\n".join(lines), flush=True)
    lines += timed_segmentation(unit, options.size)
    for engine in engines:
        size = min(options.size, SLOW.get(engine, options.size))
        for pair in PAIRS[:1] if engine in SLOW else PAIRS:
            new = painted(engine, pair, size, options.steps, unit)
            print("\n".join(new), flush=True)
            lines += new
    lines += ["", *(f"- {name}: {meaning}" for name, meaning in COLUMNS.items())]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"Wrote {options.output}")


def about(unit: float) -> list[str]:
    """The machine and the versions."""
    versions = f"styfie {__version__}, torch {torch.__version__}, numpy {np.__version__}, Pillow {PIL.__version__}"
    machine = f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads"
    return [
        f"{machine}, Python {platform.python_version()}, {versions}",
        f"time: in fixed convolutions, of which one took {unit:.2f} ms here",
        "",
    ]


def timed_segmentation(unit: float, size: int) -> list[str]:
    """The person found in the portrait."""
    photo = read_photo(PORTRAIT, size)
    find_regions(photo, styfie.Settings(), {})
    began = time.perf_counter()
    find_regions(photo, styfie.Settings(), {})
    took = 1000 * (time.perf_counter() - began) / unit
    return row("segmentation", str(size), f"{took:.0f}", *["-"] * len(COLUMNS))


def painted(engine: str, pair: tuple[str, str], size: int, steps: int, unit: float) -> list[str]:
    """One painting's time and scores."""
    settings = styfie.Settings(size=size, steps=steps, engine=engine)
    began = time.perf_counter()
    painting = styfie.paint(None, settings=settings, subject=pair[0], background=pair[1])
    took = 1000 * (time.perf_counter() - began) / unit
    parts = tuple(
        (style.picture, painting.regions[name]) for name, look in painting.looks.items() for style in look.styles
    )
    found = score(Painted(engine, painting.photo, painting.render(), painting.matte, painting.regions.face, parts))
    shown = ("-" if value is None else f"{value:.3f}" for value in found.values())
    return row(f"{engine}: {' + '.join(pair)}", str(size), f"{took:.0f}", *shown)


def row(*cells: str) -> list[str]:
    """One line of a Markdown table."""
    return ["| " + " | ".join(cells) + " |"]


if __name__ == "__main__":
    main()
