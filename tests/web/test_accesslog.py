from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from styfie.web.accesslog import AccessLog
from styfie.web.app import make_app
from styfie.web.options import Options
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio, photo

TOKEN = "a-token-of-this-test"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ ([A-Z]+ \S+ (?:\d{3}|-)) (\d+) \d+\.\d{3}")


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def client(tmp_path: Path, lines: list[str]) -> Iterator[TestClient]:
    studio = StubStudio(Options(tmp_path, token=TOKEN, base_path="/below"))
    bearer = {"authorization": f"Bearer {TOKEN}"}
    with TestClient(make_app(studio, lines.append), base_url="http://localhost/below", headers=bearer) as client:
        studio.reader.answers["thumbnail"] = b"a picture"
        yield client


def test_a_line_for_each_request_and_nothing_secret_in_it(client: TestClient, lines: list[str]) -> None:
    job = client.post(f"{API}/jobs", files={"photo": ("holiday.png", photo())}).json()["id"]
    client.post(f"{API}/jobs/{job}/styles", files={"style": ("grandma.png", photo())})
    client.get(f"{API}/jobs/{job}/styles/grandma.png.jpg")
    client.get(f"/?token={TOKEN}", follow_redirects=False)
    client.get("/page.css")
    client.get("/grandma.png")
    client.cookies.clear()
    client.get(f"{API}/jobs/{job}", headers={"authorization": "Bearer wrong"})
    client.get("/health")
    assert [LINE.fullmatch(line)[1] for line in lines] == [  # type: ignore[index]
        f"POST {API}/jobs 201",
        f"POST {API}/jobs/{{id}}/styles 201",
        f"GET {API}/jobs/{{id}}/styles/{{name}}.jpg 200",
        "GET / 303",
        "GET /page.css 200",
        "GET - 404",
        "GET - 401",
        "GET /health 200",
    ]
    assert not any(secret in line for line in lines for secret in (job, TOKEN, "grandma", "holiday", "wrong"))
    assert LINE.fullmatch(lines[2])[2] == str(len(b"a picture"))  # type: ignore[index]


def test_an_answer_that_fails_has_its_line_too(lines: list[str]) -> None:
    async def fails(*_: Any) -> None:
        raise ZeroDivisionError

    scope = {"type": "http", "method": "GET", "path": "/x", "client": None}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(AccessLog(fails, lines.append)(scope, None, None))  # type: ignore[arg-type]
    assert LINE.fullmatch(lines[0])[1] == "GET - -"  # type: ignore[index]
