"""What the workers of the tests do."""

from __future__ import annotations

import errno
import os
import time

from styfie.errors import InputError
from styfie.web.workers import Line


def double(_line: Line, number: int) -> int:
    """Twice the number."""
    return 2 * number


def refuse(_line: Line) -> None:
    """Say why not."""
    raise InputError("not this one")


def fault(_line: Line) -> None:
    """A fault of the program's."""
    raise ZeroDivisionError("a secret")


def fill(_line: Line) -> None:
    """Find the disk full."""
    raise OSError(errno.ENOSPC, "No space left on device")


class Odd:
    """Something that can be sent, but not received."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("no number",)


def odd(_line: Line, _number: int) -> Odd:
    """Answer with that."""
    return Odd()


def die(_line: Line) -> None:
    """End in the middle."""
    os._exit(3)


def sleep(_line: Line, seconds: float) -> str:
    """Take long."""
    time.sleep(seconds)
    return "slept"


def count(line: Line) -> int:
    """Tell numbers until it is asked to stop."""
    for number in range(100_000):
        line.tell(number)
        time.sleep(0.005)
        if line.asked_to_stop():
            return number
    raise AssertionError


def process(_line: Line) -> int:
    """Which one this is."""
    return os.getpid()


def hoard(_line: Line, size: int) -> int:
    """Take memory."""
    return len(bytearray(size))
