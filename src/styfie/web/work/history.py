"""Regions as they were before each change of them, to be had back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from styfie.errors import InputError
from styfie.web.atomic import replace_whole
from styfie.web.jobs import AFTER, BEFORE, region_states
from styfie.web.messages import message
from styfie.web.work.paintings import REGIONS, described, load
from styfie.web.workers import WorkerChannel

MAX_UNDO = 20  # changes that can be undone


def remember(folder: Path) -> None:
    """Keep the regions that are about to be changed; what was undone is then gone."""
    if not (folder / REGIONS).is_file():
        return
    for file in region_states(folder, AFTER):
        file.unlink()
    _push(folder, BEFORE)
    for file in region_states(folder, BEFORE)[:-MAX_UNDO]:
        file.unlink()


def forget(folder: Path) -> None:
    """Nothing can be undone: the regions have another size."""
    for file in region_states(folder, BEFORE) + region_states(folder, AFTER):
        file.unlink()


def step(_channel: WorkerChannel, folder: str, back: bool) -> list[dict[str, Any]]:
    """Undo the last change of the regions, or do it again; the regions as they are then."""
    here = Path(folder)
    source, into = (BEFORE, AFTER) if back else (AFTER, BEFORE)
    states = region_states(here, source)
    if not states:
        raise InputError(message("error.nothing_to_undo" if back else "error.nothing_to_redo"))
    load(states[-1])  # before anything is replaced by it
    _push(here, into)
    states[-1].replace(here / REGIONS)
    (here / REGIONS).touch()  # it is not the file that was read before
    return described(load(here / REGIONS).regions)


def _push(folder: Path, which: str) -> None:
    states = region_states(folder, which)
    number = int(states[-1].stem.rpartition("-")[2]) + 1 if states else 1
    beside = folder / f".{which}.part"
    shutil.copyfile(folder / REGIONS, beside)
    replace_whole(beside, folder / f"{which}-{number}.ora")
