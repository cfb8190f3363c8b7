from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from styfie.web.guard import HEADERS, SMALL, Guard
from styfie.web.options import Options
from styfie.web.proxies import Addressed

TOKEN = "a-token-of-this-test"
ADDRESS = "http://192.168.1.7:8790"


async def measure(request: Request) -> PlainTextResponse:
    """How much came."""
    return PlainTextResponse(str(len(await request.body())))


def guarded(token: str | None = None, host: str = "127.0.0.1", most: int = 2000, **more: Any) -> Addressed:
    app = Starlette(routes=[Route("/{path:path}", measure, methods=["GET", "POST"])])
    options = Options(Path(), host, token=token, most_bytes=most, **more)
    return Addressed(Guard(app, options), options)


async def ask(guard: Addressed, method: str, url: str, **given: object) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=url) as client:
        return await client.request(method, url, **given)  # type: ignore[arg-type]


def answer(guard: Addressed, url: str, method: str = "GET", **given: object) -> httpx.Response:
    return asyncio.run(ask(guard, method, url, **given))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1:8790", "[::1]:8790", "LOCALHOST:1"])
def test_loopback_by_any_of_its_names(name: str) -> None:
    assert answer(guarded(), f"http://{name}/api").status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example", "192.168.1.7", "127.0.0.1.nip.io", ""])
def test_names_that_were_bent_to_here_are_refused(name: str) -> None:
    refused = answer(guarded(), "http://localhost/api", headers={"host": name})
    assert refused.status_code == 421 and "address" in refused.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"origin": "http://localhost.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_pages_are_refused(headers: dict[str, str]) -> None:
    for method in ("GET", "POST"):
        assert answer(guarded(), "http://localhost:8790/api/v1/jobs", method, headers=headers).status_code == 403


def test_the_own_page_is_not() -> None:
    own = {"origin": "http://localhost:8790", "sec-fetch-site": "same-origin"}
    assert answer(guarded(), "http://localhost:8790/api/v1/jobs", "POST", headers=own).status_code == 200
    assert answer(guarded(), "http://localhost:8790/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_no_answer_without_the_headers_that_make_it_safe() -> None:
    for found in (
        answer(guarded(), "http://localhost/"),
        answer(guarded(), "http://localhost/", headers={"origin": "http://evil.example"}),
        answer(guarded(TOKEN), "http://localhost/"),
    ):
        assert {name: found.headers[name] for name in HEADERS} == HEADERS
        assert "access-control-allow-origin" not in found.headers and found.headers["cache-control"] == "no-store"
    for found in (answer(guarded(host="0.0.0.0"), ADDRESS), answer(guarded(TOKEN, host="0.0.0.0"), ADDRESS)):
        missing = {name for name in HEADERS if found.headers.get(name) != HEADERS[name]}
        assert missing == {"cross-origin-opener-policy"}, "which browsers complain of over plain http"
    policy = HEADERS["content-security-policy"]
    assert "'unsafe" not in policy and "http" not in policy and "*" not in policy


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_only_with_the_token(host: str) -> None:
    guard = guarded(TOKEN, host, allow_host=("192.168.1.7",))
    for given in (
        {},
        {"authorization": "Bearer other"},
        {"cookie": "styfie-8790=x"},
        {"authorization": f"Basic {TOKEN}"},
    ):
        refused = answer(guard, f"{ADDRESS}/api/v1/jobs", headers=given)
        assert refused.status_code == 401 and "address that Styfie printed" in refused.json()["detail"]
        assert TOKEN not in refused.text and refused.headers["www-authenticate"] == "Bearer"
    for given in ({"authorization": f"Bearer {TOKEN}"}, {"cookie": f"a=b; styfie-8790={TOKEN}"}):
        assert answer(guard, f"{ADDRESS}/api/v1/jobs", headers=given).status_code == 200
    bent = {"host": "evil.example", "cookie": f"styfie-8790={TOKEN}"}
    assert answer(guard, f"{ADDRESS}/", headers=bent).status_code == 421


def test_the_address_with_the_token_lets_the_browser_in() -> None:
    guard = guarded(TOKEN, "0.0.0.0")
    entered = answer(guard, f"{ADDRESS}/?token={TOKEN}")
    assert entered.status_code == 303 and entered.headers["location"] == "./"
    name, *parts = entered.headers["set-cookie"].split("; ")
    assert name == f"styfie-8790={TOKEN}" and {"HttpOnly", "SameSite=Strict", "Path=/"} < set(parts)
    assert "Secure" not in parts, "there is no TLS on a home network"
    assert answer(guard, f"{ADDRESS}/", headers={"cookie": name}).status_code == 200
    assert answer(guard, f"{ADDRESS}/?token=other").status_code == 401
    assert answer(guard, f"{ADDRESS}/api/v1/about?token={TOKEN}").status_code == 401, "in no other address"


def test_a_cookie_of_another_port_does_not_count_nor_harm() -> None:
    own, other = f"styfie-8790={TOKEN}", "styfie-9000=of-another-server"
    for cookies, status in ((f"{other}; {own}", 200), (f"styfie-9000={TOKEN}", 401), (other, 401)):
        assert answer(guarded(TOKEN), "http://127.0.0.1:8790/", headers={"cookie": cookies}).status_code == status


def test_a_link_on_another_site_lets_the_browser_in_by_a_page_of_our_own() -> None:
    """A strict cookie is not sent where another site's page redirects to."""
    url = f"http://127.0.0.1:8790/?token={TOKEN}"
    entered = answer(guarded(TOKEN), url, headers={"sec-fetch-site": "cross-site"})
    assert entered.status_code == 200 and 'http-equiv="refresh" content="0; url=./"' in entered.text
    assert f"styfie-8790={TOKEN}" in entered.headers["set-cookie"] and TOKEN not in entered.text


def test_who_opens_the_page_without_the_token_reads_what_to_do() -> None:
    seen = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    refused = answer(guarded(TOKEN), "http://127.0.0.1:8790/", headers=seen)
    assert refused.status_code == 401 and refused.headers["content-type"] == "text/html"
    assert "open the address that Styfie printed" in refused.text
    assert answer(guarded(TOKEN), "http://127.0.0.1:8790/api/v1/jobs", headers=seen).json()["detail"]


def test_other_names_only_if_they_are_allowed() -> None:
    guard = guarded(allow_host=("Styfie.example.org", "pc.local"))
    for name, status in (("styfie.example.org", 200), ("PC.local:8790", 200), ("other.example.org", 421)):
        assert answer(guard, "http://127.0.0.1:8790/", headers={"host": name}).status_code == status, name


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(0.01)


def test_what_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styfie.web.guard.DRAINED_SECONDS", 0.1)
    refused = answer(guarded(TOKEN), "http://127.0.0.1:8790/api/v1/jobs", "POST", content=endless())
    assert refused.status_code == 401 and refused.headers["connection"] == "close"
    ended = answer(guarded(TOKEN), "http://127.0.0.1:8790/api/v1/jobs", "POST", content=b"x" * 1000)
    assert ended.status_code == 401 and "connection" not in ended.headers


def test_no_more_is_read_than_is_taken() -> None:
    most = 2000 + SMALL

    async def in_pieces(count: int):  # type: ignore[no-untyped-def]
        for _ in range(count):
            yield b"x" * 1000

    url = "http://localhost/api"
    assert answer(guarded(), url, "POST", content=b"x" * most).text == str(most)
    for content in (b"x" * (most + 1), in_pieces(most // 1000 + 2)):
        refused = answer(guarded(), url, "POST", content=content)
        assert refused.status_code == 413 and "MB" in refused.json()["detail"]
    refused = answer(guarded(), url, "POST", content=b" " * (SMALL + 1), headers={"content-type": "application/json"})
    assert refused.status_code == 413


def test_probes_are_answered_to_everybody_and_say_no_token() -> None:
    guard = guarded(TOKEN, "0.0.0.0")
    for path in ("/health", "/ready"):
        assert answer(guard, f"{ADDRESS}{path}", headers={"host": "10.0.0.7.cluster.local"}).status_code == 200
    for path in ("/health/", "/healthy", "/api/v1/health"):
        assert answer(guard, f"{ADDRESS}{path}").status_code == 401, path
