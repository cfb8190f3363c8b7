"""What a run writes: never half a file, and one sentence where nothing can be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from styfie.errors import OutputError
from styfie.storage.atomic import sync


def make_folder(folder: Path) -> None:
    """Make a folder, and those around it, where there is none.

    Raises:
        OutputError: it is a file, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made a folder ({error.strerror}): give another --output.") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make one sentence of a file that cannot be written.

    Raises:
        OutputError: while `path` is written.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}): free or change its folder."
        ) from error


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """A file to write that takes the place of `path` at the end, and is removed if that is not reached.

    Raises:
        OutputError: it cannot be written; what was there before stays.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with writing(path):
            yield part
            sync(part)  # a rename may reach the disk before what was written
            part.replace(path)
            sync(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
