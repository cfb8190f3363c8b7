"""Photos by one process, by jobs, by shards and by Ray; workers and drivers killed; memory over many photos; a film.

    python benchmarks/machines.py ways kills film
    python benchmarks/machines.py level --photos 200

Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from many import make_photos
from PIL import Image

from styfie.film.clip import Clip
from styfie.film.stretches import stretch_of
from styfie.outcomes import read_report
from styfie.pipeline import PORTRAIT
from styfie.shards import Shard

STYFIE = [sys.executable, "-m", "styfie"]
WROTE = ": wrote "  # stands in each line that tells of a painting
RATE = 12  # frames a second of the clip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["ways", "kills", "film"], help="ways, kills, level, film")
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--seconds", type=int, default=20, help="of the film")
    parser.add_argument("--stretches", type=int, default=4)
    parser.add_argument("--workers", type=int, default=5, help="of Ray's that are killed")
    parser.add_argument("--drivers", type=int, default=2, help="that are killed")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--without-ray", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("runs"), help="folder for the joints' picture")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        look = ["--engine", "fast", "--subject", "glass", "--background", "waves", "--size", str(options.size)]
        photos = place / "photos"
        photos.mkdir()
        make_photos(photos, options.photos, 2 * options.size)
        paint = [*STYFIE, "paint", str(photos), *look]
        if "ways" in options.what:
            compare_ways(paint, place, options)
        if "kills" in options.what and not options.without_ray:
            kill_some(paint, place, options)
        if "level" in options.what and not options.without_ray:
            watch_memory([*paint, "-o", str(place / "level"), "--jobs", "2", "--on", "ray"])
        if "film" in options.what:
            compare_films(
                [*STYFIE, "paint", str(make_clip(place / "clip.mp4", options.seconds)), *look], place, options
            )


def compare_ways(paint: Sequence[str], place: Path, options: argparse.Namespace) -> None:
    """Time and bytes of each way, beside those of one process."""
    ways = {"one process": [["--jobs", "1"]], "--jobs 2": [["--jobs", "2"]]}
    ways |= {"four shards": [["--jobs", "1", "--shard", f"{number}/4"] for number in (1, 2, 3, 4)]}
    if not options.without_ray:
        ways |= {"ray, two workers": [["--jobs", "2", "--on", "ray"]]}
        print(f"Ray starts in {ray_starts():.1f} s by the clock", flush=True)
    wanted: dict[str, bytes] = {}
    for name, runs in ways.items():
        output = place / name.replace(" ", "-")
        began, spent, most = time.monotonic(), used(), [0.0, 0.0]
        for run in runs:
            most = [max(pair) for pair in zip(most, watched([*paint, *run, "-o", str(output)]), strict=True)]
        clock, spent = time.monotonic() - began, used() - spent
        found = contents(output)
        wanted = wanted or found
        same = "the same bytes" if found == wanted else "OTHER BYTES"
        print(
            f"{name}: {options.photos / clock:.2f} photos a second by the clock, {spent:.0f} s of processors in "
            f"children (Ray's workers are none), driver {most[0]:.0f} MB, largest worker {most[1]:.0f} MB; "
            f"{len(found)} files, {same}",
            flush=True,
        )


def ray_starts() -> float:
    """Seconds until a local cluster of Ray's has one worker that answers, and has ended."""
    script = (
        "import time; began = time.monotonic()\nimport ray\nray.init(address='local', include_dashboard=False, "
        "log_to_driver=False, object_store_memory=80_000_000)\nray.get(ray.remote(lambda: 1).remote())\n"
        "print(time.monotonic() - began)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def watched(command: Sequence[str]) -> list[float]:
    """The most memory in MB that a command's own process had, and the largest of its workers, while it ran."""
    most = [0.0, 0.0]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        while run.poll() is None:
            family = started_by(run.pid)
            workers = painters(family) or family
            most = [max(most[0], memory_of(run.pid)), max([most[1], *map(memory_of, workers)])]
            time.sleep(0.5)
        assert run.stderr is not None
        if run.returncode:
            print(run.stderr.read())
    return most


def kill_some(paint: Sequence[str], place: Path, options: argparse.Namespace) -> None:
    """Ray's workers and drivers killed at random moments: all is done, to the same bytes, and nothing is left over."""
    whole, output, moments = place / "whole", place / "killed", random.Random(options.seed)
    subprocess.run([*paint, "-o", str(whole), "--jobs", "1"], check=True, capture_output=True)
    wanted = contents(whole)
    at = sorted(moments.sample(range(1, options.photos - 1), options.workers + options.drivers))
    drivers = set(moments.sample(at, options.drivers))
    killed, wrote, runs = [0, 0], list[str](), 0
    while True:
        runs += 1
        command = [*paint, "-o", str(output), "--jobs", "2", "--on", "ray"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            for line in run.stdout:
                if WROTE not in line:
                    print(f"It said besides: {line.strip()}", flush=True)
                    continue
                wrote.append(line.partition(WROTE)[0].partition(" ")[2])
                while at and len(wrote) >= at[0]:
                    moment = at.pop(0)
                    if moment in drivers:
                        run.kill()
                        killed[1] += 1
                    elif workers := painters(started_by(run.pid)):
                        os.kill(moments.choice(workers), signal.SIGKILL)
                        killed[0] += 1
        if run.returncode == 0:
            break
    found, report = contents(output), read_report(output)
    left = [file.name for file in output.rglob("*") if file.name.startswith((".styfie-", "unfinished"))]
    print(
        f"killed {killed[0]} workers and {killed[1]} drivers in {runs} runs: {dict(report.numbers)}, "
        f"{len(wrote) - len(set(wrote))} of {len(wrote)} painted twice, left over {left or 'nothing'}, "
        f"{'the same bytes' if found == wanted else 'OTHER BYTES'}",
        flush=True,
    )


def watch_memory(command: Sequence[str]) -> None:
    """What driver, workers and Ray's own processes have in memory, each time that 20 more photos are painted."""
    painted = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout is not None
        for painted, _ in enumerate(run.stdout, start=1):
            if painted % 20 == 0:
                family = started_by(run.pid)
                workers = painters(family)
                others = sum(memory_of(pid) for pid in family if pid not in workers)
                print(
                    f"{painted} photos: driver {memory_of(run.pid):.0f} MB, workers "
                    f"{' and '.join(f'{memory_of(pid):.0f}' for pid in sorted(workers))} MB, Ray's own {others:.0f} MB",
                    flush=True,
                )
    print(f"{painted} photos painted, exit code {run.returncode}")


def compare_films(paint: Sequence[str], place: Path, options: argparse.Namespace) -> None:
    """A film in stretches beside the same film in one go: durations, sound, and the change at the joints."""
    folders = place / "one", place / "stretched"
    spent = used()
    subprocess.run([*paint, "-o", str(folders[0])], check=True, capture_output=True)
    whole = used() - spent
    numbers = range(1, options.stretches + 1)
    for number in numbers:
        shard = f"{number}/{options.stretches}"
        subprocess.run([*paint, "-o", str(folders[1]), "--shard", shard], check=True, capture_output=True)
    one, stretched = (read_film(folder / "clip.mp4") for folder in folders)
    with Clip(place / "clip.mp4") as clip:
        found = [stretch_of(clip, 0.0, None, Shard(number, options.stretches)) for number in numbers]
    print(
        f"whole {whole:.0f} s of processors, in {options.stretches} stretches {used() - spent - whole:.0f} s; "
        f"durations {one['end']:.3f} and {stretched['end']:.3f} s, {len(one['frames'])} and "
        f"{len(stretched['frames'])} frames, sound {'whole' if one['sound'] == stretched['sound'] else 'DIFFERENT'}"
    )
    pixels = [film["frames"].astype(float) for film in (one, stretched)]
    apart = np.abs(pixels[0] - pixels[1]).mean((1, 2, 3))
    changes = [np.abs(np.diff(film, axis=0)).mean((1, 2, 3)) for film in pixels]
    for stretch in found[1:]:
        at = stretch.first
        print(
            f"joint before frame {at} ({f'{stretch.lead} frames early' if stretch.lead else 'a cut'}): change from the "
            f"frame before {changes[1][at - 1]:.2f} levels, in one go {changes[0][at - 1]:.2f}, around it "
            f"{np.median(changes[1][at - 8 : at + 8]):.2f}; {apart[at]:.2f} levels from one go",
            flush=True,
        )
    rows = [
        np.concatenate(list(film["frames"][s.first - 2 : s.first + 2]), 1)
        for s in found[1:]
        for film in (one, stretched)
    ]
    options.output.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows, 0)).save(options.output / "joints.png")


def make_clip(file: Path, seconds: int) -> Path:
    """The built-in portrait, which the camera passes over, with a cut to its mirror image, and a tone."""
    import av

    with Image.open(PORTRAIT) as image:
        portrait = image.convert("RGB").resize((240, 300))
    with av.open(str(file), "w") as film:
        picture = film.add_stream("mpeg4", rate=RATE)
        picture.width, picture.height, picture.pix_fmt, picture.bit_rate = 192, 240, "yuv420p", 2_000_000
        sound = film.add_stream("aac", rate=16000)
        sound.layout = "mono"
        count = seconds * RATE
        for n in range(count):
            turn = 2 * np.pi * n / (6 * RATE)
            left, top = 24 + 20 * np.sin(turn), 30 + 20 * np.cos(0.7 * turn)
            cut = portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if n >= 0.47 * count else portrait
            shown = cut.crop((int(left), int(top), int(left) + 192, int(top) + 240))
            frame = av.VideoFrame.from_ndarray(np.asarray(shown), format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            film.mux(picture.encode(frame))
        film.mux(picture.encode())
        tone = (0.3 * np.sin(np.arange(16000 * seconds) / 16)).astype(np.float32)[None]
        heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        heard.rate, heard.pts = 16000, 0
        film.mux(sound.encode(heard))
        film.mux(sound.encode())
    return file


def read_film(file: Path) -> dict[str, Any]:
    """A film's frames (N, H, W, 3), the packets of its sound, and its length in seconds."""
    import av

    with av.open(str(file)) as film:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])
        end = float(film.duration or 0) / 1e6
    with av.open(str(file)) as film:
        sound = [bytes(packet) for packet in film.demux(film.streams.audio[0]) if packet.size]
    return {"frames": frames, "sound": sound, "end": end}


def contents(folder: Path) -> dict[str, bytes]:
    """All results by their names."""
    files = (file for file in folder.rglob("*") if file.is_file() and ".outcomes" not in file.parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def used() -> float:
    """Seconds of processors that children which have ended took."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def started_by(process: int) -> dict[int, str]:
    """All that a process has started, and these in turn: their numbers, and what each says that it is."""
    parents, said = dict[int, int](), dict[int, str]()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it has ended meanwhile
                said[int(folder.name)] = (folder / "cmdline").read_text(encoding="utf-8", errors="replace")
                parents[int(folder.name)] = parent_of(int(folder.name))
    family = {process}
    while new := {child for child, parent in parents.items() if parent in family} - family:
        family |= new
    return {pid: said[pid] for pid in family - {process}}


def painters(family: Mapping[int, str]) -> list[int]:
    """Ray's workers among processes."""
    return [pid for pid, said in family.items() if said.startswith("ray::Painter")]


def parent_of(pid: int) -> int:
    try:
        return int(
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
        )
    except (OSError, IndexError):
        return 0


def memory_of(pid: int) -> float:
    """MB that a process has in memory."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


if __name__ == "__main__":
    main()
