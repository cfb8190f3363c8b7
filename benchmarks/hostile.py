"""Damaged and odd files of every kind that the package reads: a result, or one sentence, within the time limit.

    python benchmarks/hostile.py
    python benchmarks/hostile.py --count 60 --seed 1
    python benchmarks/hostile.py --only paintings:17 --keep case.ora

Nothing is painted. A process of its own reads them, so that one that hangs or dies costs no more than itself. `wrong`
is what was read although it was cut short, or is no picture, painting or network afterwards.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import NamedTuple

import torch

from styfie.errors import StyfieError

from damage import KINDS, Case
from readers import READERS

LIMIT = 20  # seconds of the processor for one file
PATIENCE = 15  # times that by the clock, on a machine with much else to do
MEMORY = 12 << 30  # bytes of address space that the reading process may take
SHOWN = 12  # faults of each kind that are printed
OUTCOMES = ("read", "refused", "traceback", "hang", "wrong")


class Outcome(NamedTuple):
    """What became of a file: one of `OUTCOMES`, and how."""

    what: str
    how: str = ""


def main() -> None:
    options = _options()
    only, _, number = options.only.partition(":")
    print(f"{'kind':10} {'files':>6}", *(f"{what:>10}" for what in OUTCOMES), f"{'seconds':>8}", flush=True)
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        for kind, (count, *_) in KINDS.items():
            if only in ("", kind):
                numbers = [int(number)] if number else range(min(count, options.count or count))
                faults += _tried(kind, numbers, options.seed, Path(place))
        if number and options.keep:
            shutil.copy(next(Path(place, only).glob("case*")), options.keep)
    raise SystemExit(bool(faults))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=0, help="at most so many of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help=f"KIND or KIND:NUMBER, of {', '.join(KINDS)}")
    parser.add_argument("--keep", type=Path, help="where to put the file of KIND:NUMBER")
    return parser.parse_args()


def _tried(kind: str, numbers: list[int] | range, seed: int, place: Path) -> list[str]:
    """The faults found in these files, of which the first are printed after how many of each there are."""
    asked, found, faults = Asked(kind, seed, place), Counter[str](), list[str]()
    asked.begin()
    began = time.monotonic()
    for number in numbers:
        what, how = asked(number)
        found[what] += 1
        if what not in ("read", "refused"):
            faults.append(f"{kind}:{number} {what}: {how}")
    asked.end()
    row = (f"{found[what]:10}" for what in OUTCOMES)
    print(f"{kind:10} {found.total():6}", *row, f"{time.monotonic() - began:8.0f}", flush=True)
    print(*faults[:SHOWN], sep="\n", end="\n" if faults else "", flush=True)
    return faults


class Asked:
    """A process that reads files of one kind, and another one after it where it hangs or dies."""

    def __init__(self, kind: str, seed: int, place: Path) -> None:
        self._work = partial(serve, kind, seed, place)
        self._fork = multiprocessing.get_context("fork")  # which need not import everything again

    def begin(self) -> None:
        """Start it; it makes the whole files, unless they are there."""
        self._pipe, theirs = self._fork.Pipe()
        self._process = self._fork.Process(target=self._work, args=(self._pipe, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()

    def __call__(self, number: int) -> Outcome:
        """What becomes of the file of this number."""
        self._pipe.send(number)
        try:
            if self._pipe.poll(PATIENCE * LIMIT):
                found: Outcome = self._pipe.recv()
                return found
            outcome = Outcome("hang", "no answer")
        except (EOFError, ConnectionError):
            self._process.join()
            ended = self._process.exitcode
            hung = ended == -signal.SIGPROF
            outcome = Outcome("hang", f"more than {LIMIT} s") if hung else Outcome("traceback", f"died with {ended}")
        self.end()
        self.begin()
        return outcome

    def end(self) -> None:
        """Stop it."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def serve(kind: str, seed: int, place: Path, other: Connection, pipe: Connection) -> None:
    """Read file after file as their numbers come; `other` is the pipe's other end, which is not for this process."""
    other.close()
    torch.set_num_threads(1)
    _, make, damage = KINDS[kind]
    sources, folder = place / f"{kind} whole", place / kind
    if not sources.exists():
        sources.mkdir()
        make(sources)
    whole = sorted(sources.iterdir())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("error")  # one that nobody catches reaches the user's terminal
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        pipe.send(None)
        while True:
            number = pipe.recv()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            case = damage(whole[number % len(whole)], folder, Random(f"{seed} {kind} {number}"))
            said.truncate(0)
            signal.setitimer(signal.ITIMER_PROF, LIMIT)  # which ends the process, whatever it is in
            outcome = _read(kind, case)
            signal.setitimer(signal.ITIMER_PROF, 0)
            sys.stderr.flush()
            if said.seek(0, os.SEEK_END) and outcome.what in ("read", "refused"):
                said.seek(0)
                outcome = Outcome("wrong", f"{_about(case)}, said past us: {said.read(200)!r}")
            pipe.send(outcome)


def _read(kind: str, case: Case) -> Outcome:
    read = False
    for name, reader in READERS[kind].items():
        try:
            wrong = reader(case)
        except StyfieError as error:
            text = str(error)
            if "\n" in text or not text.endswith(".") or len(text) > 600:
                return Outcome("traceback", f"{_about(case)}, {name}: no sentence: {text[:200]!r}")
        except Exception as error:
            return Outcome("traceback", f"{_about(case)}, {name}: {_where(error)}")
        else:
            read = True
            if wrong:
                return Outcome("wrong", f"{_about(case)}, {name}: {wrong}")
    return Outcome("read" if read else "refused")


def _about(case: Case) -> str:
    return f"{case.source.name} {case.how}" + f" as {case.file.name}" * (case.how == "renamed")


def _where(error: Exception) -> str:
    """An exception, and the package's line that it came through last."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "styfie" in Path(one.filename).parts]
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "not in the package"
    return f"{type(error).__name__}: {str(error)[:120]} ({last})"


if __name__ == "__main__":
    main()
