"""Cameras of a worker that paints nothing, by a clock of one's own."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from styfie.errors import InputError
from styfie.web import cameras
from styfie.web.cameras import Camera, Cameras
from styfie.web.errors import BusyError, NotFoundError, WorkerDiedError
from tests.web.stubs import StubWorker

SETTINGS: dict[str, Any] = {"size": 64}


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(cameras, "time", SimpleNamespace(monotonic=lambda: clock.seconds))
    return clock


def used(**answers: Any) -> tuple[Cameras, StubWorker]:
    worker = StubWorker(**{"frame": b"painted"} | answers)
    return Cameras(worker, decoded), worker


async def decoded(frame: bytes, _most_pixels: int, size: int) -> tuple[bytes, int, int]:
    if not frame:
        raise InputError("no picture")
    return frame, 3 * size // 4, size


def test_the_rate_is_that_of_the_last_frames() -> None:
    camera = Camera({}, {})
    assert camera.rate == 0 and not camera.busy
    camera.times.append(5.0)
    assert camera.rate == 0, "one frame has no rate"
    camera.times.append(5.5)
    assert camera.rate == pytest.approx(2)
    camera.times.extend([6.0, 6.25, 6.5, 6.75, 7.0, 7.25, 7.5, 7.75])
    assert len(camera.times) == 8 and camera.rate == pytest.approx(4), "over the last eight, seven steps"
    camera.times.extend([8.0] * 8)
    assert camera.rate == pytest.approx(7000), "all at once: divided by no less than a millisecond"


def test_two_are_open_at_a_time_and_one_that_is_not_used_makes_room(now: SimpleNamespace) -> None:
    async def use() -> None:
        all_, worker = used()
        first, second = [await all_.open({}, SETTINGS) for _ in range(2)]
        assert first != second and len(first) == 22
        with pytest.raises(BusyError, match="2 cameras are open"):
            await all_.open({}, SETTINGS)
        now.seconds += 59
        await all_.frame(second, b"a frame", 10)
        now.seconds += 0.5
        await all_.sweep()
        await all_.frame(first, b"a frame", 10)
        now.seconds += 59.7
        await all_.sweep()
        with pytest.raises(NotFoundError):
            await all_.frame(second, b"a frame", 10)
        third = await all_.open({}, SETTINGS)
        assert await all_.frame(third, b"a frame", 10) == (b"painted", 0.0)
        assert [call for call, _ in worker.calls].count("camera_off") == 1

    asyncio.run(use())


def test_frames_come_back_with_their_rate(now: SimpleNamespace) -> None:
    async def use() -> None:
        all_, worker = used()
        name = await all_.open({"subject": {}}, {"size": 64})
        opened = worker.calls[-1]
        assert opened == ("camera", (name, {"subject": {}}, {"size": 64}))
        rates = []
        for _ in range(3):
            rates.append((await all_.frame(name, b"a frame", 10))[1])
            now.seconds += 0.25
        assert rates == pytest.approx([0, 4, 4])
        last = worker.calls[-1]
        assert last == ("frame", (name, b"a frame", 48, 64)), "what was decoded"
        with pytest.raises(InputError, match="no picture"):
            await all_.frame(name, b"", 10)
        assert worker.calls[-1] == last, "and nothing else"
        await all_.close(name)
        with pytest.raises(NotFoundError):
            await all_.close(name)

    asyncio.run(use())


def test_one_frame_after_the_other(now: SimpleNamespace) -> None:
    async def use() -> None:
        may = asyncio.Event()

        async def slow(*_: object) -> bytes:
            await may.wait()
            return b"painted"

        all_, _ = used(frame=slow)
        name = await all_.open({}, SETTINGS)
        first = asyncio.create_task(all_.frame(name, b"a frame", 10))
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="one after the other"):
            await all_.frame(name, b"a frame", 10)
        now.seconds += 3600
        await all_.sweep()  # one that is being painted is not idle
        may.set()
        assert (await first)[0] == b"painted"
        assert (await all_.frame(name, b"a frame", 10))[0] == b"painted"

    asyncio.run(use())


@pytest.mark.parametrize(
    ("error", "raised", "lives"),
    [
        (WorkerDiedError("It ended."), NotFoundError, False),
        (NotFoundError("Closed."), NotFoundError, False),
        (InputError("no picture"), InputError, True),
    ],
)
def test_a_camera_ends_with_its_worker_and_not_with_a_bad_frame(
    now: SimpleNamespace, error: Exception, raised: type[Exception], lives: bool
) -> None:
    async def use() -> None:
        def refuse(*_: object) -> None:
            raise error

        all_, worker = used(frame=refuse)
        name = await all_.open({}, SETTINGS)
        with pytest.raises(raised):
            await all_.frame(name, b"a frame", 10)
        worker.answers["frame"] = b"painted"
        if lives:
            assert (await all_.frame(name, b"a frame", 10))[0] == b"painted"
        else:
            with pytest.raises(NotFoundError, match="no such camera"):
                await all_.frame(name, b"a frame", 10)

    asyncio.run(use())


def test_one_that_cannot_be_painted_is_not_open() -> None:
    async def use() -> None:
        def refuse(*_: object) -> None:
            raise InputError("no such style")

        all_, worker = used(camera=refuse)
        for _ in range(3):
            with pytest.raises(InputError):
                await all_.open({}, SETTINGS)
        worker.answers["camera"] = None
        assert await all_.open({}, SETTINGS)

    asyncio.run(use())
