"""A watched folder under a shower of files: dropped at random moments, some in pieces; each is painted once.

    python benchmarks/watch.py --files 50 --seed 7

The real command runs (`styfie paint --watch`, `--engine fast`, 64 pixels). A file is written whole, or in two to four
pieces with pauses, or under another name and renamed; one in ten is no picture to begin with and becomes one later. It
fails where one is painted never or twice, painted from a part of itself, or where the command says anything else.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from styfie.images import read_picture, to_image
from styfie.pipeline import PORTRAIT

FORMATS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"}
LONGEST = 64
PAUSES = (0.05, 0.4, 1.5, 4.0)  # seconds, within what is waited for and well beyond
PATIENCE = 900.0  # seconds for all of them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--within", type=float, default=30.0, help="seconds in which they are dropped")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    photos = {f"{n}{suffix}": photo(n, suffix) for n in range(options.files) for suffix in [chance.choice([*FORMATS])]}
    with tempfile.TemporaryDirectory() as place:
        inbox, painted = Path(place) / "inbox", Path(place) / "painted"
        inbox.mkdir()
        lines = watched(inbox, painted, photos, chance, options.within)
        check(photos, painted, lines)
    print(f"{len(photos)} files, each painted once and whole")


def photo(number: int, suffix: str) -> bytes:
    """A photo file that no other is like: the portrait under a stamp of its number."""
    picture = to_image(read_picture(PORTRAIT, 2 * LONGEST))
    stamp = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
    picture.paste(Image.fromarray(stamp).resize((32, 32), Image.Resampling.NEAREST))
    held = io.BytesIO()
    picture.save(held, FORMATS[suffix])
    return held.getvalue()


def watched(inbox: Path, painted: Path, photos: dict[str, bytes], chance: random.Random, within: float) -> list[str]:
    """What the command says while the files are dropped, and until as many lines came as files or time is over."""
    command = [sys.executable, "-m", "styfie", "paint", "--watch", str(inbox), "-o", str(painted)]
    command += ["--engine", "fast", "--background", "pop", "--size", str(LONGEST), "--jobs", "1"]
    with (painted.parent / "said").open("w+", encoding="utf-8") as said:
        running = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        drop(inbox, photos, chance, within)
        until = time.monotonic() + PATIENCE
        while len(wrote := (painted.parent / "said").read_text(encoding="utf-8").splitlines()) <= len(photos):
            if time.monotonic() > until or running.poll() is not None:
                break
            time.sleep(1)
        time.sleep(5)  # for one that would be painted twice
        running.send_signal(signal.SIGINT)
        running.wait()
        wrote = (painted.parent / "said").read_text(encoding="utf-8").splitlines()
    return [line for line in wrote if not line.startswith("Watching ")]


def drop(inbox: Path, photos: dict[str, bytes], chance: random.Random, within: float) -> None:
    """Write all files, each beginning at a moment of its own."""
    began = time.monotonic()
    events = sorted(
        (at, n, act) for n, name in enumerate(photos) for at, act in acts(name, photos[name], chance, within)
    )
    for at, _, (name, data, mode) in events:
        time.sleep(max(0.0, at - (time.monotonic() - began)))
        if mode == "rename":
            (inbox / f"{name}.part").write_bytes(data)
            (inbox / f"{name}.part").replace(inbox / name)
            continue
        with (inbox / name).open(mode) as stream:
            stream.write(data)


def acts(
    name: str, data: bytes, chance: random.Random, within: float
) -> Iterator[tuple[float, tuple[str, bytes, str]]]:
    """When what is written of a file, and how: `wb`, `ab` or `rename`."""
    at, way = chance.uniform(0, within), chance.random()
    if way < 0.1:
        yield at, (name, b"not yet a picture", "wb")
        yield at + chance.choice(PAUSES), (name, data, "wb")
    elif way < 0.3:
        yield at, (name, data, "rename")
    else:
        cuts = sorted(chance.sample(range(1, len(data)), chance.randint(0, 3)))
        for first, last in zip([0, *cuts], [*cuts, len(data)], strict=True):
            yield at, (name, data[first:last], "ab")
            at += chance.choice(PAUSES)


def check(photos: dict[str, bytes], painted: Path, lines: list[str]) -> None:
    """Stop where a file was not painted once, as what it is when it is whole."""
    told = Counter(line.partition(": wrote ")[0].partition(" ")[2] for line in lines if ": wrote " in line)
    faults = [f"{name} was painted {told[name]} times" for name in photos if told[name] != 1]
    faults += [f"the command said: {line}" for line in lines if ": wrote " not in line]
    for name, data in photos.items():
        file = painted / name / "photo.png"
        if file.is_file():
            with Image.open(file) as image, Image.open(io.BytesIO(data)) as whole:
                apart = np.abs(np.asarray(image, int) - np.asarray(whole.convert("RGB").resize(image.size), int))
            if apart.mean() > 8:
                faults.append(f"{name} was painted from a part of itself")
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main()
