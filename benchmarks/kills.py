"""Runs of every kind killed and started again: nothing lost, nothing half-written, the same bytes.

    python benchmarks/kills.py
    python benchmarks/kills.py --kills 6 --only film --seed 1

A run is killed at one of the moments at which it opens, renames or removes a file, or some while after. Until it is
killed no more, each file is as it was before or as it is wanted, and no file of the user's is another.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image

from styfie.painting import Painting

from killable import Kind, contents, kinds, make_inputs, prepare

NOTES = "notes.txt"
EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate"}  # of Python's audit
WRITTEN = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
PATIENCE = 1800  # seconds by the clock for one run, on a machine with much else to do
STATES = ("unfinished.ora", "checkpoint.pt", "log.jsonl", "schedule.json")  # are there for a while, and grow


class Death(NamedTuple):
    """When a run is killed: at the event of this number (from 1; 0 = never), or so many seconds after it."""

    event: int = 0
    after: float = 0.0


NEVER = Death()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=48, help="of all kinds together")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", action="append", default=[], help="a kind; repeat for more")
    options = parser.parse_args()
    torch.set_num_threads(1)
    prepare()
    chosen = [kind for kind in kinds(options.size, options.steps) if not options.only or kind.name in options.only]
    total, faults = 0, []
    with tempfile.TemporaryDirectory() as place:
        for number, kind in enumerate(chosen):
            most = options.kills * (number + 1) // len(chosen) - total
            trial = Trial(kind, Path(place, kind.name), random.Random(f"{options.seed} {kind.name}"))
            began = time.monotonic()
            found = trial(most)
            total, faults = total + most, faults + found
            print(f"{kind.name:11} {most:3} kills, {trial.events:4} moments, {time.monotonic() - began:5.0f} s:",
                  "; ".join(found) or "the same bytes", flush=True)  # fmt: skip
    print(f"{total} kills, {len(faults)} faults")
    raise SystemExit(bool(faults))


class Trial:
    """One kind of run, in a place of its own."""

    def __init__(self, kind: Kind, place: Path, moments: random.Random) -> None:
        self.kind, self.moments = kind, moments
        self.inputs, self.folder, self.earlier = (place / name for name in ("user", "killed", "earlier"))
        self.said, self.counted = place / "said.txt", place / "events"
        self.events = 0
        make_inputs(self.inputs)
        self.own = contents(self.inputs)

    def __call__(self, kills: int) -> list[str]:
        """Kill it so often: what was wrong."""
        self.run(self.earlier, wanted=False)
        (self.earlier / NOTES).write_bytes(b"a file of somebody else's")
        self.before = contents(self.earlier)
        began = time.monotonic()
        self.begin()
        self.run(self.folder)
        self.needed = time.monotonic() - began
        self.wanted, self.after = self.kind.kept(self.folder), contents(self.folder)
        self.events = int(self.counted.read_text())
        faults: list[str] = []
        while kills:
            self.begin()
            killed = True
            while kills and killed:  # until what it goes on from is near the end
                killed = self.run(self.folder, self.death())
                kills -= killed
                faults += self.checked() if killed else []
            if killed:
                self.run(self.folder)
            found = self.kind.kept(self.folder)
            faults += [f"{name} differs" for name in sorted(found | self.wanted) if
                       found.get(name) != self.wanted.get(name)]  # fmt: skip
        return faults

    def begin(self) -> None:
        """The folder as it was before."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.earlier, self.folder)

    def death(self) -> Death:
        """Some moment."""
        event = self.moments.randint(1, max(1, self.events))
        return Death(event, self.moments.choice((0.0, self.moments.uniform(0, self.needed / 2))))

    def run(self, folder: Path, death: Death = NEVER, wanted: bool = True) -> bool:
        """Let it run into a folder, in a process of its own; whether it was killed.

        Raises:
            RuntimeError: it ended by itself, and not well, or not at all.
        """
        folder.mkdir(parents=True, exist_ok=True)
        child = os.fork()
        if not child:
            self._live(folder, death, wanted)
        ends = time.monotonic() + PATIENCE
        while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < ends:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):  # its workers, or itself
            os.killpg(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(ended[1]) if ended[0] else None
        if death.event and code in (-signal.SIGKILL, -signal.SIGALRM):
            return True
        if code != 0:
            raise RuntimeError(f"{self.kind.name} ended with {code}: {self.said.read_text()[-2000:]}")
        return False

    def _live(self, folder: Path, death: Death, wanted: bool) -> None:
        os.setsid()
        said = os.open(self.said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1), os.dup2(said, 2)
        code, seen = 1, 0
        place = f"{folder}{os.sep}"

        def see(event: str, given: tuple[Any, ...]) -> None:
            nonlocal seen
            if event not in EVENTS or (event == "open" and not given[2] & WRITTEN):
                return
            if not os.fsdecode(given[0]).startswith(place) if isinstance(given[0], str | bytes) else True:
                return
            seen += 1
            if seen == death.event and death.after:
                signal.setitimer(signal.ITIMER_REAL, death.after)  # nobody hears it, so it kills as surely
            elif seen == death.event:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(see)
        try:
            self.kind.run(self.inputs, folder, wanted)
            self.counted.write_text(str(seen))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(code)

    def checked(self) -> list[str]:
        """What is wrong after a kill."""
        now = contents(self.folder)
        faults = [f"the user's {name} is another" for name, data in self.own.items() if _at(self.inputs / name) != data]
        faults += [f"{name} is lost" for name in self.before if name not in now]
        for name, data in now.items():
            if name == NOTES and data != self.before[name]:
                faults.append(f"{name} is another")
            if self.kind.each and not _is_state(name) and data not in (self.before.get(name), self.after.get(name)):
                faults.append(f"{name} is neither as it was nor as it is wanted")
            if "/." not in f"/{name}" and (problem := _problem(name, data)):
                faults.append(f"{name}: {problem}")
        return faults


def _is_state(name: str) -> bool:
    """Whether a file is there for the run to go on from, or while it is being written: hidden, or known by name."""
    return "/." in f"/{name}" or Path(name).name in STATES


def _at(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _problem(name: str, data: bytes) -> str:
    """Why a file that anybody would open cannot be read to its last byte; nothing if it can."""
    held = io.BytesIO(data)
    try:
        match Path(name).suffix:
            case ".png" | ".jpg" | ".gif":
                Image.open(held).load()
            case ".ora":
                with tempfile.NamedTemporaryFile(suffix=".ora") as copy:
                    Path(copy.name).write_bytes(data)
                    Painting.load(copy.name)
                with zipfile.ZipFile(held) as archive:
                    return archive.testzip() or ""
            case ".json":
                json.loads(data)
            case ".pt":
                torch.load(held, weights_only=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    main()
