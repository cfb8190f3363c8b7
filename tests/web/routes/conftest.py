"""The interface over a studio that paints nothing: what each route itself says, in no time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from styfie.web.app import make_app
from styfie.web.jobs import Job
from styfie.web.options import Options
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio, photo


@pytest.fixture
def studio(tmp_path: Path) -> StubStudio:
    return StubStudio(Options(tmp_path))


@pytest.fixture
def client(studio: StubStudio) -> Iterator[TestClient]:
    with TestClient(make_app(studio), base_url="http://localhost", raise_server_exceptions=False) as client:
        studio.reader.answers["thumbnail"] = lambda file, size: f"{Path(file).name} at {size}".encode()
        yield client


@pytest.fixture
def job(client: TestClient, studio: StubStudio) -> Job:
    """One that is ready."""
    answer = client.post(f"{API}/jobs", files={"photo": ("me.png", photo())}).json()
    while answer["state"] == "reading":
        answer = client.get(f"{API}/jobs/{answer['id']}").json()
    return studio.job(answer["id"])
