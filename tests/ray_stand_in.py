"""What Ray does as far as `styfie.cluster` asks it to, in threads of this process: workers can be lost at will."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from types import SimpleNamespace
from typing import Any


class RayError(Exception):
    pass


class ActorDiedError(RayError):
    pass


class RayTaskError(RayError):
    pass


class _Method:
    def __init__(self, actor: _Actor, name: str) -> None:
        self.actor, self.name = actor, name

    def remote(self, *given: Any) -> Future[Any]:
        return self.actor.call(self.name, given)


class _Actor:
    def __init__(self, ray: Ray, kind: Callable[..., Any], given: Sequence[Any]) -> None:
        self.ray, self.dead = ray, threading.Event()
        self.threads = ThreadPoolExecutor(2)
        self.made = self.threads.submit(kind, *given)

    def __getattr__(self, name: str) -> _Method:
        return _Method(self, name)

    def call(self, name: str, given: Sequence[Any]) -> Future[Any]:
        answer: Future[Any] = Future()

        def run() -> None:
            try:
                if self.dead.is_set() or self.ray.loses(name, *given):
                    self.dead.set()
                    raise ActorDiedError("The actor died because its node has died.")
                found = getattr(self.made.result(), name)(*given)
            except RayError as error:
                answer.set_exception(error)
            except BaseException as error:
                answer.set_exception(RayTaskError(repr(error)))
            else:
                answer.set_result(found)

        self.threads.submit(run)
        return answer


class Ray:
    """The module, as it were; `loses` says whether a worker is lost when it is called so."""

    def __init__(self, cores: float = 2.0, loses: Callable[..., bool] = lambda *_: False) -> None:
        self.cores, self.loses = cores, loses
        self.exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
        self.addresses: list[str] = []
        self.options: dict[str, float] = {}
        self.killed = self.most = self.busy = 0

    def is_initialized(self) -> bool:
        return False

    def init(self, address: str, **more: Any) -> None:
        if address.startswith("ray://nowhere"):
            raise ConnectionError("ray client connection timeout")
        self.addresses.append(address)

    def shutdown(self) -> None:
        self.addresses.append("")

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": self.cores, "memory": 64e9}

    def remote(self, **options: float) -> Callable[[Callable[..., Any]], Any]:
        self.options = options
        return lambda kind: SimpleNamespace(remote=lambda *given: _Actor(self, kind, given))

    def wait(
        self, refs: Sequence[Future[Any]], num_returns: int, timeout: float
    ) -> tuple[list[Future[Any]], list[Future[Any]]]:
        self.most = max(self.most, len(refs))
        until = time.monotonic() + timeout
        while sum(ref.done() for ref in refs) < num_returns and time.monotonic() < until:
            wait_for([ref for ref in refs if not ref.done()], timeout, FIRST_COMPLETED)
        done = [ref for ref in refs if ref.done()][:num_returns]
        return done, [ref for ref in refs if ref not in done]

    def get(self, ref: Future[Any]) -> Any:
        return ref.result()

    def kill(self, actor: _Actor) -> None:
        actor.dead.set()
        self.killed += 1
