"""Processes that do the work, one thing at a time, and are replaced when they die.

The server's own process never loads PyTorch and never decodes a picture: whatever a file does to its reader, it does to
a worker. What is asked of one is a function's name and plain values; it answers with plain values, and may tell how far
it is meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from styfie import processes
from styfie.errors import StyfieError
from styfie.web.errors import (
    DISK_FULL,
    FAULT,
    DroppedError,
    FullError,
    NoMemoryError,
    TooLateError,
    WorkerDiedError,
    is_full,
)
from styfie.web.messages import message

CANCELLED = message("error.cancelled")
PATIENCE = 3.0  # seconds that a worker has to end by itself
STOPPING = 600.0  # seconds that a task has to stop when its time is up: a step of a large painting is long
START = 300.0  # seconds that it has to start, on a computer that is busy: a task's own are counted from its beginning
OnEvent = Callable[[Any], None]
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class WorkerTask:
    """Something to do: a function of the worker's module, for one job."""

    name: str
    given: tuple[Any, ...]
    owner: str
    seconds: float | None
    on_event: OnEvent | None
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Worker:
    """One process that runs functions of `module`, one after the other.

    `threads` are PyTorch's, 0 = as it likes; `nice` makes it give way to others; `memory` is the bytes it may take, 0 =
    all there are; after `recycle` tasks it is replaced, 0 = never; after `budget` seconds a task is told to stop and to
    give what there is, 0 = never.
    """

    def __init__(
        self, module: str, threads: int = 0, nice: int = 0, memory: int = 0, recycle: int = 0, budget: float = 0.0
    ) -> None:
        self.made = (module, threads, nice, memory)
        self.budget = budget
        self.recycle, self.served = recycle, 0
        self.process: multiprocessing.process.BaseProcess | None = None
        self.connection: Connection | None = None
        self.waiting: deque[WorkerTask] = deque()
        self.current: WorkerTask | None = None
        self._come = asyncio.Event()
        self._thread = ThreadPoolExecutor(1)
        self._loop: asyncio.Task[None] | None = None
        self._stopped = self._begun = False

    def start(self) -> None:
        """Start the process, and to serve what comes."""
        self._spawn()
        self._loop = asyncio.create_task(self._serve())

    async def call(
        self,
        name: str,
        *given: Any,
        owner: str = "",
        seconds: float | None = 60.0,
        on_event: OnEvent | None = None,
        again: bool = False,
    ) -> Any:
        """Run a function there, when all that was asked before is done, and return its answer.

        `on_event` hears what it tells meanwhile. With `again` it is run once more if the process dies, which may have
        been another's fault.

        Raises:
            StyfieError: what the function raised.
            WorkerDiedError: the process ended meanwhile.
        """
        try:
            return await self._ask(WorkerTask(name, given, owner, seconds, on_event))
        except WorkerDiedError as error:
            if not again or isinstance(error, TooLateError):
                raise
            return await self._ask(WorkerTask(name, given, owner, seconds, on_event))

    async def _ask(self, task: WorkerTask) -> Any:
        if self._stopped:
            raise DroppedError(CANCELLED)
        self.waiting.append(task)
        self._come.set()
        return await task.done

    def send(self, text: str) -> None:
        """Tell what is running now something, such as to stop."""
        if self.connection and self.current:
            with contextlib.suppress(OSError):
                self.connection.send(text)

    async def cancel(self, owner: str, kill: bool = False) -> None:
        """Return when nothing of this owner's runs or waits any more; what runs is ended if `kill`."""
        for task in [task for task in self.waiting if task.owner == owner]:
            self.waiting.remove(task)
            if not task.done.done():
                task.done.set_exception(DroppedError(CANCELLED))
        current = self.current
        if current and current.owner == owner:
            if kill and self.process:
                self.process.kill()
            with contextlib.suppress(StyfieError, asyncio.CancelledError):
                await asyncio.shield(current.done)

    async def stop(self) -> None:
        """End the process and whatever it does."""
        self._stopped = True
        if self._loop:
            self._loop.cancel()
        for task in [*self.waiting, *([self.current] if self.current else [])]:
            task.done.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._end)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def is_ready(self) -> bool:
        """Whether its process has begun to serve; one that died while it had nothing to do is replaced."""
        idle = self.current is None and not self._stopped  # else the process is the waiting thread's
        if idle and self.process and self.connection:
            try:
                if not self._begun and self.connection.poll(0):
                    self.connection.recv()
                    self._begun = True
            except (EOFError, OSError):
                self._renew()
            if not self.process.is_alive():
                self._renew()
        return self._begun

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self.waiting:
                self._come.clear()
                await self._come.wait()
            self.current = task = self.waiting.popleft()
            try:
                if not task.done.cancelled():
                    answer = await loop.run_in_executor(self._thread, self._run, task, loop)
                    if not task.done.done():
                        task.done.set_result(answer)
            except StyfieError as error:
                _refuse(task, error)
            except Exception:  # whatever it was, who asked must hear of it, and the next one must be served
                _log.exception("%s could not be asked of a worker", task.name)
                _refuse(task, WorkerDiedError(FAULT))
            finally:
                self.current = None

    def _run(self, task: WorkerTask, loop: asyncio.AbstractEventLoop) -> Any:
        """One task, in a thread that waits for the process."""
        self.served += 1
        if self.recycle and self.served > self.recycle:
            self._renew()
        try:
            self._send(task)
            assert self.connection
            seconds: float | None = START
            while True:
                if not self.connection.poll(seconds):
                    self._renew()
                    raise TooLateError(message("error.too_late", seconds=f"{seconds:g}"))
                kind, value = self.connection.recv()
                self._begun = True  # whatever it says
                if kind == "begun":
                    seconds = task.seconds
                    if self.budget:
                        loop.call_soon_threadsafe(self._limit, task)
                elif kind == "event":
                    if task.on_event:
                        loop.call_soon_threadsafe(task.on_event, value)
                elif kind == "fault":
                    _log.error("a worker failed at %s\n%s", task.name, value.rstrip())
                elif kind == "error":
                    raise value
                elif kind == "done":
                    return value
        except StyfieError:  # an OutputError is an OSError, too
            raise
        except (EOFError, OSError):
            self._renew()
            raise WorkerDiedError(message("error.worker_died")) from None
        except Exception:
            self._renew()  # whatever went wrong between the two, they may no longer understand each other
            raise

    def _limit(self, task: WorkerTask) -> None:
        """Have a task that has begun told to stop when its time is up, and ended if it does not."""
        loop = asyncio.get_running_loop()
        for seconds, end in ((self.budget, self._stop_late), (self.budget + STOPPING, self._kill_late)):
            timer = loop.call_later(seconds, end, task)
            task.done.add_done_callback(lambda _, timer=timer: timer.cancel())  # type: ignore[misc]

    def _stop_late(self, task: WorkerTask) -> None:
        if self.current is task:
            self.send("late")

    def _kill_late(self, task: WorkerTask) -> None:
        if self.current is task and self.process:
            self.process.kill()

    def _renew(self) -> None:
        self._end()
        self._spawn()

    def _send(self, task: WorkerTask) -> None:
        assert self.connection
        try:
            while self.connection.poll(0):  # what was told too late for the task before
                self.connection.recv()
            self.connection.send((task.name, task.given))
        except (OSError, EOFError):  # it died while it had nothing to do
            self._renew()
            self.connection.send((task.name, task.given))

    def _spawn(self) -> None:
        self.process, self.connection = processes.start(_work, *self.made)
        self.served, self._begun = 0, False

    def _end(self) -> None:
        if self.connection:
            self.connection.close()  # one that has nothing to do then ends by itself
        if self.process and self.process.is_alive():
            processes.end(self.process, PATIENCE)


def _refuse(task: WorkerTask, error: StyfieError) -> None:
    if not task.done.done():
        task.done.set_exception(error)


class WorkerChannel:
    """The worker's end of the line: to tell how far it is, and to hear whether it shall stop."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.late = False  # whether what runs was told to stop as its time was up

    def send(self, value: Any) -> None:
        """Tell the server."""
        self.connection.send(("event", value))

    def stop_requested(self) -> bool:
        """Whether the server asked to stop."""
        stop = False
        while self.connection.poll(0):
            told = self.connection.recv()
            self.late = self.late or told == "late"
            stop = stop or told in ("stop", "late")
        return stop


def _work(connection: Connection, module: str, threads: int, nice: int, memory: int) -> None:
    """Run what is asked until the connection ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides what becomes of this process
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # files are written beside and renamed: none is left half
    if nice and hasattr(os, "nice"):
        os.nice(nice)
    if memory:
        _limit_memory(memory)
    processes.use_threads(threads)
    functions = import_module(module)
    channel = WorkerChannel(connection)
    with contextlib.suppress(OSError):  # nobody hears it any more: the loop ends at once
        connection.send(("started", None))
    while True:
        try:
            sent = connection.recv()
        except (EOFError, OSError):
            return
        if not isinstance(sent, tuple):  # told too late
            continue
        name, given = sent
        channel.late = False
        try:
            connection.send(("begun", None))
        except OSError:
            return
        try:
            answer = ("done", getattr(functions, name)(channel, *given))
        except StyfieError as error:
            answer = ("error", error)
        except MemoryError:
            answer = ("error", NoMemoryError(message("error.memory")))
        except FileNotFoundError:
            answer = ("error", DroppedError(CANCELLED))
        except Exception as error:  # a fault of this program's must not stop the worker
            if is_full(error):
                answer = ("error", FullError(DISK_FULL))
            else:
                connection.send(("fault", traceback.format_exc()))
                answer = ("error", WorkerDiedError(message("error.unexpected", kind=type(error).__name__)))
        try:
            connection.send(answer)
        except OSError:
            return


def _limit_memory(more: int) -> None:
    """So many bytes more than now, where the system can hold a process to that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (more, resource.getrlimit(resource.RLIMIT_DATA)[1]))
