"""Behind nginx below a path, with the configuration that `docs/service.md` has."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from styfie.web.options import Options
from tests.documents import blocks
from tests.web.served import serving
from tests.web.stubs import StubStudio, photo

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]
TOKEN, HOST = "a-token-of-this-test", "pictures.example.org"
(CONFIG,) = (block.text for block in blocks("docs/service.md") if block.title == "styfie.conf")
AROUND = """
{user} daemon off; worker_processes 1; pid {place}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
    {server}
}}
"""


@pytest.fixture(autouse=True)
def no_network() -> None:
    """This computer's own is wanted here."""


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Iterator[httpx.Client]:
    """A client of nginx, as a browser has it that was never here."""
    place = tmp_path_factory.mktemp("nginx")
    options = Options(
        place / "jobs", token=TOKEN, base_path="/styfie", allow_host=(HOST,), trusted_proxy=("127.0.0.1",)
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        front = free.getsockname()[1]
    with serving(StubStudio(options), lines.append) as port:
        server = CONFIG.replace("listen 80;", f"listen 127.0.0.1:{front};").replace(":8790", f":{port}")
        user = "user root;" if os.geteuid() == 0 else ""  # its workers read what is root's alone
        (place / "nginx.conf").write_text(AROUND.format(place=place, user=user, server=server))
        command = [str(NGINX), "-p", str(place), "-c", str(place / "nginx.conf")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(front)
                with httpx.Client(base_url=f"http://127.0.0.1:{front}/styfie/", headers={"host": HOST}) as client:
                    yield client
            finally:
                process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(500):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("nginx does not listen")


@pytest.fixture
def bearer() -> dict[str, str]:
    return {"authorization": f"Bearer {TOKEN}"}


def test_the_page_and_all_its_parts_are_below_the_path(client: httpx.Client) -> None:
    assert client.get("").status_code == 401
    entered = client.get("", params={"token": TOKEN})
    cookie = entered.headers["set-cookie"]
    assert entered.status_code == 303 and "Path=/styfie/;" in cookie and "Secure" not in cookie
    held = {"cookie": cookie.partition(";")[0]}
    address = urljoin(str(entered.url), entered.headers["location"])
    page = client.get(address, headers=held)
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    parts = [part for part in re.findall(r'(?:src|href)="([^"#:]+)"', page.text) if "." in part]
    assert len(parts) > 3
    for part in parts:
        assert client.get(urljoin(address, part), headers=held).status_code == 200, part


def test_a_photo_larger_than_nginx_takes_by_itself_becomes_a_job(
    client: httpx.Client, bearer: dict[str, str], lines: list[str]
) -> None:
    sent = photo().read() + bytes(2_000_000)
    answer = client.post("api/v1/jobs", files={"photo": ("me.png", sent)}, headers=bearer)
    assert answer.status_code == 201, answer.text
    where = urljoin(str(answer.url), answer.headers["location"])
    assert "/styfie/api/v1/jobs/" in where
    with client.stream("GET", f"{where}/events", headers=bearer) as events:
        assert answer.json()["id"] in next(events.iter_lines()), "and what happens to it comes at once"
    assert client.delete(where, headers=bearer).status_code == 200
    assert any("POST /api/v1/jobs 201" in line for line in lines)


def test_who_watches_over_it_needs_no_token(client: httpx.Client) -> None:
    assert [client.get(path).status_code for path in ("health", "ready")] == [200, 200]


def test_others_stay_outside(client: httpx.Client, bearer: dict[str, str]) -> None:
    for headers, status in (
        ({"host": "evil.example"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": f"https://{HOST}"}, 200),
    ):
        assert client.get("api/v1/jobs", headers=bearer | headers).status_code == status, headers


def test_its_description_says_where_it_is(client: httpx.Client, bearer: dict[str, str]) -> None:
    description = client.get("api/v1/openapi.json", headers=bearer).json()
    assert description["servers"] == [{"url": "/styfie"}]
