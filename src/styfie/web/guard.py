"""Who is let in, and how much: host, origin, token and size of each request; headers of each answer."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from styfie.web.options import LOOPBACK, Options
from styfie.web.problems import MEDIA_TYPE, document, problem_of_status

COOKIE = "styfie"
SMALL = 1 << 20  # bytes of a request that sends no picture
DRAINED = 8  # times what is taken: so much is read and thrown away, so that the answer is heard
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}


class TooLargeError(Exception):
    """More was sent than is taken."""


class Guard:
    """Around the whole application: refuses before anything of a request is read."""

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self.app, self.options = app, options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found[name] = value
                found.setdefault("cache-control", "no-store")
            await send(message)

        refused = self._rejection(scope, headers)
        if refused is None and (cookie := self._entering(scope)) is not None:
            await _respond(sent, 303, None, [(b"location", b"/"), (b"set-cookie", cookie.encode())])
            return
        if refused is None:
            refused = self._unknown(headers)
        if refused is not None:
            await _drain(receive, self.options.most_bytes)
            await _respond(sent, *refused)
            return
        await self._limited(scope, receive, sent, headers)

    def _rejection(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Another site's page may neither ask nor be asked by a name that was bent to here."""
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_allowed(host):
            return 421, "This address is not the server's own: open the one that it printed."
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return 403, "Another site's page asked for this: only the server's own page may."
        site = headers.get("sec-fetch-site")
        if site in ("cross-site", "same-site") and scope["path"].startswith("/api"):
            return 403, "Another site's page asked for this: only the server's own page may."
        return None

    def _is_allowed(self, host: str) -> bool:
        """Whether a Host header names this server: a loopback name or, if it is open, an address or its own name."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        name = name.strip("[]").lower().rstrip(".")
        if name in LOOPBACK or name == self.options.host.lower():
            return True
        if self.options.token is None:
            return False
        own = socket.gethostname().lower()
        if name in (own, f"{own}.local"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # a name could be bent to here, an address cannot

    def _entering(self, scope: Scope) -> str | None:
        """The cookie for who opens the page by the address with the token."""
        if self.options.token is None or scope["path"] != "/" or scope["method"] != "GET":
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if not self._fits(given):
            return None
        return f"{COOKIE}={self.options.token}; HttpOnly; SameSite=Strict; Path=/"

    def _unknown(self, headers: Headers) -> tuple[int, str] | None:
        if self.options.token is None:
            return None
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        cookie: SimpleCookie = SimpleCookie()
        with contextlib.suppress(CookieError):
            cookie.load(headers.get("cookie", ""))
        held = cookie[COOKIE].value if COOKIE in cookie else ""
        if self._fits(held) or (kind.lower() == "bearer" and self._fits(bearer.strip())):
            return None
        return 401, "A token is wanted: open the address that the server printed, or send Authorization: Bearer TOKEN."

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.options.token or "").encode())

    async def _limited(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """Pass on, as long as no more is sent than is taken."""
        small = headers.get("content-type", "").startswith("application/json")
        most = SMALL if small else self.options.most_bytes + SMALL
        on_event = headers.get("content-length", "0")
        too_large = 413, f"More than {most // 10**6} MB were sent: a smaller file is wanted."
        if on_event.isdecimal() and int(on_event) > most:
            await _drain(receive, DRAINED * most)
            await _respond(send, *too_large)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > most:
                    raise TooLargeError
            return message

        async def instead(message: Message) -> None:
            if read <= most:  # or whatever the application says of a body that ended early is not what was wrong
                await send(message)

        with contextlib.suppress(TooLargeError):
            await self.app(scope, counted, instead)
        if read > most:
            await _drain(receive, DRAINED * most)
            await _respond(send, *too_large)


async def _drain(receive: Receive, most: int) -> None:
    """Read what is being sent and throw it away: an answer before its end would not be heard."""
    read = 0
    while read < most:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


async def _respond(
    send: Send, status: int, error: str | None, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    body = b"" if error is None else json.dumps(document(problem_of_status(status), error)).encode()
    kind = [] if error is None else [(b"content-type", MEDIA_TYPE.encode())]
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*kind, *length, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})
