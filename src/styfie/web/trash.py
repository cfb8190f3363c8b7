"""What was deleted, for as long as it can be brought back: moved aside as it is, by one rename.

`trash/AT.KIND.ID[.N]` is the folder or file itself: AT in seconds of a `RunningClock`, ID of the picture, clip or look,
and N of its version or style. Nothing has to be written for it, so that also a full disk can be made room on.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from styfie.web.errors import ConflictError, NotFoundError
from styfie.web.messages import message

HOURS = 24.0
"""That the server runs before what was deleted is gone for good."""
TrashKind = Literal["picture", "version", "style", "look", "clip"]
_NAME = re.compile(r"(\d{1,12})\.(picture|version|style|look|clip)\.([A-Za-z0-9_-]{22})(?:\.(\d{1,7}))?")
_PREVIEWS = ("growing.jpg", "both.png", "photo.jpg", "picture.jpg")


@dataclass(frozen=True)
class Trashed:
    """Something in the trash by its name there; `of` is the picture, clip or look, `at` when it came there."""

    id: str
    kind: TrashKind
    of: str
    number: int
    at: float


class Trash:
    """The trash of a server's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "trash"

    def all(self) -> list[Trashed]:
        """What is in it, the last first; what has another name is not the server's, and stays."""
        names = [file.name for file in self.folder.iterdir()] if self.folder.is_dir() else []
        return sorted((one for name in names if (one := _trashed(name))), key=lambda one: (-one.at, one.id))

    def get(self, name: str) -> Trashed:
        """The one of that id.

        Raises:
            NotFoundError: there is none, or no more.
        """
        found = _trashed(name)
        if found is None or not os.path.lexists(self.path(found)):
            raise NotFoundError(message("error.no_trash"))
        return found

    def path(self, one: Trashed) -> Path:
        """Where it is."""
        return self.folder / one.id

    def put(self, place: Path, kind: TrashKind, of: str, now: float, number: int = 0) -> Trashed:
        """Move a file or folder into the trash.

        Raises:
            NotFoundError: it is not there.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{now:.0f}.{kind}.{of}" + (f".{number}" if number else "")
        found = Trashed(name, kind, of, number, float(f"{now:.0f}"))
        try:
            place.rename(self.path(found))
        except FileNotFoundError:
            raise NotFoundError(message("error.no_trash")) from None
        return found

    def take_back(self, one: Trashed, place: Path) -> None:
        """Move it to where it is to be.

        Raises:
            ConflictError: something is there already.
        """
        if os.path.lexists(place):
            raise ConflictError(message("error.trash_taken"))
        self.path(one).rename(place)

    def remove(self, one: Trashed) -> None:
        """Delete it for good, with what was deleted of it before."""
        shutil.rmtree(self.path(one), ignore_errors=True)
        with contextlib.suppress(OSError):
            self.path(one).unlink()
        if one.kind == "picture":
            for part in [part for part in self.all() if part.of == one.of and part.kind in ("version", "style")]:
                self.remove(part)

    def picture(self, one: Trashed) -> Path:
        """A file that shows it.

        Raises:
            NotFoundError: there is none.
        """
        path = self.path(one)
        if one.kind == "style":
            return path
        for name in _PREVIEWS:
            if (path / name).is_file():
                return path / name
        raise NotFoundError(message("error.picture_absent"))

    def size(self) -> int:
        """Bytes that all of it takes."""
        total = 0
        for one in self.all():
            files = [Path(folder) / file for folder, _, names in os.walk(self.path(one)) for file in names]
            for file in files or [self.path(one)]:
                with contextlib.suppress(OSError):
                    total += file.lstat().st_size
        return total

    def tidy(self, now: float, room: float, needed: frozenset[str] = frozenset()) -> None:
        """Delete for good what was here for `HOURS`, and the oldest while all takes more than `room` bytes.

        `needed` are ids of what something else is still made of.
        """
        for one in reversed(self.all()):
            if one.id not in needed and (now - one.at > 3600 * HOURS or self.size() > room):
                self.remove(one)


def _trashed(name: str) -> Trashed | None:
    if not (found := _NAME.fullmatch(name)):
        return None
    at, kind, of, number = found.groups()
    return Trashed(name, cast(TrashKind, kind), of, int(number or 0), float(at))
