"""Many photos on many machines by Ray: its workers hold the networks; paths go in, and outcomes come out.

A worker paints as one of `batch` does, with as many threads, so that its pictures have the same bytes. Photos and
results are read and written by the workers themselves: on shared disks, or in a store (`stores`). What is Ray's own is
left to it: which machine, how much of a GPU, whether machines are added (https://docs.ray.io/en/latest/cluster/).
"""

from __future__ import annotations

import os
import pickle
import re
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from styfie import processes, stores
from styfie.batch import PATIENCE, LooksCache, Outcome, Pair, paint_one, pair_up, recorded, share_of_machine
from styfie.errors import InputError, MissingError
from styfie.outcomes import Outcomes

if TYPE_CHECKING:
    from styfie.engines.progress import Progress
    from styfie.reading import Request
    from styfie.shards import Shard

TRIES = 3  # times that a photo is begun whose worker is lost each time, and that a place for a worker is asked for
OPTIONS = ("num_cpus", "num_gpus", "memory")  # Ray's, of what one worker takes
STORE = 80_000_000  # bytes of a local cluster's object store, about the least that Ray takes: no pixels go through it
LOST = "A worker died or was killed"  # what Ray prints among the outcomes; `_Workers._lost` sees to it
QUIET = 60.0  # seconds without any worker after which that is said
Say = Callable[[str], None]


@dataclass(frozen=True)
class Cluster:
    """A cluster of Ray's at an `address`, or a local one if that is empty, and what each worker takes of it.

    Raises:
        InputError: a text that names none.
    """

    address: str = ""
    options: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """`ray`, or `ray://HOST:PORT`; with `?num_gpus=0.25&num_cpus=2&memory=4e9`, Ray's options of a worker."""
        place, _, query = text.partition("?")
        if place != "ray" and not re.fullmatch(r"ray://[^/]+/?", place):
            raise InputError(f"--on {text} came: ray, or ray://HOST:PORT, is wanted.")
        try:
            options = {name: float(value) for name, value in parse_qsl(query, keep_blank_values=True)}
        except ValueError:
            options = {"": 0.0}
        if unknown := [name for name, value in options.items() if name not in OPTIONS or not 0 < value < float("inf")]:
            names = ", ".join(OPTIONS)
            raise InputError(f"--on {text} came: {names} with numbers above 0 are wanted, not {unknown[0]!r}.")
        return cls("" if place == "ray" else place, options)


class Painter:
    """What runs in a worker of Ray's: it paints one photo after the other, and keeps what it has loaded."""

    def __init__(self, pickled: bytes, threads: int, folder: str) -> None:
        processes.use_threads(threads)
        if os.path.isdir(folder):  # noqa: PTH112 - what styles and masks are named from
            os.chdir(folder)
        self.request: Request = pickle.loads(pickled)
        self.threads, self.looks, self.stopped = threads, LooksCache(self.request), threading.Event()

    def ready(self) -> int:
        """The process that this is; it answers once all is there."""
        return os.getpid()

    def paint(self, photo: str, folder: str) -> Outcome | None:
        """What became of a photo; nothing if it was told to stop."""
        processes.use_threads(self.threads)  # Ray calls from any of its threads, each of which has its own number

        def on_progress(_progress: Progress) -> None:
            if self.stopped.is_set():
                raise KeyboardInterrupt

        try:
            return paint_one(Path(photo), Path(folder), self.request, self.looks, on_progress)
        except KeyboardInterrupt:
            return None

    def stop(self) -> None:
        """Have what is being painted end soon, and leave nothing half-written."""
        self.stopped.set()


def paint_on_cluster(
    photos: Sequence[Path],
    output: Path,
    request: Request,
    cluster: Cluster,
    jobs: int = 0,
    read: Iterable[Path] = (),
    shard: Shard | None = None,
    on_note: Say = lambda _text: None,
) -> Generator[Outcome, None, None]:
    """Paint photos as `batch.paint_many` does, to the same bytes, by `jobs` workers of a cluster, as many as fit if 0.

    No worker has more than one photo at a time. A photo whose worker is lost is begun again by another, `TRIES` times
    in all; what it had begun is gone on with. Outcomes are written for `styfie report`.

    Raises:
        InputError, MissingError: no such cluster, or none of its workers starts; Ray is not there; or as `paint_many`.
        OutputError: as `paint_many`.
    """
    pairs = pair_up(photos, output, request, read, shard)
    ray = _ray()
    with _connected(ray, cluster):
        options, threads, count = _share(ray.cluster_resources(), cluster, request)
        workers = _Workers(ray, request, options, threads, on_note)
        painted = workers.paint(pairs, min(jobs or count, len(pairs)))
        yield from recorded(painted, pairs, Outcomes(output, shard))


@dataclass
class _Task:
    pair: Pair
    tries: int = 0


class _Workers:
    """The workers of one run, and what each is doing: a photo, or nothing yet while it starts."""

    def __init__(self, ray: Any, request: Request, options: Mapping[str, float], threads: int, on_note: Say) -> None:
        self.ray, self.on_note = ray, on_note
        self.make = ray.remote(max_concurrency=2, max_restarts=0, **options)(Painter)  # `stop` beside `paint`
        self.given = pickle.dumps(request), threads, str(Path.cwd())
        self.running: dict[Any, tuple[Any, _Task | None]] = {}
        self.failed_starts = 0

    def paint(self, pairs: Sequence[Pair], count: int) -> Generator[Outcome, None, None]:
        """Paint pairs by so many workers; outcomes as they are ready."""
        waiting = deque(_Task(pair) for pair in pairs)
        quiet = 0.0
        try:
            for _ in range(count):
                self._start()
            while waiting or any(task for _, task in self.running.values()):
                done, _ = self.ray.wait(list(self.running), num_returns=1, timeout=QUIET)
                if not done and not any(task for _, task in self.running.values()) and not quiet:
                    quiet = QUIET
                    self.on_note(f"No worker has started in {QUIET:g} seconds; the cluster has other work, or grows.")
                for ref in done:
                    if outcome := self._take(ref, waiting):
                        yield outcome
        finally:
            self._stop()

    def _start(self) -> None:
        worker = self.make.remote(*self.given)
        self.running[worker.ready.remote()] = worker, None

    def _take(self, ref: Any, waiting: deque[_Task]) -> Outcome | None:
        """What became of what a worker did, which then gets the next photo; a worker that is lost gets a successor."""
        worker, task = self.running.pop(ref)
        outcome: Outcome | None = None
        try:
            found = self.ray.get(ref)
            if task:
                photo, folder = task.pair  # as they were given
                outcome = replace(found, photo=photo, folder=folder)
        except self.ray.exceptions.RayTaskError as error:
            if task is None:
                return self._lost(worker, None, waiting, error)
            outcome = Outcome(*task.pair, "failed", f"unexpected {_first_line(error)}")
        except self.ray.exceptions.RayError as error:
            return self._lost(worker, task, waiting, error)
        if waiting:
            task = waiting.popleft()
            places = (str(one if stores.url_of(one) else one.absolute()) for one in task.pair)
            self.running[worker.paint.remote(*places)] = worker, task
        return outcome

    def _lost(self, worker: Any, task: _Task | None, waiting: deque[_Task], error: Exception) -> Outcome | None:
        self._kill(worker)
        outcome = None
        if task is None:
            self.failed_starts += 1
            if self.failed_starts >= TRIES and not self.running:
                raise InputError(
                    f"No worker could be started ({_first_line(error)}): the same Styfie is wanted on every machine."
                ) from error
        else:
            self.failed_starts = 0
            task.tries += 1
            if task.tries < TRIES:
                waiting.appendleft(task)
            else:
                why = "if memory was short, fewer --jobs or less --max-memory help"
                outcome = Outcome(*task.pair, "failed", f"its worker was lost {TRIES} times; {why}")
        if waiting and self.failed_starts < TRIES:
            self._start()
        return outcome

    def _stop(self) -> None:
        """End all workers; one that paints has a while to leave nothing half-written."""
        busy = [ref for ref, (_, task) in self.running.items() if task]
        for ref in busy:
            self.running[ref][0].stop.remote()
        if busy:
            self.ray.wait(busy, num_returns=len(busy), timeout=PATIENCE)
        for worker, _ in self.running.values():
            self._kill(worker)

    def _kill(self, worker: Any) -> None:
        self.ray.kill(worker)


def _share(resources: Mapping[str, float], cluster: Cluster, request: Request) -> tuple[dict[str, float], int, int]:
    """Ray's options of a worker, its threads, and how many workers fit a cluster of these resources now."""
    settings, options = request.settings, dict(cluster.options)
    cores, gpus = resources.get("CPU", 1.0), 0.0 if settings.device == "cpu" else resources.get("GPU", 0.0)
    most = resources.get("memory", float("inf")) / (options.get("memory") or settings.max_memory * 1e9)
    if gpus:
        share = options.setdefault("num_gpus", 1.0)
        most = min(most, gpus / share)
        options.setdefault("num_cpus", float(max(1, int(cores / max(1.0, gpus / share)))))
    options.setdefault("num_cpus", float(share_of_machine(replace(settings, device="cpu"))[1]))
    most = min(most, cores / options["num_cpus"])
    return options, max(1, int(options["num_cpus"])), max(1, int(most))


@contextmanager
def _connected(ray: Any, cluster: Cluster) -> Iterator[None]:
    """A connection to a cluster, or a local one that ends with the block; where a program has one, that is used.

    A job of a cluster (`ray job submit`) finds its own by `RAY_ADDRESS`.

    Raises:
        InputError: it cannot be reached.
    """
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody of what is painted here
    inside = os.environ.get("RAY_ADDRESS", "")
    if inside.startswith("http"):  # which is where jobs are given to, and no cluster's own
        inside = ""
    address = cluster.address or inside or "local"
    more = {"include_dashboard": False, "object_store_memory": STORE} if address == "local" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", **more)
    except (OSError, RuntimeError, ValueError, TimeoutError) as error:
        why = _first_line(error)
        raise InputError(f"The cluster {address} cannot be reached ({why}): start it, or name another.") from error
    try:
        yield
    finally:
        ray.shutdown()


def _ray() -> Any:
    """The package `ray`.

    Raises:
        MissingError: it is not there.
    """
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", LOST)  # read once, when Ray is imported
    try:
        import_module("ray.exceptions")  # which `ray` itself does not always bring in
        return import_module("ray")
    except ImportError:
        raise MissingError("Clusters need an optional part: pip install 'styfie[ray]'.") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
