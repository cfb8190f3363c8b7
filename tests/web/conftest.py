"""One server for all tests: starting its workers takes seconds."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from styfie.gallery import BUILT_IN
from styfie.images import read_picture, to_image
from styfie.pipeline import PORTRAIT
from styfie.styles import load_style
from styfie.web.app import make_app
from styfie.web.options import Options
from styfie.web.studio import Studio

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that a successor of httpx is wanted
    from starlette.testclient import TestClient as TestClient

API = "/api/v1"
LOOKS = {"subject": {"styles": [{"name": "ink"}]}, "background": {"styles": [{"name": "waves"}]}}
FAST: dict[str, Any] = {"size": 96, "engine": "fast", "device": "cpu"}


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """A studio whose gallery is there already, small."""
    studio = Studio(Options(tmp_path_factory.mktemp("web"), threads=1))
    for name in BUILT_IN:
        to_image(read_picture(load_style(name, 48).picture, 48)).save(studio.drawn / f"{name}.png")
    return studio


@pytest.fixture(scope="session")
def client(studio: Studio) -> Iterator[TestClient]:
    """A client of a server that runs."""
    with TestClient(make_app(studio), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The portrait as a small JPEG."""
    file = tmp_path_factory.mktemp("photo") / "small.jpg"
    with Image.open(PORTRAIT) as image:
        image.resize((128, 128)).save(file, quality=100, subsampling=0)
    return file.read_bytes()


def post(client: TestClient, photo: bytes, **asked: Any) -> dict[str, Any]:
    """A job of a photo, as it is when it is posted."""
    data = {"request": json.dumps(asked)} if asked else {}
    answer = client.post(f"{API}/jobs", files={"photo": ("me.jpg", photo)}, data=data)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(client: TestClient, job: dict[str, Any], *states: str) -> dict[str, Any]:
    """The job when it is in one of these states, ready or at its end if none is named."""
    for _ in range(6000):
        found: dict[str, Any] = client.get(f"{API}/jobs/{job['id']}").json()
        if found["state"] in (states or ("ready", "done", "stopped", "failed")):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the job is still {found['state']}")


def folder_of(studio: Studio, job: dict[str, Any]) -> Path:
    """Where a job's files are."""
    return studio.jobs.folder / str(job["id"])
