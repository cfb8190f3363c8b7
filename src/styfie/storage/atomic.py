"""Files of results: whether one may be written at all, and then all of them whole or none."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from styfie.errors import OutputError

HIDDEN = ".styfie-"  # folders that are being written begin so
LEFT = re.compile(re.escape(HIDDEN) + r"[a-z0-9_]{8}")  # and go on as `tempfile` names them
EARLIER = ".earlier"  # in such a folder: the files that are being replaced
WINDOWS = os.name == "nt"
RETRIES, PAUSE = (20, 0.1) if WINDOWS else (0, 0.0)  # what looks into new files there holds them for a moment
LONG = 247  # characters of a path from which on Windows says that there is no such file
UNSYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)  # of file systems that cannot be asked to
FILE_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_targets(targets: Iterable[Path], read: Iterable[str | Path] = ()) -> None:
    """Refuse files that may not be written, before anything is computed for them.

    A result never takes the place of a file that is `read`, by whatever name or link, nor of anything that is no plain
    file: a link, a pipe, a device, a folder. Two results never have one name, also where case is not told apart. The
    folders need not be there, but it must be possible to make them.

    Raises:
        OutputError: one of these.
    """
    known = {identity: one for one in read if (identity := _identity(one)) is not None}
    taken: set[str] = set()
    folders: set[Path] = set()
    for file in targets:
        if folded(str(file)) in taken:
            raise OutputError(f"Two results would be called {file}: give one of them another name.")
        taken.add(folded(str(file)))
        folders.add(file.parent)
        _check_target(file, known)
    for folder in {_nearest(folder) for folder in folders}:
        _check_writable(folder)


def folded(name: str) -> str:
    """A name as file systems compare it that tell neither case nor the composition of letters apart.

    Those of Windows and macOS keep case and do not tell it apart; to macOS an é is the same in one character or two.
    """
    return unicodedata.normalize("NFC", name).casefold()


def _check_target(file: Path, read: dict[tuple[int, int], str | Path]) -> None:
    try:
        found = file.lstat()
    except (FileNotFoundError, NotADirectoryError):  # of what it is in instead of a folder, `_nearest` tells
        return
    except (OSError, ValueError) as error:
        raise OutputError(f"{_printable(file)} cannot be written ({reason(error)}): give another --output.") from None
    if stat.S_ISLNK(found.st_mode):
        raise OutputError(f"{file} is a link, which the result would replace: name the file itself, or another.")
    if not stat.S_ISREG(found.st_mode):
        kind = FILE_KINDS.get(stat.S_IFMT(found.st_mode), "no plain file")
        raise OutputError(f"{file} is {kind}, where a result is to be written: give another --output.")
    if (same := read.get((found.st_dev, found.st_ino))) is not None:
        raise OutputError(f"{file} would replace {same}, which is read: give another --output.")


def _identity(file: str | Path) -> tuple[int, int] | None:
    """What tells a file from all others, whatever it is called; none if there is no such file."""
    try:
        found = os.stat(file)  # noqa: PTH116 - of text as of paths
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest around it that is there already.

    Raises:
        OutputError: what is there is no folder.
    """
    for one in (folder, *folder.parents):
        try:
            there = os.path.lexists(one)
            if there and not one.is_dir():
                raise OutputError(f"{one} cannot be made a folder, as it is none: give another --output.")
        except (OSError, ValueError) as error:
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"Could not write into {_printable(folder)}: {reason(error)}.") from None
        if there:
            return one
    return folder


def _check_writable(folder: Path) -> None:
    """See whether files can be made in a folder that is there: only trying tells of every file system."""
    try:
        Path(tempfile.mkdtemp(prefix=HIDDEN, dir=folder)).rmdir()
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise OutputError(f"Could not write into {folder}: {reason(error)}.") from None
    except OSError as error:
        raise OutputError(f"Could not write into {folder}: {reason(error)}. Give another --output.") from None


def reason(error: BaseException) -> str:
    """What the system says went wrong, in its words alone; of a path too long for Windows that it is."""
    if WINDOWS and isinstance(error, FileNotFoundError) and len(str(error.filename or "")) > LONG:
        return f"the path has {len(str(error.filename))} characters, more than Windows takes unless long paths are on"
    return getattr(error, "strerror", None) or str(error)


def _printable(path: Path) -> str:
    """A path as a sentence can hold it."""
    text = ascii(str(path))[1:-1]
    return text if len(text) <= 100 else f"{text[:60]}…{text[-20:]}"


@contextlib.contextmanager
def writing_file(file: Path) -> Iterator[Path]:
    """A file to write that takes the place of `file` when the block ends well; see `writing_into`.

    Raises:
        OutputError: it cannot be written; what was there before stays.
    """

    def sentence(why: str) -> str:
        return f"{_printable(file)} cannot be written ({why}): free or change its folder."

    with _writing(file.parent, sentence) as beside:
        yield beside / file.name


@contextlib.contextmanager
def writing_into(folder: Path, read: Iterable[str | Path] = ()) -> Iterator[Path]:
    """A new folder beside the results: when the block ends well its files move into `folder` together.

    What a killed run has left behind there is removed; what another run is writing meanwhile is not.

    Raises:
        OutputError: anything could not be written, or may not be (see `check_targets`); nothing is left behind then,
            and all files that were there before are as they were.
    """

    def sentence(why: str) -> str:
        return f"Could not write into {_printable(folder)}: {why}. Earlier pictures there are unchanged."

    with _writing(folder, sentence, read) as beside:
        yield beside


@contextlib.contextmanager
def _writing(folder: Path, sentence: Callable[[str], str], read: Iterable[str | Path] = ()) -> Iterator[Path]:
    """What `writing_into` does, with this sentence about what goes wrong."""
    made = [one for one in (folder, *folder.parents) if not os.path.lexists(one)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _temporary_folder(folder) as beside:
            yield beside
            _move(beside, folder, read)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(sentence(reason(error))) from error
    finally:
        for one in made:
            with contextlib.suppress(OSError):  # with files in it, it stays
                one.rmdir()


def _move(written: Path, folder: Path, read: Iterable[str | Path]) -> None:
    """Put all files of one folder into another, or none of them."""
    files = sorted(written.iterdir())
    targets = [folder / file.name for file in files]
    check_targets(targets, read)
    for file in files:
        sync(file)  # a rename may reach the disk before what was written
    earlier = written / EARLIER
    earlier.mkdir()
    for target in targets:
        if target.exists():
            _keep(target, earlier / target.name)
    begun: list[tuple[Path, Path]] = []
    try:
        for file, target in zip(files, targets, strict=True):
            begun.append((file, target))
            _replace(file, target)
    except BaseException:
        for file, target in begun:
            if file.exists():
                continue  # it has not moved, and its target, which may be open, is as it was
            if (kept := earlier / target.name).exists():
                kept.replace(target)
            else:
                target.unlink(missing_ok=True)
        raise
    sync(folder)


def _replace(file: Path, target: Path) -> None:
    """Rename a file over another; on Windows once more for a while, as long as somebody has that one open."""
    for left in range(RETRIES, -1, -1):
        try:
            file.replace(target)
            return
        except PermissionError:
            if not left:
                raise
            time.sleep(PAUSE)


def _keep(file: Path, backup: Path) -> None:
    """A second name of a file, or a copy where there are no second names: at no time is it nowhere."""
    try:
        os.link(file, backup)
    except OSError:
        shutil.copy2(file, backup)


def sync(path: Path) -> None:
    """Have the disk hold what was written to a file or folder, so that a power cut does not take it."""
    try:
        held = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)  # Windows syncs none that only reads
    except OSError:  # and opens no folders
        return
    try:
        os.fsync(held)
    except OSError as error:
        if error.errno not in UNSYNCED:
            raise
    finally:
        os.close(held)


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """A folder in `folder`, removed in the end, and locked as long as this process lives: a kill unlocks it as well."""
    for left in folder.glob(f"{HIDDEN}*"):
        if not LEFT.fullmatch(left.name) or left.is_symlink() or not left.is_dir():
            continue  # somebody else's
        with _lock(left) as free:
            if free:
                shutil.rmtree(left, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        while True:
            beside = Path(tempfile.mkdtemp(prefix=HIDDEN, dir=folder))
            stack.callback(shutil.rmtree, beside, ignore_errors=True)
            stack.enter_context(_lock(beside))
            if beside.exists():  # or another run has taken it for a dead one's before it was locked
                break
        yield beside


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Whether nobody else holds the lock of a folder, which is held meanwhile; never, where none can be had."""
    try:
        import fcntl
    except ImportError:  # Windows: what killed runs have left stays there
        yield False
        return
    try:
        held = os.open(folder, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except OSError:
            free = False
        yield free
    finally:
        os.close(held)
