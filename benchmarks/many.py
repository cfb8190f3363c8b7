"""Two hundred photos in one run: whether memory grows, and whether a damaged one stops the others. Linux only."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageOps

from styfie.pipeline import PORTRAIT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        photos, output = Path(place, "photos"), Path(place, "painted")
        photos.mkdir()
        make_photos(photos, options.photos, 2 * options.size)
        (photos / "000-damaged.jpg").write_bytes(b"no picture")
        command = [sys.executable, "-m", "styfie", "paint", str(photos), "-o", str(output)]
        command += ["--size", str(options.size), "--steps", str(options.steps), "--jobs", str(options.jobs)]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            watch(run, output, {options.photos // 10, options.photos // 2, options.photos})
            assert run.stderr is not None
            last = run.stderr.read().strip().splitlines()[-1]
        print(f"{time.monotonic() - began:.0f} s, exit code {run.returncode}; it says: {last}")


def make_photos(folder: Path, count: int, size: int) -> None:
    """The built-in portrait, cropped, turned to either side and lightened a little, each time otherwise."""
    with Image.open(PORTRAIT) as image:
        portrait = image.convert("RGB")
    for i in range(count):
        cut = 1 + i // 2 % 25  # per cent off each side
        box = [round(side * at / 100) for side, at in zip(2 * portrait.size, (cut / 4, 0, 100 - cut, 100), strict=True)]
        photo = portrait.crop((box[0], box[1], box[2], box[3]))
        photo = ImageOps.mirror(photo) if i % 2 else photo
        photo = photo.point([min(255, value + i % 8) for value in range(256)] * 3)
        photo.thumbnail((size, size))
        photo.save(folder / f"{i:03d}.jpg", quality=90)


def watch(run: subprocess.Popen[str], output: Path, at: set[int]) -> None:
    """Print the largest memory of the run and its workers between the counts of paintings in `at`."""
    largest, done = 0.0, 0
    while run.poll() is None:
        largest = max(largest, resident(run.pid))
        count = len(list(output.glob("*/painting.ora")))
        if passed := [one for one in at if done < one <= count]:
            print(f"{max(passed)} paintings: {largest:.0f} MB at most since the last line", flush=True)
            largest = 0.0
        done = count
        time.sleep(0.05)


def resident(process: int) -> float:
    """Megabytes in memory of a process and of all that it started."""
    parents: dict[int, int] = {}
    megabytes: dict[int, float] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:  # it has ended meanwhile
            continue
        number = int(fields["Pid"])
        parents[number] = int(fields["PPid"])
        megabytes[number] = int(fields.get("VmRSS", "0 kB").split()[0]) * 1024 / 1e6
    family = {process}
    while new := {child for child, parent in parents.items() if parent in family} - family:
        family |= new
    return sum(megabytes.get(number, 0.0) for number in family)


if __name__ == "__main__":
    main()
