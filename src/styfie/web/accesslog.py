"""One line for each request, for who runs the server: nothing in it that was typed or sent, and no token.

    2026-03-01T09:30:00Z 192.168.1.7 POST /api/v1/jobs/{id}/styles 201 34 0.121

Time in UTC, who asked, method, route, status, bytes of the answer, seconds until its end. A route stands for all
addresses of its kind: ids open pictures, and names are those of users' files. `-` is an address at which there is
nothing, or the status of an answer that was never begun.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from styfie.web.proxies import path_of
from styfie.web.routes.common import API


class AccessLog:
    """Around an application: calls `write` with a line when a request has ended, however it ended."""

    def __init__(self, app: ASGIApp, write: Callable[[str], None]) -> None:
        self.app, self.write = app, write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, size, began = "-", 0, time.perf_counter()

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = str(message["status"])
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            client = (scope.get("client") or ("-",))[0]
            seconds = time.perf_counter() - began
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            with contextlib.suppress(OSError):  # nobody reads them any more
                self.write(f"{now} {client} {scope['method']} {_route_of(scope, status)} {status} {size} {seconds:.3f}")


def _route_of(scope: Scope, status: str) -> str:
    """The route of a request; of what was found and has none, which are files of the page's own, the path."""
    path, route = path_of(scope), getattr(scope.get("route"), "path", "")
    if not route:
        return (path or "/") if status < "4" and status != "-" else "-"
    is_below = path.startswith(f"{API}/") and not route.startswith(API)  # some versions of FastAPI leave it out
    return f"{API}{route}" if is_below else str(route)
