"""Background tasks that cannot end unnoticed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]
PAUSE = 5.0  # seconds before one that failed begins anew
_log = logging.getLogger(__name__)


class Supervisor:
    """Holds on to background tasks: what fails in them is logged, and what is to last begins anew."""

    def __init__(self, pause: float = PAUSE) -> None:
        self.pause = pause
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Work) -> None:
        """Do what comes to its end."""
        task = asyncio.create_task(self._once(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def keep_up(self, work: Work) -> None:
        """Do what never ends but by a fault, after which it is done once more."""

        async def again_and_again() -> None:
            while True:
                await self._once(work)
                await asyncio.sleep(self.pause)

        self.begin(again_and_again)

    async def stop(self) -> None:
        """Cancel all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _once(self, work: Work) -> None:
        try:
            await work()
        except Exception:
            _log.exception("a background task failed")
