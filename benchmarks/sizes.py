"""Time and memory from small to large, measured from outside, and whether the large picture is what the small one said.

Each size is a run of the command line in a process of its own: wall seconds, and the most memory that the process held.
Both are divided by the result's pixels and drawn against size. Then every larger picture is reduced to the reference's
size and compared with it: SSIM of luma, and the judge's style distance of each region to its style, as a ratio. Unix.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

import torch
import torch.nn.functional as F
from PIL import Image
from seams import masked_distance
from torch import Tensor

from styfie.colour import luma_of
from styfie.errors import MissingError
from styfie.gallery import PAIRS
from styfie.images import read_matte, read_picture
from styfie.pipeline import PORTRAIT
from styfie.regions import BACKGROUND, SUBJECT
from styfie.styles import load_style

from common import fixed_convolution, load_judge

STYLES = dict(zip((SUBJECT, BACKGROUND), PAIRS[0], strict=True))
JUDGED = 384  # longest side that the judge sees
LIKE, STYLE_WITHIN = 0.75, 0.15  # bars: SSIM at least, style distances apart at most
LEVEL = 1.05  # per pixel, a size may take so many times what the next smaller one took and still be level
WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03  # of SSIM
MEGA, GIGA = 10**6, 10**9
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that ru_maxrss counts in


@dataclass(frozen=True)
class Run:
    """One size: what was painted, what it took, and what the command line said before the first step."""

    size: int
    pixels: int
    seconds: float
    memory: int  # bytes
    foretold: str

    @property
    def seconds_per_megapixel(self) -> float:
        """Of the result."""
        return self.seconds / self.pixels * MEGA

    @property
    def bytes_per_pixel(self) -> float:
        """Of the result; the program itself counts with it."""
        return self.memory / self.pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("runs"), help="folder for pictures, plot and numbers")
    parser.add_argument("--judge", type=Path, help="the module with style_distance; without it only SSIM is compared")
    parser.add_argument("--photo", type=Path, default=PORTRAIT, help="the built-in portrait if none")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024, 2048, 4096])
    parser.add_argument("--reference", type=int, default=512, help="the size that larger ones are compared with")
    parser.add_argument("--max-memory", type=float, default=4.0, help="gigabytes")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    print(f"fixed convolution: {fixed_convolution():.1f} ms, {torch.get_num_threads()} threads", flush=True)
    runs = []
    # All are run before any large picture is read here: a process counts what the one that started it held as its own.
    for size in sorted(options.sizes):
        runs.append(paint(options.photo, size, options.max_memory, options.output))
        show(runs[-1], options.max_memory)
    say_level(runs)
    print(f"fixed convolution: {fixed_convolution():.1f} ms")
    draw(runs, options.output / "sizes.png")
    compared = compare(runs, options.reference, options.output, options.judge and load_judge(options.judge))
    numbers = {"runs": [asdict(run) for run in runs], "compared": compared}
    (options.output / "sizes.json").write_text(json.dumps(numbers, indent=1) + "\n")


def paint(photo: Path, size: int, allowed: float, output: Path) -> Run:
    """Run the command line at one size; its picture and mask stay in `output`."""
    command = [sys.executable, "-m", "styfie", "paint", str(photo), "--size", str(size), "--max-memory", f"{allowed}GB"]
    for region, style in STYLES.items():
        command += [f"--{region}", style]
    with tempfile.TemporaryDirectory(dir=output) as folder, tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        began = time.monotonic()
        # Not subprocess's own wait: only wait4 says what this one process took.
        with subprocess.Popen([*command, "-o", folder], stdout=subprocess.DEVNULL, stderr=said) as process:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        lines = said.read().splitlines()
        if process.returncode:
            raise SystemExit(f"styfie paint --size {size} ended with {process.returncode}: {' '.join(lines[-3:])}")
        for name in ("both", "mask"):
            Path(folder, f"{name}.png").replace(output / f"sizes-{size}-{name}.png")
    with Image.open(output / f"sizes-{size}-both.png") as image:
        pixels = image.width * image.height
    steps = next((i for i, line in enumerate(lines) if line.startswith("step ")), len(lines))
    return Run(size, pixels, seconds, usage.ru_maxrss * UNIT, "; ".join(line.strip() for line in lines[:steps]))


def show(run: Run, allowed: float) -> None:
    within = verdict(run.memory <= allowed * GIGA)
    print(
        f"{run.size} px: {run.seconds:.1f} s, {run.memory / GIGA:.2f} GB of {allowed:g} GB allowed: {within}; "
        f"{run.seconds_per_megapixel:.1f} s per megapixel, {run.bytes_per_pixel:.0f} bytes per pixel"
        f"\n    foretold: {run.foretold or 'nothing'}",
        flush=True,
    )


def say_level(runs: Sequence[Run]) -> None:
    """Whether time and memory per pixel are level or falling as size grows."""
    for kind, values in per_pixel(runs).items():
        steps = [(a.size, b.size, y / x) for a, b, x, y in zip(runs, runs[1:], values, values[1:], strict=False)]
        said = ", ".join(f"{small} to {large} px {ratio:.2f} times" for small, large, ratio in steps)
        print(f"{kind} level or falling: {verdict(all(ratio <= LEVEL for *_, ratio in steps))} ({said})")


def per_pixel(runs: Sequence[Run]) -> dict[str, list[float]]:
    return {
        "seconds per megapixel": [run.seconds_per_megapixel for run in runs],
        "bytes per pixel": [run.bytes_per_pixel for run in runs],
    }


def draw(runs: Sequence[Run], file: Path) -> None:
    """Both per pixel against size.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingError("The plot needs an optional part: pip install 'styfie[plots]'.") from None
    sizes = [run.size for run in runs]
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, (kind, values) in zip(figure.subplots(1, 2), per_pixel(runs).items(), strict=True):
        axes.plot(sizes, values, color="#2a6f97", marker="o")
        for size, value in zip(sizes, values, strict=True):
            axes.annotate(f"{value:,.0f}", (size, value), xytext=(0, 7), textcoords="offset points", ha="center")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.set(xlabel="longest side, pixels", ylabel=kind)
        axes.margins(0.1)
        axes.grid(alpha=0.3)
    figure.savefig(file, format="png", dpi=120)


def compare(runs: Sequence[Run], reference: int, output: Path, judge: ModuleType | None) -> list[dict[str, float]]:
    """Every picture larger than the reference against it."""
    if reference not in [run.size for run in runs]:
        print(f"nothing compared: {reference} px is not among the sizes")
        return []
    files = {run.size: output / f"sizes-{run.size}-both.png" for run in runs if run.size >= reference}
    wanted = read_picture(files[reference])
    mask = read_matte(output / f"sizes-{reference}-mask.png", (wanted.shape[-2], wanted.shape[-1]))
    distances = {size: style_distances(judge, file, mask) for size, file in files.items()}
    print(", ".join([f"{reference} px", *(f"style distance {n} {v:.3f}" for n, v in distances[reference].items())]))
    found = []
    for size, file in files.items():
        if size > reference:
            like = ssim(luma_of(read_picture(file, reference)), luma_of(wanted))
            ratios = {name: value / distances[reference][name] for name, value in distances[size].items()}
            print(f"{size} px reduced to {reference}: luma SSIM {like:.3f} (bar {LIKE}: {verdict(like >= LIKE)})")
            for name, ratio in ratios.items():
                within = verdict(abs(ratio - 1) <= STYLE_WITHIN)
                print(f"    style distance {name} {ratio:.3f} times (bar within {STYLE_WITHIN:.0%}: {within})")
            found.append({"size": size, "ssim": like, **{f"style, {name}": ratio for name, ratio in ratios.items()}})
    return found


def style_distances(judge: ModuleType | None, file: Path, mask: Tensor) -> dict[str, float]:
    """The judge's style distance of each region to its style, and of the whole picture to each style.

    Nothing without a judge. The whole picture shows two styles, so that its distance to one is mostly the other: a
    region's own says more.
    """
    if judge is None:
        return {}
    picture, found = judge.load(file, JUDGED), {}
    for region, name in STYLES.items():
        style = load_style(name, JUDGED).picture
        where = mask if region == SUBJECT else 1 - mask
        found[region] = masked_distance(judge, picture, style, where[0, 0])
        found[f"both to {name}"] = judge.style_distance(picture, style)
    return found


def ssim(one: Tensor, other: Tensor) -> float:
    """Structural similarity of two (1, 1, H, W) in [0, 1], after Wang, Bovik, Sheikh and Simoncelli (2004).

    The mean over all places where the Gaussian window lies within the picture; nothing is reduced before.
    """
    away = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    bell = torch.exp(-away.square() / (2 * SIGMA**2))
    bell = bell / bell.sum()

    def mean(x: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(x, bell.view(1, 1, -1, 1)), bell.view(1, 1, 1, -1))

    a, b = one.double(), other.double()
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    both = mean(a * b) - mean_a * mean_b
    light = (2 * mean_a * mean_b + K1**2) / (mean_a**2 + mean_b**2 + K1**2)
    return float((light * (2 * both + K2**2) / (var_a + var_b + K2**2)).mean())


def verdict(holds: bool) -> str:
    return "holds" if holds else "DOES NOT HOLD"


if __name__ == "__main__":
    main()
