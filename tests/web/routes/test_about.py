from __future__ import annotations

import styfie
from styfie.gallery import BUILT_IN
from styfie.looks import STROKES
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio


def test_styles_are_shown_small(client: TestClient, studio: StubStudio) -> None:
    (studio.drawn / "ink.png").touch()
    shown = client.get(f"{API}/styles/ink.jpg")
    assert (shown.content, shown.headers["cache-control"]) == (b"ink.png at 160", "private, max-age=86400")
    assert client.get(f"{API}/styles/ink.jpg?size=512").content == b"ink.png at 512"
    assert client.get(f"{API}/styles/ink.jpg?size=513").status_code == 422
    assert client.get(f"{API}/styles/nothing.jpg").status_code == 404
    assert [style["name"] for style in client.get(f"{API}/styles").json()] == list(BUILT_IN)


def test_it_says_what_it_is_and_takes(client: TestClient, studio: StubStudio) -> None:
    about = client.get(f"{API}/about").json()
    assert about["version"] == styfie.__version__ and about["limits"]["bytes"] == studio.options.most_bytes
    assert "WebP" in about["limits"]["filetypes"] and "optimise" in [engine["name"] for engine in about["engines"]]
    described = {field["name"]: field for field in about["fields"]}
    assert set(described) == set(about["defaults"]["look"]) - {"styles"}
    assert (described["stroke"]["low"], described["stroke"]["high"]) == STROKES and described["color"]["high"] is None
    assert all({one, other} <= set(BUILT_IN) for one, other in about["choices"]["pairs"])
