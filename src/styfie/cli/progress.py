"""Progress on a terminal: a bar with losses and time left; plain lines where it is no terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from styfie.engines.progress import Progress

LINES = 10  # plain lines for a whole run


def print_note(text: str) -> None:
    """One line on standard error. Where nothing can be written there, the work goes on all the same."""
    with suppress(OSError):
        typer.echo(text, err=True)


@contextmanager
def show_progress() -> Iterator[Callable[[Progress], None]]:
    """A function to call with each `Progress`; it shows it on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}  {task.fields[losses]}"))
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("painting", total=None, left="", losses="finding the person")

        def show(progress: Progress) -> None:
            left, losses = _left(progress), _losses(progress)
            bar.update(task, total=progress.steps, completed=progress.step, left=left, losses=losses)

        yield show


def _lines() -> Callable[[Progress], None]:
    said = 0  # tenths of the run, of which each is said once: engines need not report every step

    def show(progress: Progress) -> None:
        nonlocal said
        tenths = LINES * progress.step // max(1, progress.steps)
        if tenths > said:
            said = tenths
            line = f"step {progress.step}/{progress.steps}  {_left(progress)}  {_losses(progress)}"
            print_note(line.rstrip())

    return show


def _left(progress: Progress) -> str:
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    return f"{minutes}:{seconds:02d} left"


def _losses(progress: Progress) -> str:
    return " ".join(f"{name} {value:.3g}" for name, value in progress.losses.items())


class _Stop:
    requested = False


@contextmanager
def interruptible() -> Iterator[_Stop]:
    """The first Ctrl-C asks to stop, a second one interrupts at once."""
    stop = _Stop()

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print_note("Stopping after this step; Ctrl-C again stops at once.")

    before = signal.signal(signal.SIGINT, request_stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
