from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from styfie.web.guard import HEADERS, SMALL, Guard
from styfie.web.options import Options

TOKEN = "a-token-of-this-test"
ADDRESS = "http://192.168.1.7:8790"


async def measure(request: Request) -> PlainTextResponse:
    """How much came."""
    return PlainTextResponse(str(len(await request.body())))


def guarded(token: str | None = None, host: str = "127.0.0.1", most: int = 2000) -> Guard:
    app = Starlette(routes=[Route("/{path:path}", measure, methods=["GET", "POST"])])
    return Guard(app, Options(Path(), host, token=token, most_bytes=most))


async def ask(guard: Guard, method: str, url: str, **given: object) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=url) as client:
        return await client.request(method, url, **given)  # type: ignore[arg-type]


def answer(guard: Guard, url: str, method: str = "GET", **given: object) -> httpx.Response:
    import asyncio

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
        answer(guarded(), "http://localhost/", headers={"host": "evil.example"}),
        answer(guarded(TOKEN), "http://localhost/"),
    ):
        assert {name: found.headers[name] for name in HEADERS} == HEADERS
        assert "access-control-allow-origin" not in found.headers and found.headers["cache-control"] == "no-store"
    policy = HEADERS["content-security-policy"]
    assert "'unsafe" not in policy and "http" not in policy and "*" not in policy


def test_elsewhere_only_with_the_token() -> None:
    guard = guarded(TOKEN, "0.0.0.0")
    for given in ({}, {"authorization": "Bearer other"}, {"cookie": "styfie=x"}, {"authorization": f"Basic {TOKEN}"}):
        refused = answer(guard, f"{ADDRESS}/api/v1/jobs", headers=given)
        assert refused.status_code == 401 and "token" in refused.json()["detail"] and TOKEN not in refused.text
    for given in ({"authorization": f"Bearer {TOKEN}"}, {"cookie": f"a=b; styfie={TOKEN}"}):
        assert answer(guard, f"{ADDRESS}/api/v1/jobs", headers=given).status_code == 200
    assert (
        answer(guard, f"{ADDRESS}/", headers={"host": "evil.example", "cookie": f"styfie={TOKEN}"}).status_code == 421
    )


def test_the_address_with_the_token_lets_the_browser_in() -> None:
    guard = guarded(TOKEN, "0.0.0.0")
    entered = answer(guard, f"{ADDRESS}/?token={TOKEN}")
    assert entered.status_code == 303 and entered.headers["location"] == "/"
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert answer(guard, f"{ADDRESS}/", headers={"cookie": cookie.partition(";")[0]}).status_code == 200
    assert answer(guard, f"{ADDRESS}/?token=other").status_code == 401


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
