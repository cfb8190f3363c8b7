"""A folder that is watched: each picture that comes to lie in it is painted once, when it is whole."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from styfie.batch import Outcome, Worker, check, check_folders, share_of_machine
from styfie.errors import InputError, StyfieError
from styfie.images import SUFFIXES, read_picture
from styfie.reading import Request

POLL = 0.5  # seconds between two looks into the folder
SETTLED = 1.0  # that a file has not changed for before it is tried
PATIENCE = 30.0  # after which it is said of a file that it cannot be read
TRIED = 64  # pixels at which a picture is read to see whether it is whole: all of the file is


@dataclass
class _Seen:
    """A file as it was last seen, since when, and what became of it: nothing yet, tried, told of, or handed out."""

    state: tuple[int, int]
    since: float
    outcome: str = ""


class Arrivals:
    """The pictures of a folder as they become whole, each once; one that is another picture later comes again.

    A picture is whole when it has not changed for `SETTLED` seconds and can be read to its end. `clock` gives seconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self.clock = folder, clock
        self._seen: dict[str, _Seen] = {}

    def ready(self) -> list[Path]:
        """Those that are whole since the last call, by name.

        Raises:
            InputError: the folder cannot be looked into.
        """
        found = self._look()
        self._seen = {name: one for name, one in self._seen.items() if name in found}
        return [self.folder / name for name in sorted(found) if self._is_ready(name, found[name])]

    def unreadable(self) -> list[str]:
        """The names of files that have long been unreadable, each once."""
        late = self.clock() - PATIENCE
        found = [name for name, one in self._seen.items() if one.outcome == "tried" and one.since <= late]
        for name in found:
            self._seen[name].outcome = "told"
        return sorted(found)

    def _look(self) -> dict[str, tuple[int, int]]:
        """Size and time of change of each picture file, by name."""
        found = {}
        try:
            for entry in os.scandir(self.folder):
                if Path(entry.name).suffix.lower() in SUFFIXES and not entry.name.startswith(".") and entry.is_file():
                    stat = entry.stat()
                    found[entry.name] = (stat.st_size, stat.st_mtime_ns)
        except FileNotFoundError:  # a file that was taken away meanwhile is seen to be gone at the next look
            if not self.folder.is_dir():
                raise InputError(f"The folder {self.folder} is gone.") from None
        except OSError as error:
            raise InputError(f"The folder {self.folder} cannot be looked into ({error.strerror}).") from None
        return found

    def _is_ready(self, name: str, state: tuple[int, int]) -> bool:
        one = self._seen.get(name)
        if one is None or one.state != state:
            self._seen[name] = _Seen(state, self.clock())
            return False
        if one.outcome or self.clock() - one.since < SETTLED:
            return False
        try:
            read_picture(self.folder / name, TRIED)
        except StyfieError:  # half-written, or no picture: tried again when it has changed
            one.outcome = "tried"
            return False
        one.outcome = "ready"
        return True


def watch(
    folder: Path,
    output: Path,
    request: Request,
    jobs: int = 0,
    read: Iterable[Path] = (),
    on_note: Callable[[str], None] = lambda _text: None,
) -> Generator[Outcome | None, None, None]:
    """Paint each picture that comes to lie in `folder` into a folder of `output` that has the picture's whole name.

    Pictures that lie there already are painted first, but for those that the same request has painted before. Outcomes
    come as they are ready, and None where nothing has happened for a while; to stop is to close the iterator. `read`
    are files that the request was made from.

    Raises:
        InputError, MissingError: no folder, one that is gone, or what no photo could be painted with.
        OutputError: results could not be written, or would lie among the photos.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: --watch wants one that is there.")
    if output.resolve() == folder.resolve():
        raise InputError(f"The paintings would lie among the photos in {folder}: give another --output.")
    check(request)
    check_folders([output], request, list(read))
    most, threads = share_of_machine(request.settings)
    arrivals, waiting = Arrivals(folder), list[Path]()
    workers = [Worker(request, threads) for _ in range(jobs or most)]
    try:
        while True:
            waiting += arrivals.ready()
            for name in arrivals.unreadable():
                on_note(f"{name} cannot be read as a picture: it is painted when it has become one.")
            for worker in workers:
                if waiting and not worker.busy:
                    photo = waiting.pop(0)
                    worker.give(photo, output / photo.name)
            busy = [worker for worker in workers if worker.busy]
            ready = wait([worker.connection for worker in busy], POLL) if busy else []
            if not ready:
                if not busy:
                    time.sleep(POLL)
                yield None
                continue
            yield from [worker.take() for worker in busy if worker.connection in ready]
    finally:
        for worker in workers:
            worker.stop()
