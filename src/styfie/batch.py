"""Many photos: each is painted by itself, in worker processes, so that none can stop, slow or change another.

A photo gets the same number of threads however many are painted at a time, since sums of floats depend on it: its
pictures have the same bytes with any number of jobs and any neighbours. How many jobs there are is therefore nothing
that is asked of a painting, and no field of `Settings`.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from styfie import processes, stores
from styfie.errors import InputError, StyfieError
from styfie.outcomes import KINDS as REPORTED
from styfie.outcomes import Outcomes
from styfie.storage.atomic import folded

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.looks import Look
    from styfie.reading import Request
    from styfie.settings import Settings
    from styfie.shards import Shard

Pair = tuple[Path, Path]  # a photo, and the folder for what is made of it
DEVICE = re.compile(r"con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]", re.IGNORECASE)
KINDS = ("painted", "kept", "failed")  # of outcomes; in reports, which are of more than paintings, other words
PATIENCE = 5.0  # seconds that a worker has to leave nothing half-written when it is told to stop


@dataclass(frozen=True)
class Outcome:
    """What became of one photo: `painted`, `kept` from an earlier run that asked the same, or `failed` and why."""

    photo: Path
    folder: Path
    kind: Literal["painted", "kept", "failed"]
    reason: str = ""
    doubtful: tuple[str, ...] = ()


def find_photos(given: Sequence[Path]) -> list[Path]:
    """The photos named, and those in the folders named, in that order and by name, each once.

    Raises:
        InputError: a folder without pictures, or one that may not be looked into.
    """
    from styfie.images import SUFFIXES

    found: dict[str, Path] = {}
    for one in given:
        if url := stores.url_of(one):
            found |= {stores.url_of(photo) or url: photo for photo in _photos_at(one)}
            continue
        photos = [one]
        if os.path.isdir(one):  # noqa: PTH112 - Path's raises of some names
            inside = (p for p in _entries(one) if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
            photos = sorted(p for p in inside if os.path.isfile(p))  # noqa: PTH113 - likewise
            if not photos:
                raise InputError(f"There is no picture in the folder {one}.")
        for photo in photos:
            found.setdefault(os.path.realpath(photo), photo)
    return list(found.values())


def _photos_at(place: Path) -> list[Path]:
    """The photo at a URL, or those in the folder there, by name."""
    from styfie.images import SUFFIXES

    if place.suffix.lower() in SUFFIXES or not stores.is_folder(place):
        return [place]
    photos = [place / name for name in stores.files_in(place) if Path(name).suffix.lower() in SUFFIXES]
    if not (photos := [photo for photo in photos if not photo.name.startswith(".")]):
        raise InputError(f"There is no picture in the folder {stores.name_of(place)}.")
    return photos


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be looked into ({error.strerror}).") from None


def distinct_names(photos: Sequence[Path]) -> list[str]:
    """A name for what is made of each photo: its stem; its whole name where stems are shared; then numbered."""
    firsts = [_first_name(photo) for photo in photos]
    shared = Counter(folded(first) for first in firsts)  # where case is not told apart, results must not meet
    names: list[str] = []
    taken: set[str] = set()
    for photo, stem in zip(photos, firsts, strict=True):
        first = name = stem if shared[folded(stem)] == 1 else photo.name
        number = 1
        while folded(name) in taken:
            number += 1
            name = f"{first}-{number}"
        taken.add(folded(name))
        names.append(name)
    return names


def _first_name(photo: Path) -> str:
    """A photo's stem, or its whole name where the stem is dots alone: that would be a folder's own name.

    A name that is a device's on Windows, whatever follows its first dot, is no folder's there.
    """
    stem = photo.stem if photo.stem.strip(". ") else photo.name
    return f"{stem}-photo" if DEVICE.fullmatch(stem.partition(".")[0].strip()) else stem


def name_folders(photos: Sequence[Path], output: Path) -> list[Path]:
    """A folder of its own for each photo, called as `distinct_names` says."""
    return [output / name for name in distinct_names(photos)]


def paint_many(
    photos: Sequence[Path],
    output: Path,
    request: Request,
    jobs: int = 0,
    read: Iterable[Path] = (),
    shard: Shard | None = None,
) -> Generator[Outcome, None, None]:
    """Paint each photo into a folder of its own in `output`, `jobs` at a time, as many as fit the machine if 0.

    Outcomes come as they are ready. A photo that cannot be painted, or whose process dies, stops no other. One that was
    painted by the same request is kept, one that was begun is gone on with. To stop is to close the iterator.
    `read` are files that the request was made from, besides those that it names. Of a `shard` only its photos are
    painted, and their outcomes are written for `styfie report`.

    Raises:
        InputError, MissingError: what no photo could be painted with.
        OutputError: results could not be written, or would replace what is read; nothing is painted then.
    """
    pairs = pair_up(photos, output, request, read, shard)
    painted = _paint_here(pairs, request, jobs)
    yield from painted if shard is None else recorded(painted, pairs, Outcomes(output, shard))


def pair_up(
    photos: Sequence[Path], output: Path, request: Request, read: Iterable[Path] = (), shard: Shard | None = None
) -> list[Pair]:
    """The photos of a shard, of all of them if none, with their folders; checked as far as can be before painting.

    Folders are named after all photos, whatever the shard.

    Raises:
        InputError, MissingError, OutputError: as `paint_many`.
    """
    pairs = list(zip(photos, name_folders(photos, output), strict=True))
    if shard:
        pairs = shard.pick(pairs, lambda pair: pair[0].name)
    check(request)
    check_folders([folder for _, folder in pairs], request, [*photos, *read])
    return pairs


def recorded(
    painted: Generator[Outcome, None, None], pairs: Sequence[Pair], outcomes: Outcomes
) -> Generator[Outcome, None, None]:
    """The same outcomes, each written as it comes.

    Raises:
        OutputError: one cannot be written.
    """
    outcomes.begin([folder.name for _, folder in pairs])
    with closing(painted):
        for one in painted:
            more = {"reason": one.reason, "doubtful": list(one.doubtful)}
            said = {name: value for name, value in more.items() if value}
            outcomes.add(one.folder.name, REPORTED[KINDS.index(one.kind)], file=one.photo.name, **said)
            yield one


def _paint_here(pairs: Sequence[Pair], request: Request, jobs: int) -> Generator[Outcome, None, None]:
    """Paint by worker processes of this machine."""
    most, threads = share_of_machine(request.settings)
    waiting = list(pairs)[::-1]
    workers = [Worker(request, threads) for _ in range(min(jobs or most, len(waiting)))]
    busy = list(workers)
    try:
        for worker in busy:
            worker.give(*waiting.pop())
        while busy:
            ready = wait([worker.connection for worker in busy])
            for worker in [worker for worker in busy if worker.connection in ready]:
                yield worker.take()
                if waiting:
                    worker.give(*waiting.pop())
                else:
                    busy.remove(worker)
    finally:
        for worker in workers:
            worker.stop()


def check(request: Request) -> None:
    """Refuse at once what no photo could be painted with.

    Raises:
        InputError: a style, engine, encoder or segmenter that cannot be used; or masks, which are of one photo.
        MissingError: one that is not there.
    """
    from styfie.encoders import load_encoder
    from styfie.engines import load_engine
    from styfie.segmentation import load_segmenter
    from styfie.styles import resolve_looks

    if request.masks or request.regions or request.depth not in (None, "auto"):
        raise InputError("Masks and depth maps belong to one photo: name one photo, not several or a folder.")
    resolve_looks(request.looks, 64)  # small: only to see that they can be read
    settings = request.settings
    load_engine(settings.engine), load_encoder(settings.encoder), load_segmenter(settings.segmenter)


def check_folders(folders: Sequence[Path], request: Request, read: Sequence[Path]) -> None:
    """Refuse folders in which one photo's results would replace any of the photos, or what else is `read`.

    Raises:
        OutputError: such a folder, or one that cannot be written into.
    """
    from styfie.sources import check_folder, files_read, files_written

    known = [*read, *files_read(None, request)]
    for folder in folders:
        if not stores.url_of(folder):
            check_folder(folder, request, known)
    elsewhere = [folder for folder in folders if stores.url_of(folder)]
    stores.check_targets((target for one in elsewhere for target in files_written(one, request)), known)
    for place in {folder.parent for folder in elsewhere}:
        stores.check_writable(place)


def share_of_machine(settings: Settings) -> tuple[int, int]:
    """How many photos fit the machine's cores and memory at a time, and how many threads each then gets."""
    from styfie.devices import pick_device

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if pick_device(settings.device).type != "cpu":
        return 1, cores
    most = max(1, min(cores, int(_memory() / settings.max_memory)))
    return most, cores // most


def _memory() -> float:
    """Gigabytes of the machine."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (AttributeError, ValueError, OSError):  # Windows does not say it so: the cores decide
        return math.inf


class Worker:
    """A process that paints one photo after another; it is replaced by a new one if it dies."""

    def __init__(self, request: Request, threads: int) -> None:
        self.request, self.threads, self.busy = request, threads, False
        self._start()

    def _start(self) -> None:
        # Pickled here: multiprocessing would send tensors through shared memory, of which containers have little.
        self.process, self.connection = processes.start(_work, pickle.dumps(self.request), self.threads)

    def give(self, photo: Path, folder: Path) -> None:
        """Send it the next photo."""
        self.photo, self.folder, self.busy = photo, folder, True
        try:
            self.connection.send((photo, folder))
        except OSError:  # it died while it had nothing to do
            self.stop()
            self._start()
            self.connection.send((photo, folder))

    def take(self) -> Outcome:
        """What became of its photo."""
        self.busy = False
        try:
            outcome: Outcome = self.connection.recv()
        except (EOFError, OSError):
            self.stop()
            code = self.process.exitcode
            self._start()
            reason = f"its process ended with code {code}; if memory was short, fewer --jobs or less --max-memory help"
            return Outcome(self.photo, self.folder, "failed", reason)
        return outcome

    def stop(self) -> None:
        """End it; what it had begun is taken up by the next run."""
        self.connection.close()  # one that has nothing to do then ends by itself
        processes.end(self.process, PATIENCE, terminate=self.busy)


def _work(connection: Connection, pickled: bytes, threads: int) -> None:
    """Paint the photos that come until the connection ends."""
    processes.use_threads(threads)
    request: Request = pickle.loads(pickled)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as an exception, which cleans up what is half-written
    looks = LooksCache(request)
    parent = multiprocessing.parent_process()

    def leave_if_alone(_progress: Progress) -> None:
        if parent and not parent.is_alive():
            sys.exit()  # killed: the same command, started again, must not meet this process

    while True:
        try:
            photo, folder = connection.recv()
        except EOFError:
            return
        connection.send(paint_one(photo, folder, request, looks, leave_if_alone))


class LooksCache:
    """The style pictures at the size that was wanted last: most photos of a run want the same."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.longest, self.looks = 0, dict[str, "Look"]()

    def at(self, longest: int) -> dict[str, Look]:
        """The looks with their pictures, at most `longest` pixels."""
        from styfie.styles import resolve_looks

        if longest != self.longest:
            self.longest, self.looks = longest, resolve_looks(self.request.looks, longest)
        return self.looks


def paint_one(
    photo: Path, folder: Path, request: Request, looks: LooksCache, on_progress: Callable[[Progress], None]
) -> Outcome:
    """What became of one photo, in whatever process this is; each of the two paths may be a URL.

    `on_progress` raises what is no `Exception` to stop it.
    """
    from styfie.pipeline import is_painted, paint_into
    from styfie.reading import SourcePhoto
    from styfie.staging import staged

    try:
        with staged(photo, folder) as place:
            source = SourcePhoto(place.source)  # decoded once for all that follows
            longest = max(source.at(request.settings.size).shape[-2:])
            asked = replace(request, looks=looks.at(longest))
            if is_painted(place.folder, source, asked):
                return Outcome(photo, folder, "kept")

            def keep_on(progress: Progress) -> None:
                on_progress(progress)
                place.keep()

            painting, _ = paint_into(place.folder, source, asked, on_progress=keep_on)
    except StyfieError as error:
        return Outcome(photo, folder, "failed", str(error).rstrip("."))
    except Exception as error:  # a fault of this program's must not stop the other photos
        return Outcome(photo, folder, "failed", f"unexpected {type(error).__name__}: {error}")
    return Outcome(photo, folder, "painted", doubtful=tuple(painting.regions.doubtful))
