"""Files that lie elsewhere, named by URLs such as `s3://bucket/me.jpg`, `gs://…` or `sftp://…`, by fsspec.

A URL travels as a path: pathlib keeps all of it but the second slash, so that `/ name`, `.name` and `.suffix` are as of
every path, and `url_of` gives it back. Whatever goes wrong on the way is tried again a few times and then one sentence.

A file is there whole or not at all: it is sent under another name, and renamed when all of it is there (where a store
knows no renaming: copied within it). Several files are not one step for any store: what is renamed last stands for all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from styfie.errors import InputError, MissingError, OutputError, StyfieError
from styfie.storage.atomic import HIDDEN, folded

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Found = TypeVar("Found")
URL = re.compile(r"([a-z][a-z0-9+.-]+):/+(.+)", re.IGNORECASE | re.DOTALL)  # of two letters at least: c: is a disk
OBJECTS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss"}  # stores without folders
ROOTED = {"file", "local"}  # whose paths begin at a root
PAUSES = (0.5, 2.0, 8.0)  # seconds before a further try
FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, StyfieError, ImportError)
SENDING = f"{HIDDEN}sending"  # the folder beside files that are being sent; the next to send there takes it over


def url_of(path: str | PurePath) -> str | None:
    """The URL that a path stands for; none if it is a path of this machine."""
    found = URL.fullmatch(path if isinstance(path, str) else path.as_posix())
    if not found:
        return None
    scheme = found[1].lower()
    return f"{scheme}://{'/' if scheme in ROOTED else ''}{found[2]}"


def name_of(path: PurePath) -> str:
    """A path as users write it."""
    return url_of(path) or str(path)


def is_folder(path: Path) -> bool:
    """Whether a URL is a folder's, or has files below it.

    Raises:
        InputError, MissingError: it cannot be looked at.
    """
    return bool(_try(path, lambda fs, at: fs.isdir(at), writing=False))


def files_in(folder: Path) -> dict[str, int]:
    """The files directly in a URL's folder and their sizes, by name in order; none where there is no such folder.

    Raises:
        InputError, MissingError: it cannot be looked into.
    """
    entries = _try(folder, _entries, writing=False)
    return {name: size for name, (kind, size) in entries.items() if kind == "file"}


def folders_in(folder: Path) -> list[str]:
    """The names of folders directly in a URL's folder, in order; none where there is no such folder.

    Raises:
        InputError, MissingError: it cannot be looked into.
    """
    entries = _try(folder, _entries, writing=False)
    return [name for name, (kind, _) in entries.items() if kind == "directory"]


def _entries(fs: AbstractFileSystem, at: str) -> dict[str, tuple[str, int]]:
    """Kind and size of what is in a folder, by name in order."""
    try:
        entries = fs.ls(at, detail=True)
    except FileNotFoundError:
        return {}
    found = {PurePath(one["name"]).name: (str(one["type"]), int(one["size"] or 0)) for one in entries}
    return {name: found[name] for name in sorted(found) if name != PurePath(at).name or found[name][0] != "directory"}


def read(file: Path, start: int | None = None, end: int | None = None) -> bytes:
    """The bytes of a URL's file, or some of them; from the end where negative.

    Raises:
        InputError, MissingError: it cannot be read, or is not there.
    """
    return bytes(_try(file, lambda fs, at: fs.cat_file(at, start=start, end=end), writing=False))


def open_with(file: Path, work: Callable[[Any], Found]) -> Found:
    """What `work` makes of a URL's file as a binary stream in which it can seek, and of which little is fetched.

    Raises:
        InputError, MissingError: it cannot be read, or is not there.
    """

    def opened(fs: AbstractFileSystem, at: str) -> Found:
        with fs.open(at, "rb", block_size=1 << 16) as stream:
            return work(stream)

    return _try(file, opened, writing=False)


def fetch(file: Path, target: Path) -> None:
    """Copy a URL's file to this machine.

    Raises:
        InputError, MissingError: it cannot be read, or is not there.
    """
    _try(file, lambda fs, at: fs.get_file(at, str(target)), writing=False)


def send(files: Iterable[tuple[Path, Path]]) -> None:
    """Copy files of this machine to URLs in one folder: all are sent before the first has its name, in this order.

    Raises:
        OutputError: it cannot be written. Before all are sent, nothing has changed there.
    """
    pairs = list(files)
    for file, target in pairs:
        _try(target.parent / SENDING / target.name, partial(_put, str(file)), writing=True)
    for _, target in pairs:
        _try(target, _rename, writing=True)
    for folder in dict.fromkeys(target.parent for _, target in pairs):
        _try(folder / SENDING, _forget, writing=True)


def write(file: Path, data: bytes) -> None:
    """Write a URL's file, whole or not at all.

    Raises:
        OutputError: it cannot be written; what was there before stays.
    """
    _try(file.parent / SENDING / file.name, lambda fs, at: _pipe(fs, at, data), writing=True)
    _try(file, _rename, writing=True)


def remove(file: Path) -> None:
    """Remove a URL's file, if it is there.

    Raises:
        OutputError: it cannot be removed.
    """

    def away(fs: AbstractFileSystem, at: str) -> None:
        if fs.exists(at):
            fs.rm_file(at)

    _try(file, away, writing=True)


def check_targets(targets: Iterable[Path], read_files: Iterable[str | Path] = ()) -> None:
    """Refuse URLs that would take the place of one that is read, before anything is computed for them.

    Raises:
        OutputError: there is one.
    """
    known = {folded(url): url for one in read_files if (url := url_of(one))}
    for target in targets:
        url = url_of(target) or ""
        if folded(url) in known:
            raise OutputError(f"{url} would replace {known[folded(url)]}, which is read: give another --output.")


def check_writable(folder: Path) -> None:
    """See whether files can be written below a URL: only trying tells.

    Raises:
        OutputError, MissingError: they cannot, or what its kind needs is not there.
    """
    write(folder / f"{HIDDEN}try", b"")
    remove(folder / f"{HIDDEN}try")
    _try(folder / SENDING, _forget, writing=True)


def _put(file: str, fs: AbstractFileSystem, at: str) -> None:
    _make_folder(fs, at)
    fs.put_file(file, at)


def _pipe(fs: AbstractFileSystem, at: str, data: bytes) -> None:
    _make_folder(fs, at)
    fs.pipe_file(at, data)


def _make_folder(fs: AbstractFileSystem, at: str) -> None:
    if not OBJECTS & set(_protocols(fs)):  # which would make a bucket where there is none
        fs.makedirs(at.rpartition("/")[0], exist_ok=True)


def _protocols(fs: AbstractFileSystem) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def _rename(fs: AbstractFileSystem, at: str) -> None:
    """Have what was sent for a file take its place; tried again after it was done, it is done."""
    from fsspec import AbstractFileSystem

    folder, _, name = at.rpartition("/")
    sent = f"{folder}/{SENDING}/{name}"
    if not fs.exists(sent) and fs.exists(at):
        return
    if type(fs).mv is not AbstractFileSystem.mv:  # a real renaming: that of all others is this
        fs.mv(sent, at)
        return
    fs.cp_file(sent, at)
    fs.rm_file(sent)


def _forget(fs: AbstractFileSystem, at: str) -> None:
    """Remove the folder of what is being sent, with what a run that was killed has left in it."""
    if fs.exists(at):
        fs.rm(at, recursive=True)


def _try(path: Path, work: Callable[[AbstractFileSystem, str], Found], writing: bool) -> Found:
    """What `work` makes of a URL's file system and the place in it, tried again with a new connection if it breaks.

    Raises:
        MissingError: no such file to read, or what its kind needs is not there.
        InputError, OutputError: it cannot be read or written.
    """
    url = url_of(path) or str(path)
    for pause in (*PAUSES, None):
        try:
            return work(*_connect(url, anew=pause != PAUSES[0]))
        except Exception as error:  # each kind of store has its own
            if pause is None or isinstance(error, FINAL):
                raise _sentence(url, error, writing) from error
            time.sleep(pause)
    raise AssertionError


def _connect(url: str, anew: bool) -> tuple[AbstractFileSystem, str]:
    """A URL's file system, without a memory of what lay there, and the place in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingError(f"{url} needs an optional part: pip install 'styfie[cloud]'.") from None
    try:
        fs, at = url_to_fs(url, skip_instance_cache=anew)
    except ValueError as error:
        raise InputError(f"{url} cannot be opened ({str(error).rstrip('.')}): s3, gs and sftp are known.") from None
    fs.invalidate_cache()  # other machines write there too
    return fs, str(at)


def _sentence(url: str, error: Exception, writing: bool) -> StyfieError:
    if isinstance(error, StyfieError):
        return error
    if isinstance(error, ImportError):
        return MissingError(f"{url} needs an optional part: pip install 'styfie[cloud]'.")
    if isinstance(error, FileNotFoundError) and not writing:
        return MissingError(f"There is no file {url}.")
    why = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
    kind, done = (OutputError, "written") if writing else (InputError, "read")
    return kind(f"{url} cannot be {done} ({why}): see that it is there, and that you may.")
