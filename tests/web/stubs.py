"""A studio whose workers only say that they did something: what it does itself is tried in no time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from PIL import Image

from styfie.web.jobs import Job
from styfie.web.options import Options
from styfie.web.schemas import PaintRequest
from styfie.web.studio import Studio
from styfie.web.workers import Worker


def region(name: str, area: float = 0.5) -> dict[str, Any]:
    return {"name": name, "side": name, "score": 1.0, "doubtful": False, "area": area}


BOTH = [region("subject"), region("background")]


class StubWorker(Worker):
    """Answers with what `answers` says of a function: a value, or a call that gives one."""

    def __init__(self, **answers: Any) -> None:
        super().__init__("nothing")
        self.answers = answers
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def start(self) -> None:
        pass

    async def call(self, name: str, *given: Any, **_more: Any) -> Any:
        self.calls.append((name, given))
        answer = self.answers.get(name)
        found = answer(*given) if callable(answer) else answer
        return await found if asyncio.iscoroutine(found) else found

    async def cancel(self, owner: str, kill: bool = False) -> None:
        pass

    async def stop(self) -> None:
        pass

    def is_ready(self) -> bool:
        return bool(self.answers.get("is_ready", True))


def painted(_folder: str, _upload: str, looks: dict[str, Any], *_: Any) -> dict[str, Any]:
    return {"finished": True, "painted": [name for name, look in looks.items() if look["styles"]], "regions": BOTH}


class StubStudio(Studio):
    """One that paints nothing."""

    reader: StubWorker
    interactive: StubWorker
    painter: StubWorker

    def _hire(self) -> None:
        self.reader = StubWorker(photo={"width": 8, "height": 8})
        self.interactive = StubWorker(find={"regions": BOTH, "note": "", "parts": [], "heads": {}}, preview=["subject"])
        self.painter = StubWorker(run=painted)

    async def _warm(self) -> None:
        pass


def using(folder: Path, use: Callable[[StubStudio], Awaitable[Any]], **options: Any) -> Any:
    """What is done with a studio of this folder, which is stopped then."""

    async def run() -> Any:
        studio = StubStudio(Options(folder, **options))
        await studio.start()
        try:
            return await use(studio)
        finally:
            await studio.stop()

    return asyncio.run(run())


def photo() -> io.BytesIO:
    held = io.BytesIO()
    Image.new("RGB", (8, 8)).save(held, "PNG")
    return io.BytesIO(held.getvalue())


async def posted(studio: Studio, **asked: Any) -> Job:
    """A job that is ready, or painted if that is asked."""
    job = await studio.post(photo(), PaintRequest.model_validate(asked) if asked else None)
    await until(lambda: job.state not in ("reading", "queued", "painting"))
    return job


async def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("this did not come true")
