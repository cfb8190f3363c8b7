"""Batches drawn ahead: by a thread, or beside a GPU, which learns faster than one thread draws, by processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

Batch = TypeVar("Batch")
Turn = tuple[int, range]  # a step, and the rows of its batch


def count_drawers(device: torch.device) -> int:
    """How many processes draw batches for a device; none where a thread does.

    They are forked, for what draws may hold open files that cannot be sent to another process. Two processors are left
    to the process that learns, which else waits for its turn to tell the GPU what is next.
    """
    if device.type != "cuda" or "fork" not in multiprocessing.get_all_start_methods():
        return 0
    return max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 2)


def draw_ahead(batch_at: Callable[[int, range], Batch], turns: Sequence[Turn], drawers: int = 0) -> Iterator[Batch]:
    """The batch of every turn, in their order, those to come drawn while one is learned from.

    By `drawers` processes, or by a thread if there are none; `batch_at` must depend on the turn alone.
    """
    if not drawers:
        yield from _draw_by_thread(batch_at, turns)
        return
    yield from DataLoader(
        _Turns(batch_at, turns),
        batch_size=None,  # a turn is a batch already
        num_workers=drawers,
        multiprocessing_context="fork",
        worker_init_fn=_ignore_interrupts,
        prefetch_factor=2,
    )


class _Turns(Dataset[Batch]):
    """The batches of some turns."""

    def __init__(self, batch_at: Callable[[int, range], Batch], turns: Sequence[Turn]) -> None:
        self.batch_at, self.turns = batch_at, turns

    def __len__(self) -> int:
        return len(self.turns)

    def __getitem__(self, index: int) -> Batch:
        return self.batch_at(*self.turns[index])


def _ignore_interrupts(_drawer: int) -> None:
    """Ctrl-C reaches all processes of a terminal, and the one that learns ends its step with a batch.

    SIGTERM ends them: it is how the one that learns ends those that it needs no more.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _draw_by_thread(batch_at: Callable[[int, range], Batch], turns: Sequence[Turn]) -> Iterator[Batch]:
    with ThreadPoolExecutor(1) as other:
        coming: Future[Batch] | None = None
        for turn in turns:
            following = other.submit(batch_at, *turn)
            if coming:
                yield coming.result()
            coming = following
        if coming:
            yield coming.result()
