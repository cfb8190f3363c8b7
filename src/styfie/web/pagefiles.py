"""The page's files as they are sent: packed once, and cached by a name that changes with what is in them."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from styfie.web.messages import filled, message
from styfie.web.problem_response import problem_response
from styfie.web.problems import problem_of_status
from styfie.web.proxies import path_of

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
PACKED = (".html", ".css", ".js", ".svg", ".webmanifest")
INDEX = "index.html"
_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/)[^`])*\*/)[ \t]*\n", re.MULTILINE)
"""Lines of a script that say nothing to a browser: comments that stand alone."""
_REFERENCE = re.compile(r'\b(href|src)="([\w-]+\.(?:css|js|svg|webp|png))"')


class _File(NamedTuple):
    kind: str
    tag: str
    plain: bytes
    packed: bytes | None


class PageFiles:
    """An ASGI application of the files of `folder`: the page at `/`, all else below `/page/DIGEST/`.

    The digest is of all files together, as modules name each other: a browser may keep them for ever, and asks for
    others as soon as one has changed. They are read when the server starts, and the page's sentences filled in. The
    page names them by where they are from its own address, so that it may be below any path.
    """

    def __init__(self, folder: Path) -> None:
        found = {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.suffix in KINDS}
        self.digest = hashlib.sha256(b"".join(name.encode() + data for name, data in found.items())).hexdigest()[:12]
        if INDEX in found:
            page = filled(found[INDEX].decode())
            found[INDEX] = _REFERENCE.sub(rf'\1="page/{self.digest}/\2"', page).encode()
        for name in found:
            if name.endswith(".js"):
                found[name] = _COMMENT.sub("", found[name].decode()).encode()
        self.files = {name: _pack(name, data) for name, data in found.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        name, kept = self._name(path_of(scope))
        if (file := self.files.get(name)) is None:
            return problem_response(problem_of_status(404), message("error.no_page"))
        if scope["method"] not in ("GET", "HEAD"):
            return problem_response(problem_of_status(405), message("error.page_method"), {"allow": "GET, HEAD"})
        headers = {
            "cache-control": "private, max-age=31536000, immutable" if kept else "no-cache",
            "etag": file.tag,
            "vary": "accept-encoding",
        }
        asked = Headers(scope=scope)
        if file.tag in asked.get("if-none-match", ""):
            return Response(None, 304, headers)
        packs = file.packed is not None and "gzip" in asked.get("accept-encoding", "")
        if packs:
            headers["content-encoding"] = "gzip"
        return Response(file.packed if packs else file.plain, 200, headers, file.kind)

    def _name(self, path: str) -> tuple[str, bool]:
        """The file that a path means, and whether it may be kept for ever."""
        if path == "/":
            return INDEX, False
        prefix = f"/page/{self.digest}/"
        kept = path.startswith(prefix)
        return (path.removeprefix(prefix) if kept else path.removeprefix("/")), kept


def _pack(name: str, data: bytes) -> _File:
    suffix = Path(name).suffix
    packed = gzip.compress(data, 9, mtime=0) if suffix in PACKED else None
    return _File(KINDS[suffix], f'"{hashlib.sha256(data).hexdigest()[:20]}"', data, packed)
