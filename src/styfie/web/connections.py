"""Connections that wait too long, or are too many: closed before anything of theirs is looked at.

uvicorn has no such limits: who sends half a request, or reads no answer, would hold a connection for ever.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from styfie.web.options import Options
from styfie.web.proxies import Trusted

LEAST_RATE = 1000.0  # bytes a second that a request comes with, on average, beyond the first seconds
READ_SECONDS = 60.0  # that a client may take to read 64 KB of an answer


def limited_protocol(options: Options) -> type[H11Protocol]:
    """The protocol of connections under the limits of `options`."""

    class Limited(LimitedConnection):
        patience = options.patience
        most, most_each = options.connections, options.connections_each
        trusted = Trusted(options.trusted_proxy)

    return Limited


class LimitedConnection(H11Protocol):
    """A connection on which each request comes within `patience` seconds, plus those that its bytes take.

    Beyond `most` connections, or `most_each` from one address that is no `trusted` proxy's, a new one is closed.
    """

    patience: float
    most: int
    most_each: int
    trusted: Trusted
    _deadline: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, or close it at once."""
        super().connection_made(transport)
        if len(self.connections) > self.most or self._siblings() > self.most_each:
            transport.abort()
            return
        self._wait(self.patience)

    def _siblings(self) -> int:
        """How many connections there are from this one's address; 0 if it is of a proxy, from which all come."""
        address = self.client and self.client[0]
        if not address or address in self.trusted:
            return 0
        clients = [getattr(one, "client", None) for one in self.connections]
        return sum(bool(client and client[0] == address) for client in clients)

    def data_received(self, data: bytes) -> None:
        """Take what came, and give what is still to come its time."""
        super().data_received(data)
        left = self._deadline.when() - self.loop.time() if self._deadline else self.patience
        self._stop_waiting()
        if self._is_coming():
            self._wait(left + len(data) / LEAST_RATE)

    def _is_coming(self) -> bool:
        """Whether a request has begun and not ended."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._close_late)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = None

    def _close_late(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # what came is not yet read: it is not the client that is slow
            self._wait(self.patience)
        elif self._is_coming() and not self._is_idle():
            self.transport.abort()

    def _is_idle(self) -> bool:
        """Whether nothing has come since the last answer: uvicorn itself closes what stays so."""
        return self.timeout_keep_alive_task is not None

    def pause_writing(self) -> None:
        """Wait until the client reads."""
        super().pause_writing()
        self._reading = self._reading or self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        self._stop_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_waiting()
        self._stop_reading()
        super().connection_lost(exc)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading.cancel()
        self._reading = None
