"""What became of each of many things, as small files in a folder, from which `styfie report` tells of all shards.

`.outcomes/NAME.json` is one thing's outcome, and `.outcomes/shards/I-of-N.json` says which things a shard is to do.
Each is written by one process alone and replaced whole, so machines that share a folder need no locks.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from styfie import stores
from styfie.errors import InputError, MissingError, OutputError
from styfie.shards import Shard
from styfie.storage.atomic import reason

FOLDER = ".outcomes"
NAMES = 20  # of what is waiting that the text names
KINDS = ("done", "skipped", "failed", "waiting")


class Outcomes:
    """The outcomes of one shard's things, written into `output`; all of them are one shard where none is given."""

    def __init__(self, output: Path, shard: Shard | None = None) -> None:
        self.folder, self.shard = output / FOLDER, shard or Shard(1, 1)

    def begin(self, names: Sequence[str]) -> None:
        """Say what this shard is to do; what was said of other numbers of shards is no more.

        Raises:
            OutputError: it cannot be written.
        """
        place, own = self.folder / "shards", f"{self.shard.number}-of-{self.shard.count}.json"
        _write(place / own, {"names": list(names)})
        for other in _names_in(place):
            if not other.endswith(f"-of-{self.shard.count}.json"):
                _remove(place / other)

    def add(self, name: str, outcome: str, **more: Any) -> None:
        """Write one thing's outcome, `done`, `skipped` or `failed`, and what else is to be said of it.

        Raises:
            OutputError: it cannot be written.
        """
        _write(self.folder / f"{name}.json", {"name": name, "outcome": outcome, "shard": str(self.shard), **more})

    def of(self, name: str) -> Mapping[str, Any]:
        """What is written of one thing; nothing if there is none, or it cannot be read."""
        return _read(self.folder / f"{name}.json")


@dataclass(frozen=True)
class Report:
    """What became of all things of a folder: their outcomes by name, and the shards that have begun, of `count`."""

    outcomes: tuple[Mapping[str, Any], ...]
    begun: tuple[int, ...]
    count: int

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """How many were `done`, `skipped`, `failed`, and how many are `waiting`."""
        found = Counter(str(one["outcome"]) for one in self.outcomes)
        return {kind: found[kind] for kind in KINDS}

    @property
    def missing(self) -> tuple[int, ...]:
        """Shards of which nothing was seen yet."""
        return tuple(number for number in range(1, self.count + 1) if number not in self.begun)

    @property
    def complete(self) -> bool:
        """Whether every shard has begun, nothing waits, and nothing failed."""
        return not (self.missing or self.numbers["failed"] or self.numbers["waiting"])

    def as_record(self) -> dict[str, Any]:
        """All of it in plain types for JSON."""
        shards = {"count": self.count, "begun": list(self.begun), "missing": list(self.missing)}
        return {"total": len(self.outcomes), **self.numbers, "shards": shards, "outcomes": list(self.outcomes)}

    def as_text(self) -> str:
        """Lines such as `60 in 4 shards: 58 done, 0 skipped, 2 failed, 0 waiting`, and what failed and why."""
        numbers = ", ".join(f"{number} {kind}" for kind, number in self.numbers.items())
        lines = [f"{len(self.outcomes)} in {self.count} shard{'s' if self.count > 1 else ''}: {numbers}"]
        lines += [f"failed: {one['name']} ({one.get('reason', '')})" for one in self._of("failed")]
        if waiting := [str(one["name"]) for one in self._of("waiting")]:
            more = f" and {len(waiting) - NAMES} more" if len(waiting) > NAMES else ""
            lines.append(f"waiting: {', '.join(waiting[:NAMES])}{more}")
        if self.missing:
            lines.append(f"not begun: shard {', '.join(map(str, self.missing))} of {self.count}")
        return "\n".join(lines)

    def _of(self, kind: str) -> Iterable[Mapping[str, Any]]:
        return (one for one in self.outcomes if one["outcome"] == kind)


def read_report(output: Path) -> Report:
    """What became of all things whose results are in `output`, by name.

    Raises:
        InputError: nothing is written there of that.
    """
    folder = output / FOLDER
    shards: dict[int, list[str]] = {}
    count = 1
    for file in _names_in(folder / "shards"):
        number, _, of = file.removesuffix(".json").partition("-of-")
        if number.isdecimal() and of.isdecimal():
            shards[int(number)] = [str(name) for name in _read(folder / "shards" / file).get("names", ())]
            count = int(of)
    outcomes = (_read(folder / name) for name in _names_in(folder))
    found = {str(one["name"]): one for one in outcomes if one.get("outcome") in KINDS}
    if not shards and not found:
        raise InputError(
            f"There is no report in {stores.name_of(output)}: the --output of a run in shards, on a cluster or of "
            "several films is wanted."
        )
    for begun, names in shards.items():
        for name in names:
            found.setdefault(name, {"name": name, "outcome": "waiting", "shard": f"{begun}/{count}"})
    return Report(tuple(found[name] for name in sorted(found)), tuple(sorted(shards)), count)


def _names_in(folder: Path) -> list[str]:
    """The names of JSON files, in order."""
    if stores.url_of(folder):
        names = list(stores.files_in(folder))
    else:
        names = sorted(file.name for file in folder.glob("*.json"))
    return [name for name in names if name.endswith(".json")]


def _write(file: Path, value: Mapping[str, Any]) -> None:
    """Write JSON beside a file and rename it. It is not waited for: what a power cut takes is merely not told of."""
    data = (json.dumps(value, indent=1) + "\n").encode()
    if stores.url_of(file):
        stores.write(file, data)
        return
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"{file} cannot be written ({reason(error)}): free or change its folder.") from error


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(stores.read(file) if stores.url_of(file) else file.read_bytes())
    except (OSError, ValueError, MissingError):
        return {}
    return found if isinstance(found, dict) else {}


def _remove(file: Path) -> None:
    if stores.url_of(file):
        stores.remove(file)
    else:
        file.unlink(missing_ok=True)
