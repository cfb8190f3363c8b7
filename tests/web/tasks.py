"""What the workers of the tests do."""

from __future__ import annotations

import errno
import os
import time

from styfie.errors import InputError
from styfie.web.workers import WorkerChannel


def double(_channel: WorkerChannel, number: int) -> int:
    """Twice the number."""
    return 2 * number


def refuse(_channel: WorkerChannel) -> None:
    """Say why not."""
    raise InputError("not this one")


def fault(_channel: WorkerChannel) -> None:
    """A fault of the program's."""
    raise ZeroDivisionError("a secret")


def fill(_channel: WorkerChannel) -> None:
    """Find the disk full."""
    raise OSError(errno.ENOSPC, "No space left on device")


class Odd:
    """Something that can be sent, but not received."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("no number",)


def odd(_channel: WorkerChannel, _number: int) -> Odd:
    """Answer with that."""
    return Odd()


def die(_channel: WorkerChannel) -> None:
    """End in the middle."""
    os._exit(3)


def sleep(_channel: WorkerChannel, seconds: float) -> str:
    """Take long."""
    time.sleep(seconds)
    return "slept"


def count(channel: WorkerChannel) -> int:
    """Tell numbers until it is asked to stop."""
    for number in range(100_000):
        channel.send(number)
        time.sleep(0.005)
        if channel.stop_requested():
            return number
    raise AssertionError


def process(_channel: WorkerChannel) -> int:
    """Which one this is."""
    return os.getpid()


def hoard(_channel: WorkerChannel, size: int) -> int:
    """Take memory."""
    return len(bytearray(size))


def count_late(channel: WorkerChannel) -> bool:
    """Go on until it is asked to stop; whether that is because it was late."""
    while not channel.stop_requested():
        time.sleep(0.005)
    return channel.late
