"""Paintings of a job as they were, one folder each: nothing that was painted is lost by painting once more.

version-N/painting.ora, both.png, growing.jpg   the painting's own files: names for the same bytes on the disk
version-N/version.json                          what was asked, and is put back with it
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from styfie.web.atomic import replace_whole, write_whole
from styfie.web.jobs import GROWING, Job

MAX_VERSIONS = 12  # that are kept of a job: the oldest goes
NEEDED, FILES = "painting.ora", ("painting.ora", "both.png", GROWING)
PREFIX, ABOUT = "version-", "version.json"


@dataclass(frozen=True)
class Version:
    """What was asked when something was painted, and which regions were painted."""

    looks: dict[str, Any]
    settings: dict[str, Any]
    painted: list[str]


def numbers(folder: Path) -> list[int]:
    """The versions of a job's folder, the oldest first."""
    found = (one.name.removeprefix(PREFIX) for one in folder.glob(f"{PREFIX}*") if (one / ABOUT).is_file())
    return sorted(int(name) for name in found if name.isdecimal())


def folder_of(folder: Path, number: int) -> Path:
    """Where a version is."""
    return folder / f"{PREFIX}{number}"


def keep(folder: Path, job: Job, after: int = 0) -> int | None:
    """Keep what was just painted; its number, above `after`. None if there is no painting's file."""
    if not (folder / NEEDED).is_file():
        return None
    number = max([after, *numbers(folder)]) + 1
    into = folder_of(folder, number)
    shutil.rmtree(into, ignore_errors=True)  # of one that was begun, and not finished
    into.mkdir()
    for name in FILES:
        if (folder / name).is_file():
            _link(folder / name, into / name)
    about = Version(job.painted_looks, job.settings, job.painted)
    write_whole(into / ABOUT, json.dumps(asdict(about)).encode())  # the last: with it, it is one
    return number


def surplus(folder: Path) -> list[int]:
    """Versions that are more than are kept: the oldest."""
    return numbers(folder)[:-MAX_VERSIONS]


def styles_of(folder: Path) -> set[str]:
    """Names of the styles that the versions of a folder were painted with."""
    asked = [_about(folder, number).looks for number in numbers(folder)]
    return {style["name"] for looks in asked for look in looks.values() for style in look.get("styles", ())}


def _about(folder: Path, number: int) -> Version:
    return Version(**json.loads((folder_of(folder, number) / ABOUT).read_bytes()))


def put_back(folder: Path, number: int) -> Version:
    """Make a version the painting of the job again; what was asked then.

    Raises:
        FileNotFoundError: there is no such version, or no more.
    """
    source = folder_of(folder, number)
    about = _about(folder, number)
    for name in FILES:
        if (source / name).is_file():
            beside = folder / f".{name}.part"
            beside.unlink(missing_ok=True)
            _link(source / name, beside)
            replace_whole(beside, folder / name)
    os.utime(folder / NEEDED)  # it is not the file that was read before
    return about


def _link(source: Path, target: Path) -> None:
    """The same bytes by another name, as files are replaced and never written into; where that cannot be, a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
