"""Ctrl-C between two steps: a run that is stopped so can go on to the bit."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether the user has asked to stop."""

    requested = False


@contextmanager
def interrupts(heeded: bool) -> Iterator[Interrupt]:
    """The first Ctrl-C asks, a second one interrupts at once.

    Where it is not to be heeded, is ignored or somebody else's, and outside the main thread, it stays what it is.
    """
    interrupt = Interrupt()
    mine = heeded and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not mine or threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        interrupt.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, request_stop)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
