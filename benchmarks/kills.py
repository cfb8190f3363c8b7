"""Runs killed at random moments and started again: nothing lost, the same bytes."""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from PIL import Image

from styfie.painting import Painting

NOTES = b"a file of somebody else's"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    paint = [sys.executable, "-m", "styfie", "paint", "--size", str(options.size), "--steps", str(options.steps)]
    with tempfile.TemporaryDirectory() as place:
        whole, folder = Path(place, "whole"), Path(place, "killed")
        began = time.monotonic()
        subprocess.run([*paint, "-o", str(whole)], check=True, capture_output=True)
        needed = time.monotonic() - began
        wanted = contents(whole)
        print(f"not killed: {needed:.1f} s, {len(wanted)} files", flush=True)
        subprocess.run([*paint, "--seed", "1", "--steps", "1", "-o", str(folder)], check=True, capture_output=True)
        (folder / "notes.txt").write_bytes(NOTES)
        earlier = Path(place, "earlier")
        shutil.copytree(folder, earlier)
        moments = random.Random(options.seed)
        kills = rounds = went_on = 0
        while kills < options.kills or rounds == 0:
            most = options.kills - kills
            times, on, spent = killed_until_done([*paint, "-o", str(folder)], folder, needed, moments, most)
            kills, rounds, went_on = kills + times, rounds + 1, went_on + on
            differing = compared(wanted, contents(folder))
            print(
                f"round {rounds}: {times} kills, {on} left a state; {spent:.1f} s in all; "
                f"{'the same bytes' if not differing else 'DIFFERENT: ' + ', '.join(differing)}",
                flush=True,
            )
            shutil.rmtree(folder)
            shutil.copytree(earlier, folder)
    print(f"{kills} kills in {rounds} rounds, {went_on} of them with a state to go on from")


def killed_until_done(
    command: list[str], folder: Path, needed: float, moments: random.Random, most: int
) -> tuple[int, int, float]:
    """Kill the command at most so often, each time anywhere in the time it needs: kills, states found, seconds."""
    began, kills, states = time.monotonic(), 0, 0
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            try:
                run.communicate(timeout=moments.uniform(0, needed) if kills < most else None)
            except subprocess.TimeoutExpired:
                run.kill()
                run.communicate()
                kills += 1
                states += check_readable(folder)
                continue
        if run.returncode:
            raise SystemExit(f"the command ended with {run.returncode}")
        return kills, states, time.monotonic() - began


def check_readable(folder: Path) -> bool:
    """Every file that is there opens, down to its last byte. Whether there is a state."""
    for file in folder.glob("*.png"):
        with Image.open(file) as image:
            image.load()
    for file in folder.glob("*.ora"):
        Painting.load(file)
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None, file
    assert (folder / "painting.ora").exists()
    assert (folder / "notes.txt").read_bytes() == NOTES
    return (folder / "unfinished.ora").exists()


def contents(folder: Path) -> dict[str, bytes]:
    """All files by name, hidden ones and those in folders too."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def compared(wanted: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """What is missing, left over or other."""
    found = {name: data for name, data in found.items() if name != "notes.txt"}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


if __name__ == "__main__":
    main()
