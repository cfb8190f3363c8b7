"""The stream of what changes; the streams themselves are tried in `tests/web/test_changes.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio


def test_ids_are_events_and_silence_is_a_comment(
    client: TestClient, studio: StubStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def changed() -> AsyncIterator[str | None]:
        for name in ("one", None, "two"):
            yield name

    monkeypatch.setattr(studio, "watch_all", changed)
    found = client.get(f"{API}/events")
    assert found.headers["content-type"].startswith("text/event-stream")
    first, *lines = found.text.split("\n\n")
    assert first.startswith(":"), "whoever listens knows at once that it is open"
    assert lines == ["data: one", ": still here", "data: two", ""]
