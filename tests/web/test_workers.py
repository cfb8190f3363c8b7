from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from styfie.errors import InputError, StyfieError
from styfie.web.errors import DroppedError, FullError, TooLateError, WorkerDiedError
from styfie.web.workers import START, Worker


def with_worker(use: Callable[[Worker], Awaitable[Any]], **made: float) -> Any:
    """What is done with a worker, which is stopped then."""

    async def run() -> Any:
        worker = Worker("tests.web.tasks", **made)  # type: ignore[arg-type]
        worker.start()
        try:
            return await use(worker)
        finally:
            await worker.stop()

    return asyncio.run(run())


def test_answers_in_order_and_refuses_with_a_sentence(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def use(worker: Worker) -> None:
        assert await asyncio.gather(*(worker.call("double", n) for n in range(5))) == [0, 2, 4, 6, 8]
        with pytest.raises(InputError, match="not this one"):
            await worker.call("refuse")
        with pytest.raises(StyfieError, match="ZeroDivisionError") as raised:
            await worker.call("fault")
        assert "secret" not in str(raised.value)
        with pytest.raises(FullError, match="full"):
            await worker.call("fill")
        assert await worker.call("double", 4) == 8

    with_worker(use)
    assert "Traceback" not in capfd.readouterr().err
    assert "a secret" in caplog.text and "Traceback" in caplog.text, "for the log, and for nobody else"


def test_whatever_goes_wrong_in_between_who_asked_hears_of_it(caplog: pytest.LogCaptureFixture) -> None:
    """And the next one is served: what cannot be sent, and an answer that cannot be understood."""

    async def use(worker: Worker) -> None:
        for name, given in (("double", lambda: None), ("odd", 1)):
            with pytest.raises(WorkerDiedError):
                await worker.call(name, given)
            assert await worker.call("double", 2) == 4

    async def stopped(worker: Worker) -> None:
        await worker.stop()
        with pytest.raises(DroppedError):
            await worker.call("double", 2)

    with_worker(use)
    with_worker(stopped)
    assert "could not be asked of a worker" in caplog.text


def test_one_that_dies_is_replaced_and_others_do_not_notice() -> None:
    async def use(worker: Worker) -> None:
        before = await worker.call("process")
        dying, after = worker.call("die"), worker.call("process")
        found = await asyncio.gather(dying, after, return_exceptions=True)
        assert isinstance(found[0], WorkerDiedError)
        assert isinstance(found[1], int) and found[1] != before
        with pytest.raises(TooLateError, match=r"0\.2 seconds"):
            await worker.call("sleep", 60.0, seconds=0.2)
        assert await worker.call("double", 2) == 4

    with_worker(use)


def test_a_tasks_time_is_counted_from_its_beginning() -> None:
    """The process may be starting, for long on a busy computer: no photo is refused for that."""
    waited: list[float] = []

    class Line:
        def __init__(self, line: Any) -> None:
            self._line = line

        def __getattr__(self, name: str) -> Any:
            return getattr(self._line, name)

        def poll(self, seconds: float) -> bool:
            waited.append(seconds)
            return bool(self._line.poll(None if seconds else 0))

    async def use(worker: Worker) -> None:
        worker.connection = Line(worker.connection)  # type: ignore[assignment]
        assert await worker.call("double", 2, seconds=7.0) == 4

    with_worker(use)
    assert list(dict.fromkeys(seconds for seconds in waited if seconds)) == [START, 7.0]


def test_is_told_how_far_it_is_and_can_be_stopped() -> None:
    async def use(worker: Worker) -> None:
        on_event: list[int] = []

        def hear(number: int) -> None:
            on_event.append(number)
            if number == 3:
                worker.send("stop")

        last = await worker.call("count", on_event=hear)
        assert on_event == list(range(last + 1)) and last >= 3
        worker.send("stop")  # nobody is meant
        assert await worker.call("double", 1) == 2

    with_worker(use)


def test_what_an_owner_has_left_neither_runs_nor_waits() -> None:
    async def use(worker: Worker) -> None:
        first = asyncio.create_task(worker.call("sleep", 60.0, owner="a"))
        second = asyncio.create_task(worker.call("double", 1, owner="a"))
        third = asyncio.create_task(worker.call("double", 3, owner="b"))
        while worker.current is None:
            await asyncio.sleep(0.01)
        await worker.cancel("a", kill=True)
        with pytest.raises(WorkerDiedError):
            await first
        with pytest.raises(DroppedError):
            await second
        assert await third == 6

    with_worker(use)


def test_takes_no_more_memory_than_it_may_and_is_replaced_in_time() -> None:
    async def use(worker: Worker) -> None:
        assert await worker.call("hoard", 1 << 20) == 1 << 20
        with pytest.raises(StyfieError, match="memory"):
            await worker.call("hoard", 1 << 31)
        one, other = await worker.call("process"), await worker.call("process")
        assert one != other

    with_worker(use, memory=1 << 30, recycle=3)


def test_it_is_ready_when_its_process_serves_and_another_takes_the_place_of_one_that_died() -> None:
    async def use(worker: Worker) -> None:
        assert not worker.is_ready()
        await become(worker)
        before = await worker.call("process")
        assert worker.process
        worker.process.kill()
        worker.process.join()
        assert not worker.is_ready(), "nobody asked it anything, and it died"
        await become(worker)
        assert await worker.call("process") != before

    async def become(worker: Worker) -> None:
        for _ in range(1000):
            if worker.is_ready():
                return
            await asyncio.sleep(0.02)
        raise AssertionError

    with_worker(use)


def test_what_has_had_its_time_gives_what_there_is() -> None:
    async def use(worker: Worker) -> None:
        assert await worker.call("count_late", seconds=None) is True
        assert await worker.call("double", 2) == 4, "and the next one has its own"

    with_worker(use, budget=0.1)


def test_what_does_not_stop_then_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styfie.web.workers.STOPPING", 0.1)

    async def use(worker: Worker) -> None:
        with pytest.raises(WorkerDiedError):
            await worker.call("sleep", 300.0, seconds=None)
        assert await worker.call("double", 2) == 4

    with_worker(use, budget=0.1)
