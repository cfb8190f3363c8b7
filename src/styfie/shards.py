"""A share of many things, chosen by name alone: machines that share a folder need not know of each other.

Each thing belongs to one shard by a hash of its name. Names that are added or go meanwhile move no other thing, so that
tasks of an array job which start hours apart do nothing twice and leave nothing out.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from styfie.errors import InputError
from styfie.storage.atomic import folded

Thing = TypeVar("Thing")
SLURM, BATCH = "SLURM_ARRAY_TASK", "AWS_BATCH_JOB_ARRAY"


@dataclass(frozen=True)
class Shard:
    """Shard `number`, from 1, of `count`; `source` is the variable of an array job that it was read from, if any.

    Raises:
        InputError: there is no such shard.
    """

    number: int
    count: int
    source: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise InputError(f"The shard {self} came: I/N is wanted, with I from 1 to N.")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """A shard as `I/N` says.

        Raises:
            InputError: something else.
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
        if not found:
            raise InputError(f"The shard {text!r} came: I/N is wanted, such as 2/4, with I from 1 to N.")
        return cls(int(found[1]), int(found[2]))

    def holds(self, name: str) -> bool:
        """Whether what is called so is of this shard; names that some file systems take for one are one."""
        digest = hashlib.sha256(folded(name).encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.number - 1

    def pick(self, things: Sequence[Thing], name: Callable[[Thing], str]) -> list[Thing]:
        """Those of this shard, in their order."""
        return [one for one in things if self.holds(name(one))]


def shard_of_job(environment: Mapping[str, str] = os.environ) -> Shard | None:
    """The shard that a task of an array job of Slurm's or AWS Batch's is to do; none outside of one.

    Slurm: https://slurm.schedmd.com/job_array.html, whose tasks may be numbered from any number on and in steps.
    AWS Batch: https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html, from 0 on.

    Raises:
        InputError: the numbers of Slurm's tasks are not evenly spaced, so that they do not say which shard is whose.
    """
    if (index := environment.get(f"{BATCH}_INDEX")) and (size := environment.get(f"{BATCH}_SIZE")):
        return Shard(int(index) + 1, int(size), f"{BATCH}_INDEX")
    if not (task := environment.get(f"{SLURM}_ID")):
        return None
    said = {name: int(environment.get(f"{SLURM}_{name}") or 0) for name in ("MIN", "MAX", "STEP", "COUNT")}
    first, last, step = said["MIN"], said["MAX"], said["STEP"] or 1
    count = said["COUNT"] or (last - first) // step + 1
    number, rest = divmod(int(task) - first, step)
    if rest or number >= count or (last - first) // step + 1 != count:
        raise InputError(
            f"Task {task} of {count} from {first} to {last} came: evenly numbered tasks are wanted, as of "
            f"--array=0-{count - 1}, or --shard I/N."
        )
    return Shard(number + 1, count, f"{SLURM}_ID")
