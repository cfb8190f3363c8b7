"""A folder of this machine in the place of one elsewhere: what is wanted of it is fetched, and what is new is sent.

All that paints, finds and writes knows files alone. Here they lie in a temporary folder meanwhile; a run's state is
sent now and then, so that another machine can go on where this one was taken away.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from styfie import stores
from styfie.errors import StyfieError
from styfie.storage import checkpoint
from styfie.storage.atomic import HIDDEN
from styfie.storage.extras import SHAPES, STROKES
from styfie.storage.openraster import RECIPE
from styfie.storage.results import FILE, PICTURES

EVERY = 60.0  # seconds between two times that a run's state is sent
TAIL = 64  # bytes that tell whether a picture is whole
STATE = ".unfinished-"  # folders of what a run goes on from begin so
LOCAL = {"lock", "record"}  # files there that are of one machine only

Signature = tuple[int, int, int]  # of a file: another one has another


class Staged:
    """A photo or film, and the folder for its results, as files of this machine; each may be elsewhere in truth."""

    def __init__(self, source: Path, folder: Path, temporary: Path) -> None:
        self.source, self.folder = source, folder
        self._target = folder if stores.url_of(folder) else None
        if stores.url_of(source):
            self.source = temporary / "source" / source.name
            self.source.parent.mkdir()
            stores.fetch(source, self.source)
        self._there: dict[str, Signature] = {}
        self._next = time.monotonic() + EVERY
        if self._target:
            self.folder = temporary / "results"
            self.folder.mkdir()
            _fetch_earlier(self._target, self.folder)
            self._there = self._files()

    def keep(self, now: bool = False) -> None:
        """Send a run's state, if it is elsewhere and time has passed since the last was sent.

        A state that cannot be sent is no fault: the next may be, and without any the run begins anew.
        """
        if self._target and (now or time.monotonic() >= self._next):
            with suppress(StyfieError):
                self._send({name: one for name, one in self._files().items() if _is_state(name)})
            self._next = time.monotonic() + EVERY

    def finish(self) -> None:
        """Send what is new, the painting's own file last, and remove what is no more.

        Raises:
            OutputError: it cannot be written; what was there before is unchanged unless it is at the very end.
        """
        if self._target:
            files = self._files()
            self._send(files)
            for name in [name for name in self._there if name not in files]:
                stores.remove(self._target / name)
                del self._there[name]

    def _send(self, files: dict[str, Signature]) -> None:
        assert self._target
        new = [name for name, signature in files.items() if self._there.get(name) != signature]
        new.sort(key=lambda name: (name == FILE, files[name][1]))  # records of parts come after the parts
        stores.send((self.folder / name, self._target / name) for name in new)
        self._there |= {name: files[name] for name in new}

    def _files(self) -> dict[str, Signature]:
        """All files by their names within the folder, but for what is being written."""
        found = {}
        for file in self.folder.rglob("*"):
            name = file.relative_to(self.folder)
            if name.parts[0].startswith(HIDDEN) or file.name in LOCAL or file.suffix == ".part":
                continue
            with suppress(FileNotFoundError):
                if file.is_file():
                    stat = file.stat()
                    found[name.as_posix()] = stat.st_ino, stat.st_mtime_ns, stat.st_size
        return found


@contextmanager
def staged(source: Path, folder: Path) -> Iterator[Staged]:
    """A photo or film and its folder as files of this machine; when the block ends well, results are where they belong.

    When it does not, the run's state is, if there is one.

    Raises:
        InputError, MissingError: the source cannot be read.
        OutputError: results cannot be written.
    """
    if not (stores.url_of(source) or stores.url_of(folder)):
        yield Staged(source, folder, folder)
        return
    with TemporaryDirectory(prefix=HIDDEN) as temporary:
        place = Staged(source, folder, Path(temporary))
        try:
            yield place
        except BaseException:
            place.keep(now=True)
            raise
        place.finish()


def _is_state(name: str) -> bool:
    return name == checkpoint.FILE or name.startswith(STATE)


def _fetch_earlier(folder: Path, to: Path) -> None:
    """What is to be known of a folder's earlier results: states and drawings, the recipe, and how pictures end."""
    for name in stores.files_in(folder):
        if name == FILE:
            with suppress(zipfile.BadZipFile, KeyError):  # damaged: painted anew
                recipe = stores.open_with(folder / name, _recipe)
                with zipfile.ZipFile(to / name, "w") as archive:
                    archive.writestr(RECIPE, recipe)
        elif name in (checkpoint.FILE, *STROKES, SHAPES):
            stores.fetch(folder / name, to / name)
        elif name.removesuffix(".png") in PICTURES or (name.startswith("mask-") and name.endswith(".png")):
            (to / name).write_bytes(stores.read(folder / name, start=-TAIL))
    for state in stores.folders_in(folder):
        if state.startswith(STATE):
            (to / state).mkdir()
            for name in stores.files_in(folder / state):
                stores.fetch(folder / state / name, to / state / name)


def _recipe(stream: Any) -> bytes:
    with zipfile.ZipFile(stream) as archive:
        return archive.read(RECIPE)
