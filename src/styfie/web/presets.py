"""Looks that were saved by name, one folder each: `look.json`, and `picture.jpg` of what it was saved from."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from styfie.errors import InputError
from styfie.web.atomic import write_whole
from styfie.web.errors import BusyError, NotFoundError
from styfie.web.jobs import ID
from styfie.web.lookfiles import LookFile
from styfie.web.messages import message

MAX_PRESETS = 200
LOOK, PICTURE = "look.json", "picture.jpg"


@dataclass(frozen=True)
class Preset:
    """A saved look: its id, what it is called, and the names of its styles by region."""

    id: str
    name: str
    styles: dict[str, list[str]]


class Presets:
    """The saved looks of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[Preset]:
        """All of them that can be read, the oldest first; what cannot be stays as it is."""
        if not self.folder.is_dir():
            return []
        found = [one for one in self.folder.iterdir() if ID.fullmatch(one.name) and (one / LOOK).is_file()]
        presets = []
        for folder in sorted(found, key=lambda one: ((one / LOOK).stat().st_mtime_ns, one.name)):
            try:
                presets.append(_preset(folder))
            except InputError:
                continue
        return presets

    def add(self, look: LookFile, picture: bytes | None) -> Preset:
        """Save one.

        Raises:
            BusyError: there are enough.
        """
        if len(self.all()) >= MAX_PRESETS:
            raise BusyError(message("error.presets", count=MAX_PRESETS))
        folder = self.folder / secrets.token_urlsafe(16)
        folder.mkdir(mode=0o700, parents=True)
        if picture is not None:
            write_whole(folder / PICTURE, picture)
        write_whole(folder / LOOK, look.model_dump_json().encode())  # the last: with it, it is one
        return _preset(folder)

    def file(self, name: str, which: str) -> Path:
        """A file of the saved look of that id.

        Raises:
            NotFoundError: there is none.
        """
        path = self.folder / name / which
        if not ID.fullmatch(name) or not path.is_file():
            raise NotFoundError(message("error.no_preset"))
        return path

    def path(self, name: str) -> Path:
        """The folder of the saved look of that id.

        Raises:
            NotFoundError: there is none.
        """
        return self.file(name, LOOK).parent


def _preset(folder: Path) -> Preset:
    look = LookFile.from_json((folder / LOOK).read_bytes(), LOOK)
    styles = {region: [style.name for style in one.styles] for region, one in look.looks.items() if one.styles}
    return Preset(folder.name, look.name, styles)
