"""Who waits for jobs to change."""

from __future__ import annotations

import asyncio

HEARTBEAT = 15.0  # seconds
ALL = ""  # instead of an id: whoever waits for any job


class Watchers:
    """Wakes who waits for a job, known by its id."""

    def __init__(self) -> None:
        self.closing = False
        self._events: dict[str, asyncio.Event] = {}

    def wake(self, name: str) -> None:
        """It has changed, or is there no more."""
        if event := self._events.pop(name, None):
            event.set()

    def close(self) -> None:
        """Let go of everybody."""
        self.closing = True
        for event in self._events.values():
            event.set()

    async def wait(self, name: str) -> bool:
        """Return when it changes, or False after `HEARTBEAT`."""
        event = self._events.setdefault(name, asyncio.Event())
        try:
            await asyncio.wait_for(event.wait(), HEARTBEAT)
        except TimeoutError:
            return False
        return True
