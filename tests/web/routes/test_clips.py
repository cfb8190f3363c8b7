from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from styfie.web.clips import MAX_SECONDS, MAX_WAITING
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio, photo

MP4 = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 40
LOOK = {"looks": {"subject": {"styles": [{"name": "ink"}]}}, "settings": {"engine": "optimise", "steps": 3}}


def send(client: TestClient, clip: bytes = MP4, look: Any = LOOK, size: int = 96) -> Any:
    files = {"clip": ("me.mov", clip), "look": ("look.json", json.dumps(look).encode())}
    return client.post(f"{API}/clips", files=files, data={"size": str(size)})


def ended(client: TestClient, clip: str, *states: str) -> dict[str, Any]:
    for _ in range(400):
        found: dict[str, Any] = client.get(f"{API}/clips/{clip}").json()
        if found["state"] in states:
            return found
        time.sleep(0.01)
    raise AssertionError(found)


@pytest.fixture
def painted(studio: StubStudio) -> list[tuple[Any, ...]]:
    """What the painter was asked; it writes a film at once."""
    asked: list[tuple[Any, ...]] = []

    def film(folder: str, *given: Any) -> bool:
        asked.append(given)
        (Path(folder) / "film").mkdir(exist_ok=True)
        (Path(folder) / "film" / "clip.mp4").write_bytes(b"the film")
        return True

    studio.reader.answers["clip"] = {"width": 8, "height": 6, "frames": 5}
    studio.painter.answers["film"] = film
    return asked


def test_a_clip_in_and_a_film_out(client: TestClient, studio: StubStudio, painted: list[tuple[Any, ...]]) -> None:
    answer = send(client)
    assert answer.status_code == 201, answer.text
    clip = answer.json()["id"]
    found = ended(client, clip, "done")
    assert (found["name"], found["frames"], found["width"], found["height"]) == ("me.mov", 5, 8, 6)
    file, looks, own, settings = painted[0]
    assert file == "clip.mp4" and own == {} and looks["subject"]["styles"][0]["name"] == "ink"
    assert (settings["engine"], settings["size"]) == ("fast", 96), "one that paints frames"
    film = client.get(f"{API}/clips/{clip}/film.mp4")
    assert film.content == b"the film" and "me - painted.mp4" in film.headers["content-disposition"]
    assert client.get(f"{API}/clips").json()[0]["id"] == clip
    assert client.get(f"{API}/jobs").json() == [], "it is no photo"
    assert client.delete(f"{API}/clips/{clip}").json()["kind"] == "clip"
    assert client.get(f"{API}/clips/{clip}").status_code == 404
    assert not (studio.options.folder / "clips" / clip).exists()


@pytest.mark.parametrize("mark", [True, False])
def test_a_film_is_marked_as_its_look_says(client: TestClient, painted: list[tuple[Any, ...]], mark: bool) -> None:
    clip = send(client, look=LOOK | {"settings": {"engine": "fast", "mark": mark}}).json()["id"]
    ended(client, clip, "done")
    assert painted[0][3]["mark"] is mark


def test_stopped_failed_and_gone_on_with(
    client: TestClient, studio: StubStudio, painted: list[tuple[Any, ...]]
) -> None:
    film = studio.painter.answers["film"]
    studio.painter.answers["film"] = lambda *_: asyncio.sleep(60)
    clip = send(client).json()["id"]
    assert client.post(f"{API}/clips/{clip}/paint").status_code == 409
    assert client.post(f"{API}/clips/{clip}/stop").json()["state"] == "stopped"
    assert client.post(f"{API}/clips/{clip}/stop").status_code == 409
    assert client.get(f"{API}/clips/{clip}/film.mp4").status_code == 404
    studio.painter.answers["film"] = film
    client.post(f"{API}/clips/{clip}/paint")
    ended(client, clip, "done")


def test_too_many_wait(client: TestClient, studio: StubStudio, painted: list[tuple[Any, ...]]) -> None:
    studio.painter.answers["film"] = lambda *_: asyncio.sleep(60)
    answers = [send(client).status_code for _ in range(MAX_WAITING + 1)]
    assert answers == [201] * MAX_WAITING + [429]
    assert len(list((studio.options.folder / "clips").iterdir())) == MAX_WAITING


@pytest.mark.parametrize(
    ("clip", "look"),
    [
        (photo().read(), LOOK),
        (b"", LOOK),
        (MP4, {"looks": {"subject": {"blur": 3}}}),
        (MP4, {"looks": {"subject": {"styles": [{"name": "no such style"}]}}}),
        (MP4, {"hue": 3}),
    ],
)
def test_what_cannot_be_painted_is_refused(
    client: TestClient, studio: StubStudio, painted: list[tuple[Any, ...]], clip: bytes, look: Any
) -> None:
    answer = send(client, clip, look)
    assert answer.status_code == 422 and answer.json()["code"] == "input"
    assert list((studio.options.folder / "clips").iterdir()) == []
    assert MAX_SECONDS == 60, "a minute, as the page says"
