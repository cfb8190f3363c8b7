"""One folder a job: the photo as it was sent, `painting.ora` when there is one, and a small `job.json`.

job.json       what the job is and what is asked
upload.EXT     the photo as it was sent
read.png       the same, decoded, upright and at most as large as may be painted: what all others read
photo.jpg      the same, upright and small; growing.jpg is the painting so far
first.jpg      the first small sketch, seen while the photo is still looked at
before-N.ora   regions before they were changed, after-N.ora those that were taken back
regions.ora    photo, regions and looks as they are before painting; preview.ora the same, painted in one pass
style-N.png    style pictures that were sent
unfinished.ora, painting.ora, both.png, …   what `styfie paint` writes
.coming        the photo is still being received: nobody was told yet that there is such a job
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from styfie.errors import StyfieError
from styfie.fields import Part, names_of
from styfie.looks import Look
from styfie.web.atomic import write_whole
from styfie.web.problems import problem_of
from styfie.web.rewording import of_page
from styfie.web.stored import UnreadableError, from_text, to_text

_log = logging.getLogger(__name__)
JobState = Literal["reading", "ready", "queued", "painting", "done", "stopped", "failed"]
ID = re.compile(r"[A-Za-z0-9_-]{22}")
FILE = "job.json"
COMING = ".coming"
READ = "read.png"
PHOTO = "photo.jpg"  # upright and small
FIRST = "first.jpg"  # a small sketch of all of it, seen until there is more
GROWING, LONGEST = "growing.jpg", 768  # the picture that grows, and the longest side of it in pixels
BUSY = ("reading", "queued", "painting")
BEFORE, AFTER = "before", "after"  # states of the regions that can be had back


def region_states(folder: Path, which: str) -> list[Path]:
    """Regions before or after the present ones, in the order of their numbers: the last is the nearest."""
    return sorted(folder.glob(f"{which}-*.ora"), key=lambda file: int(file.stem.rpartition("-")[2]))


@dataclass(frozen=True)
class ResultRequest:
    """What is asked of a job, for what shows it: looks, the job's own styles, settings, and where the gallery is drawn.

    `painted` are the regions whose layer in the painting is still of what is asked, `sketched` those whose layer in the
    preview is: of all others there is nothing but the photo.
    """

    looks: dict[str, Any]
    own: dict[str, str]
    settings: dict[str, Any]
    drawn: str
    painted: tuple[str, ...] = ()
    sketched: tuple[str, ...] = ()


@dataclass
class Job:
    """What is known of one job; `created` is in seconds since 1970, `used` in those of a `RunningClock`.

    `name` is what the photo was called where it came from, `batch` what it has in common with photos that came
    together with it, `looks_version` and `regions_version` the versions in which its looks and its regions were changed
    last, `trashed_styles` the names of its styles in the trash, by their files. `error` is the sentence that says why
    it failed, `error_code` the code of it.

    `more` is what another version of Styfie has written down of it, and this one does not know.
    """

    id: str
    upload: str = ""
    name: str = ""
    state: JobState = "reading"
    note: str = ""
    error: str = ""
    error_code: str = ""
    created: float = field(default_factory=time.time)
    used: float = -1.0
    width: int = 0
    height: int = 0
    regions: list[dict[str, Any]] = field(default_factory=list)
    corrected: bool = False
    looks: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    styles: dict[str, str] = field(default_factory=dict)
    trashed_styles: dict[str, str] = field(default_factory=dict)
    then_paint: bool = False
    batch: str = ""
    previews: int = 0
    parts: list[str] = field(default_factory=list)
    heads: dict[str, list[float]] = field(default_factory=dict)
    painted: list[str] = field(default_factory=list)
    painted_looks: dict[str, dict[str, Any]] = field(default_factory=dict)
    sketched_looks: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    looks_version: int = 0
    regions_version: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def fresh(self) -> list[str]:
        """Painted regions whose layer is still of what is asked: strength, colours and blur may have changed."""
        return [name for name in self.painted if self._is_of(name, self.painted_looks)]

    @property
    def sketched(self) -> list[str]:
        """Regions whose layer in the preview is of what is asked."""
        return [name for name in self.sketched_looks if self._is_of(name, self.sketched_looks)]

    def fail(self, error: StyfieError) -> None:
        """It could not be done: the sentence and the code that say why."""
        self.state, self.error, self.error_code = "failed", of_page(str(error)), problem_of(type(error)).code

    def wait(self, state: Literal["reading", "queued"]) -> None:
        """It is asked to be done, once more if it failed before."""
        self.state, self.error, self.error_code = state, "", ""

    def _is_of(self, name: str, made: dict[str, dict[str, Any]]) -> bool:
        return name in self.looks and name in made and _layer_of(self.looks[name]) == _layer_of(made[name])


_STORED = [field.name for field in fields(Job) if field.name != "more"]
_JOB: TypeAdapter[Job] = TypeAdapter(Job)


def _layer_of(look: dict[str, Any]) -> tuple[Any, ...]:
    """What a layer depends on; what a look of another version does not say is as by default."""
    names = names_of(Look, Part.PAINTING)
    return tuple(look.get(name, getattr(Look, name, None)) for name in names)


class Jobs:
    """The jobs of a folder, by id. Ids cannot be guessed, and nothing that a client says is ever part of a path.

    `notes` are sentences on folders that are set aside: they are no jobs as far as can be seen, and stay as they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
        self._jobs = {job.id: job for job in self._read()}

    def __iter__(self) -> Iterator[Job]:
        return iter(sorted(self._jobs.values(), key=lambda job: job.created, reverse=True))

    def get(self, name: str) -> Job | None:
        """The job of that id, if there is one."""
        return self._jobs.get(name)

    def new(self) -> Job:
        """A job with a folder of its own; it is not among the jobs until it is kept."""
        job = Job(secrets.token_urlsafe(16))
        self.path(job).mkdir(mode=0o700)
        (self.path(job) / COMING).touch()
        return job

    def path(self, job: Job) -> Path:
        """The job's folder."""
        return self.folder / job.id

    def keep(self, job: Job, new: bool = False) -> None:
        """Write what is known of a job, beside and renamed.

        Raises:
            OSError: a `new` one cannot be: nobody was told of it yet. Any other lives on in memory.
        """
        folder = self.path(job)
        values = {name: getattr(job, name) for name in _STORED}
        try:
            write_whole(folder / FILE, to_text(values, job.more).encode())
            (folder / COMING).unlink(missing_ok=True)
        except OSError as error:  # a full disk must not end the server
            if new:
                raise
            _log.warning("%s cannot be written: %s", folder / FILE, error.strerror or error)
        self._jobs[job.id] = job

    def add(self, name: str) -> Job:
        """The job whose folder has come back, which is there again.

        Raises:
            UnreadableError: it cannot be read, and is left as it is.
        """
        self._jobs[name] = job = _job_of(self.folder / name)
        return job

    def forget(self, job: Job) -> None:
        """It is there no more; its files go with `remove`, or into the trash."""
        self._jobs.pop(job.id, None)

    def remove(self, job: Job) -> None:
        """Everything of a job."""
        self.forget(job)
        shutil.rmtree(self.path(job), ignore_errors=True)

    def size(self, job: Job) -> int:
        """Bytes that a job takes, also while files come and go."""
        total = 0
        for folder, _, files in os.walk(self.path(job)):
            for file in files:
                with contextlib.suppress(OSError):
                    total += (Path(folder) / file).lstat().st_size
        return total

    def surplus(self, jobs: list[Job], now: float, hours: float, gigabytes: float) -> list[Job]:
        """Those of `jobs` that were not used for so long, and the longest unused while all take too much."""
        oldest = sorted(jobs, key=lambda job: job.used)
        gone = [job for job in oldest if now - job.used > 3600 * hours]
        sizes = {job.id: self.size(job) for job in list(self._jobs.values())}
        total = sum(sizes.values()) - sum(sizes.get(job.id, 0) for job in gone)
        for job in oldest[len(gone) :]:
            if total <= 1e9 * gigabytes:
                break
            total -= sizes.get(job.id, 0)
            gone.append(job)
        return gone

    def _read(self) -> Iterator[Job]:
        """Those on disk. Nothing that cannot be read is ever deleted: it is set aside, and said."""
        for folder in sorted(self.folder.iterdir()):
            if not ID.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
                continue
            if (folder / COMING).exists() and not os.path.lexists(folder / FILE):
                shutil.rmtree(folder, ignore_errors=True)  # the server was killed before anybody was told of it
                continue
            try:
                yield _job_of(folder)
            except UnreadableError as error:
                self.notes.append(f"{folder} is left as it is, and is not among the pictures: {error}.")
                _log.warning("%s", self.notes[-1])


def _job_of(folder: Path) -> Job:
    """The job of a folder.

    Raises:
        UnreadableError: there is none as far as can be seen.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UnreadableError(f"its {FILE} is no text") from None
    except OSError as error:  # not there, or not to be read just now
        raise UnreadableError(f"its {FILE} cannot be read ({error.strerror or error})") from None
    try:
        values, more = from_text(text, _STORED)
        job = _JOB.validate_python(values)
    except UnreadableError as error:
        raise UnreadableError(f"its {FILE} cannot be read ({error})") from None
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UnreadableError(f"its {FILE} cannot be read (its {where} cannot be understood)") from None
    if job.id != folder.name:
        raise UnreadableError(f"its {FILE} is of another job")
    job.more = more
    return job
