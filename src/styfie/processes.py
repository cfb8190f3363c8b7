"""A worker process: how it is started, what PyTorch is told in it, and how it is ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

KERNELS = 128  # compiled convolutions kept: each size has its own, and the 1024 by default grow with every photo


def start(work: Callable[..., None], *given: Any) -> tuple[BaseProcess, Connection]:
    """A new process that runs `work` with its end of a connection and what is `given`, and this end of it.

    It does not hear Ctrl-C: the process that started it decides what becomes of it. When it dies, reading from the
    connection ends with `EOFError`.
    """
    context = multiprocessing.get_context("spawn")
    connection, other = context.Pipe()
    process = context.Process(target=work, args=(other, *given), daemon=True)
    with _deaf():
        process.start()
    other.close()  # the worker's own end is then the only one
    return process, connection


def end(process: BaseProcess, patience: float, terminate: bool = True) -> None:
    """End a process: told to unless it ends by itself, and killed after `patience` seconds."""
    if terminate:
        process.terminate()
    process.join(patience)
    if process.is_alive():
        process.kill()
        process.join()


def use_threads(threads: int) -> None:
    """Have PyTorch keep few compiled kernels in this process, and use so many threads; 0 = as many as it likes."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KERNELS))  # read when torch first needs it
    if threads:
        import torch

        torch.set_num_threads(threads)


@contextmanager
def _deaf() -> Iterator[None]:
    """A process started meanwhile does not hear Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set it, and hears it
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
