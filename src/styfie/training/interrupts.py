"""Ctrl-C or SIGTERM between two steps: a run that is stopped so can go on to the bit."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | signal.Handlers


class Interrupt:
    """Whether the user has asked to stop."""

    requested = False


@contextmanager
def interrupts(heeded: bool) -> Iterator[Interrupt]:
    """The first Ctrl-C, or SIGTERM as schedulers and shutdowns send it, asks; a second one ends the process at once.

    Where one is not to be heeded, is ignored or somebody else's, and outside the main thread, it stays what it is.
    """
    interrupt = Interrupt()
    usual: dict[signal.Signals, Handler] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    mine = [one for one, before in usual.items() if heeded and signal.getsignal(one) is before]
    if not mine or threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        interrupt.requested = True
        restore()

    def restore() -> None:
        for one in mine:
            signal.signal(one, usual[one])

    for one in mine:
        signal.signal(one, request_stop)
    try:
        yield interrupt
    finally:
        restore()
