"""A worker process: it answers, its end is noticed, and it ends also where it will not."""

from __future__ import annotations

import signal
import time
from multiprocessing.connection import Connection

import pytest

from styfie import processes


def answer(connection: Connection, factor: int) -> None:
    connection.send(factor * connection.recv())


STATE = {"value": "as it was imported"}


def state(connection: Connection) -> None:
    connection.send(STATE["value"])


def hang(connection: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection.send("deaf")
    while True:
        time.sleep(60)


def hears_interrupts(connection: Connection) -> None:
    connection.send(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)


def threads(connection: Connection) -> None:
    processes.use_threads(3)
    import torch

    connection.send(torch.get_num_threads())


def test_it_is_spawned_everywhere_as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows nothing of what became of this process."""
    monkeypatch.setitem(STATE, "value", "as it is now")
    process, connection = processes.start(state)
    assert connection.recv() == "as it was imported"
    processes.end(process, 10)


def test_it_answers_and_its_end_is_noticed() -> None:
    process, connection = processes.start(answer, 6)
    connection.send(7)
    assert connection.recv() == 42
    with pytest.raises(EOFError):
        connection.recv()
    processes.end(process, 60, terminate=False)
    assert process.exitcode == 0


def test_one_that_does_not_listen_is_killed() -> None:
    process, connection = processes.start(hang)
    assert connection.recv() == "deaf"
    processes.end(process, 0.2)
    assert process.exitcode == -signal.SIGKILL


def test_it_does_not_hear_interrupts_and_who_started_it_still_does() -> None:
    before = signal.getsignal(signal.SIGINT)
    process, connection = processes.start(hears_interrupts)
    assert signal.getsignal(signal.SIGINT) is before
    assert connection.recv() is False
    processes.end(process, 60, terminate=False)


def test_it_uses_so_many_threads() -> None:
    process, connection = processes.start(threads)
    assert connection.recv() == 3
    processes.end(process, 60, terminate=False)
