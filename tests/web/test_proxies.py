"""Below a path and behind proxies: what is asked for, and what the browser is told of it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from styfie.errors import InputError
from styfie.web.app import make_app
from styfie.web.guard import Guard
from styfie.web.options import Options
from styfie.web.proxies import Addressed
from tests.web.conftest import TestClient
from tests.web.stubs import StubStudio

PROXY = "203.0.113.9"
TOKEN = "a-token-of-this-test"
SAID = {
    "x-forwarded-for": "198.51.100.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "paint.example.org",
    "x-forwarded-prefix": "/styfie",
}


def asked(path: str, headers: dict[str, str], client: str = PROXY, **options: Any) -> Any:
    """The request as the application has it, which is asked at the server's own address."""

    async def tell(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope)
        found = {"host": request.headers["host"], "client": scope["client"][0], "scheme": scope["scheme"]}
        await JSONResponse({**found, "path": scope["path"], "root": scope["root_path"]})(scope, receive, send)

    return answer(Addressed(tell, Options(Path(), **options)), path, headers, client).json()


def answer(app: Any, path: str, headers: dict[str, str], client: str = PROXY) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(client, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8790") as one:
            return await one.get(path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("trusted", [PROXY, "203.0.113.0/24"])
def test_a_trusted_proxy_is_believed(trusted: str) -> None:
    found = asked("/api/v1/jobs", SAID, trusted_proxy=(trusted,))
    assert found == {
        "host": "paint.example.org",
        "client": "198.51.100.7",
        "scheme": "https",
        "path": "/styfie/api/v1/jobs",
        "root": "/styfie",
    }


@pytest.mark.parametrize("options", [{}, {"trusted_proxy": ("203.0.113.8",)}])
def test_nobody_else_is(options: dict[str, Any]) -> None:
    found = asked("/api/v1/jobs", SAID, **options)
    assert found == {
        "host": "127.0.0.1:8790",
        "client": PROXY,
        "scheme": "http",
        "path": "/api/v1/jobs",
        "root": "",
    }


def test_the_last_proxy_is_heard_and_no_path_is_made_of_anything_else() -> None:
    many = {"x-forwarded-host": "evil.example, paint.example.org", "x-forwarded-prefix": "/a?b"}
    found = asked("/", many, trusted_proxy=(PROXY,))
    assert (found["host"], found["root"], found["path"]) == ("paint.example.org", "", "/")


@pytest.mark.parametrize(
    ("path", "prefix", "base", "found"),
    [
        ("/styfie/api", "", "/styfie", "/styfie/api"),  # passed on as it came
        ("/api", "", "styfie/", "/styfie/api"),  # a proxy took it off
        ("/styfie", "", "/styfie", "/styfie"),
        ("/styfied", "", "/styfie", "/styfie/styfied"),
        ("/b/api", "/a", "/b", "/a/b/api"),
        ("/a/b/api", "/a", "/b", "/a/b/api"),
        ("/api", "/a/", "", "/a/api"),
    ],
)
def test_the_path_is_the_browsers(path: str, prefix: str, base: str, found: str) -> None:
    given = {"x-forwarded-prefix": prefix} if prefix else {}
    assert asked(path, given, base_path=base, trusted_proxy=(PROXY,))["path"] == found


def test_what_is_no_path_and_no_address_is_refused() -> None:
    for path in ("/a b", "/a?b", "/a//b", "/é"):
        with pytest.raises(InputError, match="a path such as /styfie is wanted"):
            Options(Path(), base_path=path)
    with pytest.raises(InputError, match="an address or a network"):
        Options(Path(), trusted_proxy=("proxy.example.org",))


def test_the_cookie_is_the_paths_own_and_goes_over_tls_alone() -> None:
    options = Options(Path(), token=TOKEN, trusted_proxy=(PROXY,), allow_host=("paint.example.org",))
    entered = answer(Addressed(Guard(JSONResponse({}), options), options), f"/?token={TOKEN}", SAID)
    assert entered.status_code == 303
    assert {"Path=/styfie/", "Secure", "HttpOnly"} < set(entered.headers["set-cookie"].split("; "))
    where = urljoin(f"https://paint.example.org/styfie/?token={TOKEN}", entered.headers["location"])
    assert where == "https://paint.example.org/styfie/"


def test_a_name_that_a_proxy_says_must_be_allowed_too() -> None:
    options = Options(Path(), trusted_proxy=(PROXY,))
    assert answer(Addressed(Guard(JSONResponse({}), options), options), "/", SAID).status_code == 421


@pytest.mark.parametrize("taken_off", [False, True])
def test_page_and_interface_work_below_a_path(tmp_path: Path, taken_off: bool) -> None:
    app = make_app(StubStudio(Options(tmp_path, base_path="/my/styfie", token=TOKEN)))
    with TestClient(app, base_url="http://localhost") as client:

        def get(url: str, **given: Any) -> Any:
            assert url.startswith("http://localhost/my/styfie"), url
            return client.get(url.replace("/my/styfie", "") if taken_off else url, follow_redirects=False, **given)

        home = "http://localhost/my/styfie/"
        if not taken_off:
            moved = get(f"{home.rstrip('/')}?token={TOKEN}")
            assert urljoin("http://localhost/my/styfie", moved.headers["location"]) == f"{home}?token={TOKEN}"
        client.headers["cookie"] = get(f"{home}?token={TOKEN}").headers["set-cookie"].partition(";")[0]
        page = get(home).text
        for reference in re.findall(r'(?:href|src)="([\w./-]+)"', page):
            assert get(urljoin(home, reference)).status_code == 200, reference
        assert get(urljoin(home, "api/v1/styles")).status_code == 200
        described = get(urljoin(home, "api/v1/openapi.json")).json()
        assert described["servers"] == [{"url": "/my/styfie"}] and "/api/v1/jobs" in described["paths"]
        assert get(urljoin(home, "elsewhere")).status_code == 404
