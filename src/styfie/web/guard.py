"""Who is let in, and how much: host, origin, token and size of each request; headers of each answer."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import json
import socket
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from styfie.web.access import Access
from styfie.web.messages import message
from styfie.web.options import LOOPBACK, Options
from styfie.web.problems import MEDIA_TYPE, document, problem_of_status
from styfie.web.proxies import path_of

TOKEN_WANTED = message("error.token")
REMEMBERED = 400 * 86_400  # seconds that a browser keeps the cookie: as long as it may, for pages on a home screen
PROBES = ("/health", "/ready")  # answered to everybody, by whatever name: they tell nothing
SMALL = 1 << 20  # bytes of a request that sends no picture
DRAINED = 8  # times what is taken: so much is read and thrown away, so that the answer is heard
DRAINED_SECONDS = 5.0  # and for so long
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
INSECURE = {name: value for name, value in HEADERS.items() if name != "cross-origin-opener-policy"}
"""Those that browsers heed over plain http from another computer: of the other they complain."""


class OverrunError(Exception):
    """More was sent than is taken."""


class Guard:
    """Around the whole application: refuses before anything of a request is read."""

    def __init__(self, app: ASGIApp, options: Options, access: Access | None = None) -> None:
        self.app, self.options, self.access = app, options, access or Access(options)
        self.allowed = {name.lower().rstrip(".") for name in options.allow_host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def sent(answer: Message) -> None:
            if answer["type"] == "http.response.start":
                found = MutableHeaders(scope=answer)
                found.update(HEADERS if _is_secure(scope, headers) else INSECURE)
                found.setdefault("cache-control", "no-store")
            await send(answer)

        if path_of(scope) in PROBES:
            await self._limited(scope, receive, sent, headers)
            return
        refused = self._rejection(scope, headers)
        if refused is None and not path_of(scope):
            await _respond(sent, 303, headers=_go_to(f"{scope['root_path'].rpartition('/')[2]}/", scope))
            return
        if refused is None and (cookie := self._entering(scope)) is not None:
            await self._enter(sent, headers, cookie)
            return
        if refused is None:
            refused = self._unknown(scope, headers)
        if refused is not None:
            drained = await _drain(receive, self.options.most_bytes)
            await _refuse(sent, *refused, as_page=_wants_html(scope, headers), close=not drained)
            return
        await self._limited(scope, receive, sent, headers)

    def _rejection(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Another site's page may neither ask nor be asked by a name that was bent to here."""
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_allowed(host):
            return 421, message("error.host")
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return 403, message("error.foreign_page")
        site = headers.get("sec-fetch-site")
        if site in ("cross-site", "same-site") and path_of(scope).startswith("/api"):
            return 403, message("error.foreign_page")
        return None

    def _is_allowed(self, host: str) -> bool:
        """Whether a Host header names this server: a loopback name or an allowed one; if it is open, an address too."""
        name = _name_in(host)
        if name in LOOPBACK or name == self.options.host.lower() or name in self.allowed:
            return True
        if not self.access.is_open:
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
        if self.options.token is None or path_of(scope) != "/" or scope["method"] != "GET":
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if not self._fits(given):
            return None
        secure = "; Secure" if scope["scheme"] == "https" else ""
        where = f"Path={scope.get('root_path', '')}/; Max-Age={REMEMBERED}"
        return f"{_cookie_of(scope)}={self.options.token}; HttpOnly; SameSite=Strict; {where}{secure}"

    async def _enter(self, send: Send, headers: Headers, cookie: str) -> None:
        """Give a browser its cookie, and have it open the page without the token in the address.

        Where another site's page had the address, a page of our own goes on: what is redirected from there would come
        without the cookie.
        """
        given = [(b"set-cookie", cookie.encode())]
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            go_on = '<meta http-equiv="refresh" content="0; url=./">'
            await _respond(send, 200, _page(message("server.opening"), go_on), b"text/html", given)
        else:
            await _respond(send, 303, headers=[(b"location", b"./"), *given])

    def _unknown(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if self.options.token is None:
            return None
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        cookies: SimpleCookie = SimpleCookie()
        with contextlib.suppress(CookieError):
            cookies.load(headers.get("cookie", ""))
        held = cookies.get(_cookie_of(scope))
        if (held and self._fits(held.value)) or (kind.lower() == "bearer" and self._fits(bearer.strip())):
            return None
        return 401, TOKEN_WANTED

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.options.token or "").encode())

    async def _limited(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        """Pass on, as long as no more is sent than is taken."""
        small = headers.get("content-type", "").startswith("application/json")
        most = SMALL if small else self.options.most_bytes + SMALL
        on_event = headers.get("content-length", "0")
        too_large = 413, message("error.too_large", size=most // 10**6)
        if on_event.isdecimal() and int(on_event) > most:
            drained = await _drain(receive, DRAINED * most)
            await _refuse(send, *too_large, close=not drained)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            given = await receive()
            if given["type"] == "http.request":
                read += len(given.get("body", b""))
                if read > most:
                    raise OverrunError
            return given

        async def instead(answer: Message) -> None:
            if read <= most:  # or whatever the application says of a body that ended early is not what was wrong
                await send(answer)

        with contextlib.suppress(OverrunError):
            await self.app(scope, counted, instead)
        if read > most:
            drained = await _drain(receive, DRAINED * most)
            await _refuse(send, *too_large, close=not drained)


def _cookie_of(scope: Scope) -> str:
    """The name of the cookie: browsers send one server's cookies to those at all other ports of that computer, too."""
    return f"styfie-{(scope.get('server') or ('', 0))[1] or 0}"


def _is_secure(scope: Scope, headers: Headers) -> bool:
    """Whether browsers trust the connection: it is encrypted, or stays in one computer."""
    return scope["scheme"] == "https" or _name_in(headers.get("host", "")) in LOOPBACK


def _name_in(host: str) -> str:
    """The name or address in a Host header."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.strip("[]").lower().rstrip(".")


def _wants_html(scope: Scope, headers: Headers) -> bool:
    """Whether somebody reads the answer in a browser's window."""
    return "text/html" in headers.get("accept", "") and not path_of(scope).startswith("/api")


def _go_to(address: str, scope: Scope) -> list[tuple[bytes, bytes]]:
    """The header that sends a browser to another address with the same query."""
    query: bytes = scope["query_string"]
    return [(b"location", address.encode() + (b"?" + query if query else b""))]


async def _drain(receive: Receive, most: int) -> bool:
    """Read what is being sent and throw it away, as an answer before its end would not be heard; whether it ended."""
    read = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAINED_SECONDS):
            while read < most:
                given = await receive()
                read += len(given.get("body", b""))
                if given["type"] != "http.request" or not given.get("more_body", False):
                    return True
    return False


async def _refuse(send: Send, status: int, error: str, as_page: bool = False, close: bool = False) -> None:
    """Say in one sentence why not; with `close` whatever else is being sent is not waited for."""
    headers = [(b"connection", b"close")] if close else []
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    problem = json.dumps(document(problem_of_status(status), error)).encode()
    kind, body = (b"text/html", _page(error)) if as_page else (MEDIA_TYPE.encode(), problem)
    await _respond(send, status, body, kind, headers)


def _page(sentence: str, head: str = "") -> bytes:
    """A page of one sentence."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Styfie</title>{head}'
    return f"<!doctype html>{head}<p>{escape(sentence)}</p>".encode()


async def _respond(
    send: Send, status: int, body: bytes = b"", kind: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    kinds = [(b"content-type", kind)] if kind else []
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*kinds, *length, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})
