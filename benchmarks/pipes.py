"""Pipes with large photos: `styfie segment -` and `styfie paint -` fed 12 megapixels, with time and memory.

    python benchmarks/pipes.py

What comes out is read back: a mask of the photo's own size, and a painting at `--size` with its mark. The photo is the
built-in portrait enlarged to 4000x3000, as a JPEG.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from typing import IO

from PIL import Image

from styfie.pipeline import PORTRAIT
from styfie.storage.xmp import packet_in_png

COMMANDS = {
    "segment": ("segment", "-"),
    "paint": ("paint", "-", "--engine", "fast", "--subject", "glass", "--background", "waves"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=4000)
    parser.add_argument("--size", type=int, default=512, help="of the painting")
    options = parser.parse_args()
    photo, height = io.BytesIO(), 3 * options.width // 4
    with Image.open(PORTRAIT) as image:
        image.convert("RGB").resize((options.width, height)).save(photo, "JPEG", quality=92)
    print(f"{options.width}x{height}, {len(photo.getvalue()) / 1e6:.1f} MB of JPEG")
    print("| command | out | processor s | peak MB |\n| --- | --- | --- | --- |")
    for name, command in COMMANDS.items():
        more = ("--size", str(options.size)) if name == "paint" else ()
        data, seconds, peak = piped(photo.getvalue(), *command, *more)
        with Image.open(io.BytesIO(data)) as out:
            out.load()
            print(f"| {name} | {out.width}x{out.height} {out.mode} | {seconds:.1f} | {peak:.0f} |", flush=True)
        if name == "segment" and out.size != (options.width, height):
            raise SystemExit("The mask has another size than the photo.")
        if name == "paint" and not packet_in_png(data):
            raise SystemExit("The painting has no mark.")


def piped(given: bytes, *arguments: str) -> tuple[bytes, float, float]:
    """What came out, seconds of the processor, and the peak of memory in MB."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out:
        source.write(given)
        source.seek(0)
        running = subprocess.Popen(["cat"], stdin=source, stdout=subprocess.PIPE)
        code, seconds, peak = measured(running.stdout, out, *arguments)
        running.wait()
        if code:
            raise SystemExit(f"styfie {' '.join(arguments)} ended with {code}.")
        out.seek(0)
        return out.read(), seconds, peak


def measured(given: IO[bytes] | None, out: IO[bytes], *arguments: str) -> tuple[int, float, float]:
    """Exit code, seconds and MB of one command: `wait4` says what this one process took, and no other."""
    running = subprocess.Popen([sys.executable, "-m", "styfie", *arguments], stdin=given, stdout=out)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    return running.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
