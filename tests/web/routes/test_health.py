from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from styfie.web.service import ROOM
from tests.web.conftest import TestClient
from tests.web.stubs import StubStudio


def test_it_lives_and_can_work(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    found = client.get("/ready")
    assert (found.status_code, found.json()) == (200, {"status": "ready"})


def test_it_is_not_ready_before_its_workers_are(client: TestClient, studio: StubStudio) -> None:
    studio.painter.answers["is_ready"] = False
    found = client.get("/ready")
    assert (found.status_code, found.json()["code"]) == (503, "not-ready") and "workers" in found.json()["detail"]
    assert found.headers["retry-after"] and client.get("/health").status_code == 200


def test_nor_without_room_and_no_name_or_number_is_said(
    client: TestClient, studio: StubStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=ROOM - 1))
    little = client.get("/ready").json()["detail"]
    monkeypatch.undo()
    shutil.rmtree(studio.options.folder / "jobs")
    studio.options.folder.rename(studio.options.folder.with_name("elsewhere"))
    lost = client.get("/ready").json()["detail"]
    assert "room" in little and "cannot be written" in lost
    assert not any(letter in "/\\0123456789" for letter in little + lost)


def test_both_want_no_token_and_say_so(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for path in ("/health", "/ready"):
        assert paths[path]["get"]["security"] == []
    assert "503" in paths["/ready"]["get"]["responses"] and "503" not in paths["/health"]["get"]["responses"]
