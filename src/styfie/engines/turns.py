"""Layers searched for at a time: on a processor each has its share of the threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

import torch

from styfie.devices import few_threads

MOST_LAYERS = 2  # at a time: each holds all that a search needs
T = TypeVar("T")


def layers_at_once(layers: int, device: torch.device) -> int:
    """How many of a painting's layers are best searched for at a time.

    A second core has little to do at the sizes where most steps are made, with matrices to be decomposed, and with
    sums over few pixels: two layers take four fifths of the time of one after the other.
    """
    return min(MOST_LAYERS, layers, torch.get_num_threads()) if device.type == "cpu" else 1


def interleave(runs: Sequence[Iterator[T]], at_once: int) -> Iterator[T]:
    """What all `runs` give, in the order in which it comes: so many of them at a time, each in a thread of its own.

    One at a time they are run here, in turn, on all threads. An error of one of them is raised here. All have stopped
    when this iterator has ended, is closed, or has raised.
    """
    if at_once < 2:
        for run in runs:
            yield from run
        return
    # Also for a single one that is left: on more threads its sums would be others.
    given, stopped, share = SimpleQueue[T | None](), threading.Event(), max(1, torch.get_num_threads() // at_once)

    def drain(run: Iterator[T]) -> None:
        try:
            with few_threads(share):
                while not stopped.is_set() and (one := next(run, None)) is not None:
                    given.put(one)
        finally:
            given.put(None)  # it has ended

    with few_threads(share), ThreadPoolExecutor(at_once) as pool:
        try:
            ends = [pool.submit(drain, run) for run in runs]
            left = len(runs)
            while left:
                if (one := given.get()) is not None:
                    yield one
                    continue
                left -= 1
                for end in ends:
                    if end.done():
                        end.result()
        finally:
            stopped.set()
