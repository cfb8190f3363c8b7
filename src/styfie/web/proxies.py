"""Which address a browser asked for: below a path of its own, and behind proxies that may be believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from styfie.web.options import PATH, Options


class Trusted:
    """The addresses and networks of proxies that are believed."""

    def __init__(self, networks: Sequence[str]) -> None:
        self.networks = [ipaddress.ip_network(one) for one in networks]

    def __contains__(self, client: str) -> bool:
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self.networks)


class Addressed:
    """Around the whole application: each request as if it had come without a proxy.

    `root_path` is then where the application is below, for the browser, whether a proxy took that off the path or not;
    `path` is the whole, as Starlette wants it. X-Forwarded-Host and -Prefix are heeded from a trusted proxy alone, as
    are -For and -Proto, which uvicorn's own middleware reads.
    """

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self.base, self.trusted = options.base_path, Trusted(options.trusted_proxy)
        known: Any = ProxyHeadersMiddleware(app, list(options.trusted_proxy))  # type: ignore[arg-type]
        self.app: ASGIApp = known if options.trusted_proxy else app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            is_trusted = (scope["client"] or ("",))[0] in self.trusted
            scope = self._placed(scope, *(_forwarded(scope) if is_trusted else ("", "")))
        await self.app(scope, receive, send)

    def _placed(self, scope: Scope, host: str, prefix: str) -> Scope:
        """The same request at the `host` and below the `prefix` that a proxy says, and below the own path."""
        headers, root = scope["headers"], prefix + self.base
        if host:
            headers = [(b"host", host.encode("latin-1")), *(pair for pair in headers if pair[0] != b"host")]
        return {**scope, "headers": headers, "root_path": root, "path": _below(scope["path"], root, self.base)}


def _forwarded(scope: Scope) -> tuple[str, str]:
    """The host and the path that a proxy says it was asked for: the last of each, as every proxy adds its own."""
    headers = Headers(scope=scope)
    host, prefix = (
        ",".join(headers.getlist(f"x-forwarded-{name}")).rpartition(",")[2].strip() for name in ("host", "prefix")
    )
    prefix = prefix.rstrip("/")
    return host, prefix if PATH.fullmatch(prefix) else ""


def path_of(scope: Scope) -> str:
    """A request's path without what the application is below."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _below(path: str, root: str, base: str) -> str:
    """The path below `root`, whether a proxy took off all of that, or some, or nothing."""
    for known in (root, base):
        if known and (path == known or path.startswith(f"{known}/")):
            return root + path.removeprefix(known)
    return root + path
